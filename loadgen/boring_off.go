//go:build !boringcrypto

package loadgen

func boring() bool { return false }
