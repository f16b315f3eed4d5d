//go:build !goexperiment.runtimesecret

package reload

// forgetting runs what handles a key. The PEM text is overwritten after use in any build; what parsing leaves behind,
// only where GOEXPERIMENT=runtimesecret is set.
func forgetting(f func()) { f() }
