package attribution

import (
	"testing"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

func TestAudit(t *testing.T) {
	on := func(change func(o *Observed)) []Observed {
		blocks := ordinary(2)
		change(&blocks[1])
		return blocks
	}
	both := func(change func(o *Observed)) []Observed {
		blocks := ordinary(2)
		change(&blocks[0])
		change(&blocks[1])
		return blocks
	}
	runtime := func(o *Observed) { o.Account.Tier = account.Runtime }
	unwatched := func(o *Observed) {
		o.Account.Tier, o.Account.Phases, o.Account.Handshakes = account.Partial, nil, nil
	}
	for _, tt := range []struct {
		name, check string
		blocks      []Observed
		want        string
	}{
		{"sound", "residual", ordinary(2), Passed},
		{"time without a class", "residual", on(func(o *Observed) { longer(o, 20*time.Microsecond) }), Failed},
		{"nothing", "residual", nil, Unknown},
		{"sound", "on-CPU time", ordinary(2), Passed},
		{"2 % off", "on-CPU time", both(func(o *Observed) { o.Account.Books.OnCPU += o.Account.Books.OnCPU / 50 }), Failed},
		{"no schedstat in one", "on-CPU time", on(func(o *Observed) { o.Account.Books.SchedstatCPU = -1 }), Passed},
		{"no schedstat", "on-CPU time", both(func(o *Observed) { o.Account.Books.SchedstatCPU = -1 }), Unknown},
		{"runtime tier", "on-CPU time", both(runtime), Unknown},
		{"sound", "run queue", ordinary(2), Passed},
		{"5 % off", "run queue", both(func(o *Observed) { o.Account.Books.RunQueue += o.Account.Books.RunQueue / 20 }), Failed},
		{"little, and half of it off", "run queue", both(littleRunQueue), Passed},
		{"sound", "kernel time", ordinary(2), Passed},
		{"wrong namespace", "kernel time", on(noKernel), Failed},
		{"runtime tier", "kernel time", both(runtime), Unknown},
		{"sound", "accepts", ordinary(2), Passed},
		{"none", "accepts", on(func(o *Observed) { o.Account.Books.Accepts = 0 }), Failed},
		{"a client", "accepts", both(func(o *Observed) { o.Account.Books.Accepts, o.Server = 0, -1 }), Unknown},
		{"handshakes left out", "accepts", both(unwatched), Unknown},
		{"handshakes left out", "server's ledger", both(unwatched), Unknown},
		{"watched, and none seen", "server's ledger", on(func(o *Observed) { o.Account.Handshakes = nil }), Failed},
		{"sound", "server's ledger", ordinary(2), Passed},
		{"one more than seen", "server's ledger", on(func(o *Observed) { o.Account.Unfinished, o.Server = 3, o.Server+4 }), Failed},
		{"the unfinished ones too", "server's ledger", on(func(o *Observed) { o.Account.Unfinished, o.Server = 3, o.Server+3 }), Passed},
		{"one fewer than seen", "server's ledger", on(func(o *Observed) { o.Server-- }), Failed},
		{"opposite errors", "server's ledger", []Observed{with(1), with(-1)}, Failed},
		{"unknown", "client's ledger", both(func(o *Observed) { o.Client = -1 }), Unknown},
		{"sound", "client's ledger", ordinary(2), Passed},
		{"sound", "drops", ordinary(2), Passed},
		{"one lost", "drops", on(func(o *Observed) { o.Account.Books.Drops = 1 }), Failed},
		{"sound", "arrivals", ordinary(2), Passed},
		{"many not seen", "arrivals", on(func(o *Observed) { o.Account.Books.Unstamped = 100 }), Failed},
		{"runtime tier", "arrivals", both(runtime), Unknown},
		{"sound", "samples", ordinary(2), Passed},
		{"half of them", "samples", on(func(o *Observed) { o.Account.Sampling.Samples = 400 }), Disturbed},
		{"no profile", "samples", both(func(o *Observed) { o.Account.Sampling = nil }), Unknown},
		{"sound", "rooted stacks", ordinary(2), Passed},
		{"a tenth without a root", "rooted stacks", both(func(o *Observed) { o.Account.Sampling.Rooted = 900 }), Disturbed},
		{"the same of C code", "rooted stacks", both(inC), Passed},
		{"sound", "Little's law", ordinary(2), Passed},
		{"windows with holes", "Little's law", both(func(o *Observed) { o.Account.Windows[20].Length = 0 }), Failed},
		{"no windows", "Little's law", both(func(o *Observed) { o.Account.Windows = nil }), Unknown},
		{"sound", "steal", ordinary(2), Passed},
		{"much", "steal", on(func(o *Observed) { o.Steal = 0.3 }), Disturbed},
		{"unknown", "steal", both(func(o *Observed) { o.Steal = -1 }), Unknown},
	} {
		got := Check{}
		for _, c := range Explain(tt.blocks).Audit {
			if c.Name == tt.check {
				got = c
			}
		}
		if got.State != tt.want || got.Detail == "" {
			t.Errorf("%s, %s: got %+v, want %s", tt.check, tt.name, got, tt.want)
		}
	}
}

func littleRunQueue(o *Observed) {
	o.Account.Books.RunQueue, o.Account.Books.SchedstatRunDelay = 1e6, 5e5
}

func longer(o *Observed, by time.Duration) {
	for i := range o.Account.Handshakes {
		o.Account.Handshakes[i].End += by
	}
}

func noKernel(o *Observed) {
	for i := range o.Account.Windows {
		o.Account.Windows[i].Threads[account.Kernel] = 0
	}
}

func with(more int64) Observed {
	o := ordinary(1)[0]
	o.Account.Unfinished = 0
	o.Server += more
	return o
}

func inC(o *Observed) {
	o.Account.Sampling.Rooted = 900
	for i := range o.Samples {
		o.Samples[i].Stack[0].Module = "c"
	}
}
