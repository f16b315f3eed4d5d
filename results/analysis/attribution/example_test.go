package attribution_test

import (
	"fmt"
	"time"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

// block is an observed block with one handshake.
func block(group int, user, queue time.Duration) attribution.Observed {
	h := account.Handshake{End: user + queue}
	h.Time[account.User], h.Time[account.RunQueue] = user, queue
	a := &account.Account{Tier: account.Full, Handshakes: []account.Handshake{h}}
	return attribution.Observed{Group: group, Account: a}
}

func ExampleDiffer() {
	var std, boring []attribution.Observed
	for group := range 6 {
		drift := time.Duration(group) * 20 * time.Microsecond // hits both sides of a group alike
		std = append(std, block(group, 500*time.Microsecond+drift, 10*time.Microsecond))
		boring = append(boring, block(group, 600*time.Microsecond+drift, 80*time.Microsecond))
	}
	fmt.Println(attribution.Differ(std, boring).Sentence("boringcrypto"))
	// Output:
	// boringcrypto costs +170 µs [+170, +170] per handshake: user +100 µs [+100, +100], run queue +70 µs [+70, +70]; the parts add up
}
