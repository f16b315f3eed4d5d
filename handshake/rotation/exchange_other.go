//go:build !linux

package rotation

import "os"

// exchange gives each of two directories the name of the other. For a moment b is missing, as nothing portable exchanges.
func exchange(a, b string) error {
	aside := b + ".old"
	if err := os.Rename(b, aside); err != nil {
		return err
	}
	if err := os.Rename(a, b); err != nil {
		return err
	}
	return os.Rename(aside, a)
}
