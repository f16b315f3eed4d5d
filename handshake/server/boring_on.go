//go:build boringcrypto

package server

import cryptoboring "crypto/boring"

func boring() bool { return cryptoboring.Enabled() }
