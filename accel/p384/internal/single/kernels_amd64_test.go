//go:build !purego

package single

// portably calls f with the kernels switched off.
func portably(f func()) {
	a, b := adx, avx2
	adx, avx2 = false, false
	defer func() { adx, avx2 = a, b }()
	f()
}
