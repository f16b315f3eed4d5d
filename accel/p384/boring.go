//go:build boringcrypto

package p384

import "crypto/boring"

// boringCrypto is set where BoringCrypto stands in for the standard library's cryptography.
var boringCrypto = boring.Enabled()
