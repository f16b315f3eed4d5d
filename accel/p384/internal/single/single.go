// Package single computes ECDSA P-384 signatures one at a time, everywhere: with MULX, ADCX and ADOX or arm64's MUL and
// UMULH where there are such, otherwise in Go.
//
// k*G is a sum of 64 entries of a table of 192 KiB, one from each window of 6 bits, read by a scan of the whole window.
// Points are in Jacobian coordinates, numbers modulo p in Montgomery's form with R = 2^384, always below p.
package single

import "crypto/subtle"

// Lanes is how many signatures one call computes at most.
const Lanes = 1

// Kernel names the multiplication that runs here: adx, arm64 or portable. GODEBUG=cpu.adx=off or cpu.bmi2=off and the
// build tag purego make it portable.
func Kernel() string { return kernel() }

// Sign computes a signature in each of len(k) lanes, 1 to Lanes: r = x(k·G) mod n, s = (e + r·d)/k mod n. All numbers
// are little-endian limbs in normal form; 0 < k, d < n; e is the leftmost 384 bits of the digest, unreduced. Bit i of
// ok is set where lane i's result passed its check and neither number is 0; r and s are 0 where it is not. Time does
// not depend on k, d, e.
func Sign(r, s, k, e, d [][6]uint64) (ok uint8) {
	var w signing // a literal, or one assignment, would leave a copy in this frame, which forget does not clear
	w.k = k[0]
	w.d = d[0]
	w.e = e[0]
	subtle.WithDataIndependentTiming(func() {
		valid := w.sign()
		for i := range w.r {
			r[0][i], s[0][i] = w.r[i]&-valid, w.s[i]&-valid
		}
		ok = uint8(valid)
		w.forget()
	})
	return ok
}

// Verify checks a signature in each of len(r) lanes, 1 to Lanes, against the public key (x, y). Bit i of ok is set
// where lane i's signature is valid. Numbers out of range and points off the curve are invalid, nothing panics. Time
// depends on everything.
func Verify(r, s, e, x, y [][6]uint64) (ok uint8) {
	if verify(&r[0], &s[0], &e[0], &x[0], &y[0]) {
		return 1
	}
	return 0
}
