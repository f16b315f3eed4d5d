//go:build !boringcrypto && !fips140v1.0

package counted

import (
	"testing"
	"testing/cryptotest"
)

const seedable = true

// seed makes all random numbers of this process follow from one.
func seed(t *testing.T, n uint64) { cryptotest.SetGlobalRandom(t, n) }
