//go:build goexperiment.runtimesecret

package reload

import "runtime/secret"

// forgetting runs what handles a key. Registers and stacks that it used are erased when it returns, and what it
// allocated when nothing refers to it any more: a key that is served stays as it is.
func forgetting(f func()) { secret.Do(f) }
