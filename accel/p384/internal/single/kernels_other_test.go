//go:build purego || !amd64

package single

// portably calls f. What else there is cannot be switched off here: -tags purego does it.
func portably(f func()) { f() }
