//go:build boringcrypto

package loadgen

import cryptoboring "crypto/boring"

func boring() bool { return cryptoboring.Enabled() }
