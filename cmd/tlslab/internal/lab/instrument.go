package lab

import (
	"context"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results/account"
)

// instrument watches the server of one observed block. What it cannot see is a gap in the account.
type instrument interface {
	begin(context.Context, *variant.Process) (watch, error)
	samples() bool // it takes CPU profiles itself: Go's profiler would only disturb
}

// watch is an instrument at work. End detaches it, whether or not the block was of use; it is called once.
type watch interface {
	end(context.Context) (*watched, error)
}

// watched is what an instrument saw.
type watched struct {
	account *account.Account
	samples []account.Sample // of its CPU profile; nil: it takes none
}
