package analysis

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results"
)

func TestGuards(t *testing.T) {
	type edit func(*results.Block, *results.Cell)
	open := func(then func(*results.Block)) edit {
		return func(b *results.Block, c *results.Cell) { openLoop(c); then(b) }
	}
	busy := func(b *results.Block) { b.Client.CPU.User = b.Client.Wall * 97 / 100 }
	late := func(b *results.Block) {
		for range 10 {
			b.Client.Lateness.Record(int64(3 * time.Millisecond))
		}
	}
	on := func(f func(*results.Block)) edit { return func(b *results.Block, _ *results.Cell) { f(b) } }
	for _, tt := range []struct {
		guard, name string
		edit        edit
		want        State
		detail      string // part of it
	}{
		{"ledgers", "agree", on(func(*results.Block) {}), Passed, "client confirmed 400, server completed 400"},
		{"ledgers", "server saw one more", on(func(b *results.Block) { b.Server.Ledger.Accepted++; b.Server.Ledger.Completed++ }),
			Violated, "connected/accepted: client 400, server 401"},
		{"ledgers", "client does not add up", on(func(b *results.Block) { b.Client.Ledger.Began++ }), Violated, "client began 401, but ended 400"},
		{"ledgers", "server does not add up", on(func(b *results.Block) { b.Server.Ledger.Rejected++ }), Violated, "server accepted 400, but ended 401"},
		{"ledgers", "suites differ", on(func(b *results.Block) {
			b.Server.Ledger.Shape.Suites = map[string]uint64{"TLS_AES_256_GCM_SHA384": 400}
		}), Violated, "suite TLS_AES_256_GCM_SHA384: client 0, server 400"},

		{"shape", "as asked", on(func(*results.Block) {}), Passed, "400 of 400 as asked: full/P-384/ecdsa-p384/server-auth"},
		{"shape", "mismatched", on(func(b *results.Block) { b.Client.Ledger.Mismatched = 3 }), Violated, "3 of 400 handshakes were others than asked"},
		{"shape", "resumed asked, full got", func(_ *results.Block, c *results.Cell) { c.Spec.Kind = handshake.Resumed },
			Violated, "client: resumed in 0 of 400, asked 400; server: resumed in 0 of 400, asked 400"},
		{"shape", "resumed unasked", on(func(b *results.Block) { b.Server.Ledger.Shape.Resumed = 1 }), Violated, "server: resumed in 1 of 400, asked 0"},
		{"shape", "retried", on(func(b *results.Block) { b.Client.Ledger.Shape.Retried = 2 }), Violated, "client: retried in 2 of 400, asked 0"},
		{"shape", "mutual", func(_ *results.Block, c *results.Cell) { c.Spec.Mutual = true }, Violated, "mutual in 0 of 400, asked 400"},
		{"shape", "group", func(_ *results.Block, c *results.Cell) { c.Spec.Group = handshake.X25519 }, Violated, "group X25519 in 0 of 400"},
		{"shape", "signature", func(_ *results.Block, c *results.Cell) { c.Spec.Signature = handshake.Ed25519 }, Violated, "signature ed25519 in 0 of 400"},
		{"shape", "suite", func(_ *results.Block, c *results.Cell) { c.Spec.Suite = handshake.ChaCha20Poly1305 }, Violated, "suite TLS_CHACHA20_POLY1305_SHA256 in 0"},
		{"shape", "suite as asked", func(_ *results.Block, c *results.Cell) { c.Spec.Suite = handshake.AES128GCM }, Passed, ""},
		{"shape", "alpn", func(_ *results.Block, c *results.Cell) { c.Spec.ALPN = "h2" }, Violated, "alpn h2 in 0 of 400"},
		{"shape", "early as asked", func(b *results.Block, c *results.Cell) { c.Spec.Kind = handshake.Early; early(b, 400) }, Passed, "early/P-384"},
		{"shape", "early asked, some refused", func(b *results.Block, c *results.Cell) { c.Spec.Kind = handshake.Early; early(b, 390) }, Violated, "client: early in 390 of 400, asked 400"},
		{"shape", "resumed asked, early got", func(b *results.Block, c *results.Cell) { c.Spec.Kind = handshake.Resumed; early(b, 1) }, Violated, "server: early in 1 of 400, asked 0"},
		{"shape", "live began full", func(_ *results.Block, c *results.Cell) { c.Spec.Kind = handshake.Live }, Passed, "live/P-384"},
		{"shape", "live began resumed", func(b *results.Block, c *results.Cell) { c.Spec.Kind = handshake.Live; early(b, 0) }, Violated, "resumed in 400 of 400, asked 0"},
		{"shape", "failures", on(func(b *results.Block) {
			l := &b.Client.Ledger
			l.Began, l.Failed, l.Unconfirmed = 407, 5, 2
			l.Errors = map[string]uint64{"connection reset": 6, "deadline exceeded": 1}
		}), Violated, "7 of 407 handshakes failed or were not confirmed (6 x connection reset, 1 x deadline exceeded)"},
		{"shape", "every client rejected", on(func(b *results.Block) {
			b.Client.Ledger = handshake.ClientLedger{Began: 400, Connected: 400, Unconfirmed: 400}
			b.Server.Ledger = handshake.ServerLedger{Accepted: 400, Rejected: 400, Reasons: map[string]uint64{"no client certificate": 400}}
		}), Violated, "the server rejected 400 (400 x no client certificate); no handshake was confirmed"},

		{"generator_cpu", "idle", on(func(*results.Block) {}), Passed, "50 %, allowed 85 %"},
		{"generator_cpu", "saturated, closed loop", on(busy), ClientBound, "97 %, allowed 85 %: rates and latencies"},
		{"generator_cpu", "saturated, open loop", open(busy), Violated, "more CPUs or lower the rate"},
		{"generator_cpu", "four CPUs, one used", on(func(b *results.Block) { busy(b); b.System.ClientCPUs, b.Client.GOMAXPROCS = []int{1, 2, 3, 4}, 4 }), Passed, "24.25 %"},
		{"generator_cpu", "four CPUs, but GOMAXPROCS=1", on(func(b *results.Block) { busy(b); b.System.ClientCPUs = []int{1, 2, 3, 4} }), ClientBound, "97 %"},
		{"generator_cpu", "not pinned", on(func(b *results.Block) { busy(b); b.System.ClientCPUs, b.Client.GOMAXPROCS = nil, 2 }), Passed, "48.5 %"},
		{"generator_cpu", "unknown", on(func(b *results.Block) { b.System.ClientCPUs, b.Client.GOMAXPROCS = nil, 0 }), Unknown, ""},

		{"lateness", "closed loop", on(late), Passed, "closed loop"},
		{"lateness", "in time", open(func(*results.Block) {}), Passed, "p99 20"},
		{"lateness", "late", open(late), Violated, "allowed 1ms: more workers"},
		{"lateness", "nothing began", open(func(b *results.Block) { b.Client.Lateness = results.Block{}.Client.Lateness }), Unknown, "no handshake"},

		{"steady", "flat", on(func(*results.Block) {}), Passed, "+0.0 % from the first to the second half, allowed 10 %"},
		{"steady", "slows down", on(func(b *results.Block) { bend(b, 1.3) }), Disturbed, "+30.0 % from the first to the second half, allowed 10 %, Kendall's tau +0."},
		{"steady", "warms up", on(func(b *results.Block) { bend(b, 0.8) }), Disturbed, "-20.0 %"},
		{"steady", "within the limit", on(func(b *results.Block) { bend(b, 1.05) }), Passed, "+5.0 %"},
		{"steady", "few samples", on(func(b *results.Block) { b.Server.Samples = b.Server.Samples[:3] }), Unknown, "3 samples, needs 4"},
		{"steady", "few handshakes", on(func(b *results.Block) { b.Server.Samples = b.Server.Samples[:8] }), Unknown, "needs 100 in each half: measure longer"},
		{"steady", "no trend from ten windows", on(func(b *results.Block) {
			bend(b, 1.3)
			s := b.Server.Samples
			b.Server.Samples = slices.Concat(s[:6], s[15:])
		}), Disturbed, "allowed 10 %"},
		{"steady", "no CPU time", on(func(b *results.Block) {
			for i := range b.Server.Samples {
				b.Server.Samples[i].CPU = 0
			}
		}), Unknown, "no CPU time"},

		{"steal", "none", on(func(*results.Block) {}), Passed, "0 %, allowed 2 %"},
		{"steal", "much", on(func(b *results.Block) { b.System.Steal = 0.07 }), Disturbed, "7 %, allowed 2 %"},
		{"steal", "unknown", on(func(b *results.Block) { b.System.Steal = -1 }), Unknown, "does not tell"},
		{"throttling", "none", on(func(*results.Block) {}), Passed, "none"},
		{"throttling", "some", on(func(b *results.Block) { b.System.Throttled = 12 * time.Millisecond }), Disturbed, "12ms, allowed none"},
		{"throttling", "unknown", on(func(b *results.Block) { b.System.Throttled = -1 }), Unknown, "does not tell"},
		{"ports", "enough", on(func(*results.Block) {}), Passed, ""},
		{"ports", "exhausted", on(func(b *results.Block) { b.Client.NoPort = 9 }), Violated, "9 handshakes found no free source port"},
		{"backlog", "fine", on(func(*results.Block) {}), Passed, ""},
		{"backlog", "overflow", on(func(b *results.Block) { b.System.ListenOverflows = 4 }), Violated, "4 overflows and 0 drops"},
		{"backlog", "drops", on(func(b *results.Block) { b.System.ListenDrops = 4 }), Violated, "0 overflows and 4 drops"},
		{"backlog", "unknown", on(func(b *results.Block) { b.System.ListenOverflows, b.System.ListenDrops = -1, -1 }), Unknown, "does not tell"},
	} {
		m := standard()
		m.groups = 1
		b := m.bundle()
		block, cell := b.Blocks[0], b.Manifest.Cells[0]
		tt.edit(&block, &cell)
		said := guardsOf(subject{&block, &cell, b.Manifest.Limits, b.Manifest.Variants[0]})
		got := said[slices.IndexFunc(said, func(g Guard) bool { return g.Name == tt.guard })]
		if got.State != tt.want || !strings.Contains(got.Detail, tt.detail) {
			t.Errorf("%s, %s: got %s %q, want %s %q", tt.guard, tt.name, got.State, got.Detail, tt.want, tt.detail)
		}
	}
}

