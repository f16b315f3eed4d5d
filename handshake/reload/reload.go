// Package reload serves certificates that change while a server runs: strategies that notice new files and decide
// what a handshake is served with, and the book of what they did.
//
//	files -> Strategy (notices, reads, believes or refuses) -> Identity -> tls.Config, by Apply
//	                         \-> Book (what was published, refused and why) -> ledger, OpenMetrics
//
// A certificate's generation is its serial number, so every statement about "the new certificate" is a statement
// about a number that a handshake shows; no statement is about the time of a file.
//
// Strategies other than [Reference] re-implement the mechanism of a published design, with the defects that its users
// would meet: they are measured, not recommended.
package reload

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"time"
)

// The strategies that there are.
const (
	Static           = "static"            // reads the files once
	NotifyDescribed  = "notify-described"  // fsnotify on both files, 500 ms debounce, hash, last good
	NotifyShipped    = "notify-shipped"    // the same with sleeps, stability checks and a watch that can die
	PollDescribed    = "poll-described"    // os.Stat at an interval sets an atomic flag, the next handshake reloads
	PollShipped      = "poll-shipped"      // os.Stat in each handshake under a lock
	CommandBoot      = "command-boot"      // reloads when told to; after a crash it serves what its parent read at boot
	CommandUnchecked = "command-unchecked" // after a crash its parent reads the files again and ignores the error
	CommandCommitted = "command-committed" // commits a generation to its state before it serves it
	Reference        = "reference"         // what a reloader should do
)

// Names are all strategies, in the order in which reports show them.
func Names() []string {
	return []string{
		Static, NotifyDescribed, NotifyShipped, PollDescribed, PollShipped,
		CommandBoot, CommandUnchecked, CommandCommitted, Reference,
	}
}

// Files are the paths that a strategy follows.
type Files struct {
	Certificate string `json:"certificate"`           // PEM: leaf, then intermediates
	Key         string `json:"key"`                   // PEM
	Authorities string `json:"authorities,omitempty"` // PEM: who is trusted, of clients by a server and of servers by a client; empty: no such file
}

// Pair is the content of [Files], PEM.
type Pair struct {
	Certificate []byte `json:"certificate"`
	Key         []byte `json:"key"`
	Authorities []byte `json:"authorities,omitempty"`
}

// Settings choose a strategy. Zero values stand for the strategy's own.
type Settings struct {
	Strategy string        `json:"strategy"`
	Files    Files         `json:"files,omitzero"`
	Interval time.Duration `json:"interval_ns,omitempty"`  // poll, reference: between two looks at the files
	Debounce time.Duration `json:"debounce_ns,omitempty"`  // notify, reference: how long after the last event the files are read
	SlowStat time.Duration `json:"slow_stat_ns,omitempty"` // planted: every look at a file takes as much longer, as on a network file system
	State    string        `json:"state,omitempty"`        // reference, command-committed: directory of committed generations; empty: none, a restart has the files alone
}

// Options are what a strategy is opened with.
type Options struct {
	Settings
	Book  *Book                  // of what it does; never nil
	Dress func(*tls.Certificate) // changes a certificate before it is published, such as its key; nil: none
	At    func(Point)            // is told how far a reload has come, so that one can be made to crash there; nil: nobody is
	Boot  *Pair                  // command-boot, command-unchecked: what the parent holds in memory for a child that it starts; nil: the files
}

// Point is how far a reload has come.
type Point string

const (
	Read      Point = "read"      // the files are in memory
	Validated Point = "validated" // and believed
	Committed Point = "committed" // and kept in the state, where there is one
	Published Point = "published" // handshakes are served with them
	Journaled Point = "journaled" // and the book says so: the reload is over
)

// Identity is what handshakes are served with. It does not change once it is published.
type Identity struct {
	Generation  uint64           // serial number of the leaf; zero: it has more than 64 bits
	Epoch       uint64           // under what a session may be resumed: another one when the authorities change
	Certificate *tls.Certificate // with its Leaf
	Authorities *x509.CertPool   // nil: no such file
	Trusted     int              // certificates in Authorities
	Loaded      time.Time
}

// Strategy decides what handshakes are served with.
type Strategy interface {
	// Identity is for a handshake that begins now. It takes whatever lock, and makes whatever system call, the
	// mechanism takes and makes in a handshake.
	Identity() (*Identity, error)
	// Run follows the files until ctx ends, and has let go of every watch, file and goroutine when it returns. The
	// error is nil at the end of ctx; a mechanism that dies by itself returns why.
	Run(ctx context.Context) error
}

// Commanded is a [Strategy] that reloads when it is told to, and says whether it did. Nil means that handshakes are
// served with what is in the files now.
type Commanded interface {
	Strategy
	Reload() error
}
