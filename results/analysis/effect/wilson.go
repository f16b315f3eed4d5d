package effect

import "math"

// Wilson is the score interval of a share of which k of n were seen. With n zero it is everything: 0 to 1.
func Wilson(k, n int, confidence float64) (lo, hi float64) {
	if n == 0 {
		return 0, 1
	}
	z := math.Sqrt2 * math.Erfinv(confidence)
	share, z2 := float64(k)/float64(n), z*z/float64(n)
	middle := (share + z2/2) / (1 + z2)
	half := math.Sqrt(share*(1-share)*z2+z2*z2/4) / (1 + z2)
	return max(0, middle-half), min(1, middle+half)
}