// early makes all handshakes of a block resumed, and some of them early.
func early(b *results.Block, n uint64) {
	for _, s := range []*handshake.Shape{&b.Client.Ledger.Shape, &b.Server.Ledger.Shape} {
		s.Resumed, s.Early = 400, n
	}
}

// What is asked of a variant whose clients offer protocols of their own.
func TestAskedOfAVariant(t *testing.T) {
	for name, tt := range map[string]struct {
		cell          string
		server, offer []string
		want          string
	}{
		"the cell's":                {"h2", nil, nil, "h2"},
		"none":                      {"", nil, nil, ""},
		"none is offered":           {"h2", nil, []string{}, ""},
		"the server prefers":        {"h2", []string{"http/1.1", "h2"}, []string{"h2", "http/1.1"}, "http/1.1"},
		"the server has the cell's": {"h2", nil, []string{"x", "h2"}, "h2"},
		"the server has none":       {"", nil, []string{"h2"}, ""},
	} {
		cell := fullCell()
		cell.Spec.ALPN = tt.cell
		if got := askedOf(&cell, results.Variant{ALPN: tt.server, Offer: tt.offer}).ALPN; got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// Variants that were asked to negotiate different protocols are compared; others that did are not.
func TestProtocolsOfVariants(t *testing.T) {
	for _, tt := range []struct {
		offer  []string
		refuse bool
	}{{[]string{"h2"}, false}, {nil, true}} {
		b := standard().bundle()
		b.Manifest.Variants[1].ALPN, b.Manifest.Variants[1].Offer = []string{"h2"}, tt.offer
		for _, block := range blocksFor(b, "boringcrypto") {
			block.Client.Ledger.Shape.ALPN = map[string]uint64{"h2": 400}
			block.Server.Ledger.Shape.ALPN = map[string]uint64{"h2": 400}
		}
		a := analyse(t, b)
		if e := effectOn(t, a, "server_cpu"); (e.Ratio == nil) != tt.refuse || warned(e, "refused") != tt.refuse {
			t.Errorf("offer %v: got %v %q", tt.offer, e.Ratio, e.Warnings)
		}
		if a.Blocks[0].Valid == tt.refuse && a.Blocks[0].Variant == "boringcrypto" {
			t.Errorf("offer %v: valid %v", tt.offer, a.Blocks[0].Valid)
		}
	}
}

// bend makes the second half of a block cost more or less.
func bend(b *results.Block, factor float64) {
	s := b.Server.Samples
	middle := s[halfway(s)]
	for i := range s {
		if s[i].At > middle.At {
			s[i].CPU = middle.CPU + time.Duration(factor*float64(s[i].CPU-middle.CPU))
		}
	}
}

// The names of the contract, each once.
func TestGuardNames(t *testing.T) {
	var got []string
	for _, g := range guards {
		got = append(got, g.name)
	}
	want := []string{"ledgers", "shape", "generator_cpu", "lateness", "steady", "steal", "throttling", "ports", "backlog"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
