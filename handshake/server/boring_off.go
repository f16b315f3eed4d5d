//go:build !boringcrypto

package server

func boring() bool { return false }
