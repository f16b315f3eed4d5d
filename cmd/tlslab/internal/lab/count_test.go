package lab

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/scenarios"
)

// countOf is what counts the server of this checkout, by some counter: in a full and a resumed cell.
func countOf(t *testing.T, by counter) (*count, []scenarios.Cell, scenarios.Variant) {
	t.Helper()
	scenario, err := scenarios.Parse("count.yaml", []byte("variants: [{name: std}]\n"+
		"cells: {kind: [full, resumed], group: P-256, signature: ecdsa-p256}\nload: {loop: closed, workers: 1}"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := scenario.Plan(1, scenarios.Machine{GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	builder, err := variant.NewBuilder()
	if err != nil {
		t.Fatal(err)
	}
	builder.Cache = t.TempDir()
	r := &Run{lab: &Lab{Builder: builder, Speak: func(string) {}}, plan: plan}
	c := &count{Run: r, counter: by, seeded: sizes{5, 25}, unseeded: sizes{5, 25}}
	if c.secrets, err = regularSecrets(plan.Cells, time.Now()); err != nil {
		t.Fatal(err)
	}
	return c, plan.Cells, plan.Variants[0]
}

func byCallgrind(t *testing.T) counter {
	t.Helper()
	c, err := newCallgrind(t.Context())
	if err != nil {
		t.Skip("needs valgrind, which .ci/run installs: ", err)
	}
	return c
}

func mustCount(t *testing.T, c *count, cell scenarios.Cell, v scenarios.Variant) exact.Counts {
	t.Helper()
	counts, err := c.count(t.Context(), cell, v)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func cryptography(s exact.Side) (sum float64) {
	for name, n := range s.Instructions {
		if name == "crypto" || strings.HasPrefix(name, "crypto/") {
			sum += n
		}
	}
	return sum
}

// Both sides' counts are there, and of the size that they must have; a resumed handshake has no signature.
func TestCount(t *testing.T) {
	c, cells, std := countOf(t, byCallgrind(t))
	full, resumed := mustCount(t, c, cells[0], std), mustCount(t, c, cells[1], std)
	for name, s := range map[string]exact.Side{"server": full.Server, "client": full.Client} {
		if n := cryptography(s); n < 1e5 || s.Instructions["runtime"] <= 0 || s.Allocs < 100 || s.AllocBytes < 10*s.Allocs || s.Sent < 200 {
			t.Errorf("%s: %.0f instructions in crypto, %+v", name, n, s)
		}
	}
	if full.Server.Instructions["github.com/tlslab/tlslab/handshake/server"] <= 0 {
		t.Error("the server's own code was not counted")
	}
	if f, r := cryptography(full.Server), cryptography(resumed.Server); r > 0.9*f {
		t.Errorf("%.0f instructions of a resumed handshake, %.0f of a full one", r, f)
	}
	if full.Server.Sent <= resumed.Server.Sent {
		t.Errorf("%.0f bytes of a resumed handshake, %.0f of a full one", resumed.Server.Sent, full.Server.Sent)
	}
	k := full.Key
	if !strings.HasPrefix(k.Counter, "callgrind-3.") || k.Go != runtime.Version() || k.Arch != runtime.GOARCH || k.Level == "" || !k.Seeded || len(k.Features) == 0 {
		t.Errorf("key %+v", k)
	}
}

// Three runs, with keys and certificates of their own, agree to a thousandth; one per cent of planted work is seen as
// that, and named.
func TestCountRepeats(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: three counts under valgrind take half a minute; make test runs it")
	}
	c, cells, std := countOf(t, byCallgrind(t))
	c.seeded = seededSizes
	var clean []exact.Counts
	for range 3 {
		var err error
		if c.secrets, err = regularSecrets(cells, time.Now()); err != nil {
			t.Fatal(err)
		}
		clean = append(clean, mustCount(t, c, cells[0], std))
	}
	first := cryptography(clean[0].Server)
	for _, again := range clean[1:] {
		if ratio := cryptography(again.Server) / first; ratio < 0.999 || ratio > 1.001 {
			t.Errorf("%.0f instructions in crypto, then %.0f", first, first*ratio)
		}
	}
	planted := func(compressions int) exact.Counts {
		std.Server.Plant = &server.Plant{Component: "burn", Count: compressions}
		return mustCount(t, c, cells[0], std)
	}
	const many = 40
	much := planted(many)
	if got := exact.Packages(clean[0].Server, much.Server)[0].Name; got != "crypto/internal/fips140/sha256" {
		t.Errorf("the package that has most more is %s", got)
	}
	each := (cryptography(much.Server) - first) / many
	few := int(0.01*first/each + 0.5)
	want := float64(few) * each / first
	if got := cryptography(planted(few).Server)/first - 1; got < want-0.001 || got > want+0.001 {
		t.Errorf("%d compressions of %.0f instructions are %.2f %%, seen as %.2f %%", few, each, 100*want, 100*got)
	}
}

// BoringCrypto has random numbers of its own, and C without a package.
func TestCountUnseeded(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: a build with cgo and a count under valgrind take half a minute; make test runs it")
	}
	c, cells, v := countOf(t, byCallgrind(t))
	v.Build.Backend = variant.BoringCrypto
	if err := variant.Available(v.Build); err != nil {
		t.Skip("boringcrypto: ", err)
	}
	c.unseeded = sizes{5, 15}
	counts := mustCount(t, c, cells[0], v)
	if k := counts.Key; k.Seeded || k.GOEXPERIMENT != "boringcrypto" || k.Handshakes != c.unseeded {
		t.Errorf("key %+v", k)
	}
	if counts.Server.Instructions[""] < 1e6 {
		t.Errorf("%.0f instructions in C", counts.Server.Instructions[""])
	}
}

// Without a counter there is what the program counts itself.
func TestCountWithoutCounter(t *testing.T) {
	c, cells, std := countOf(t, noCounter{})
	first, again := mustCount(t, c, cells[0], std), mustCount(t, c, cells[0], std)
	if first.Server.Instructions != nil || first.Server.Allocs < 100 || first.Server.Sent < 500 || first.Client.Sent < 200 {
		t.Errorf("%+v", first)
	}
	if ratio := again.Server.Allocs / first.Server.Allocs; ratio < 0.995 || ratio > 1.005 {
		t.Errorf("%.2f allocations, then %.2f", first.Server.Allocs, again.Server.Allocs)
	}
	if first.Server.Sent != again.Server.Sent {
		t.Errorf("%.2f bytes, then %.2f", first.Server.Sent, again.Server.Sent)
	}
}

// What one variant lacks is a gap, with a hint, and not the end of the run.
func TestUncountable(t *testing.T) {
	c, cells, std := countOf(t, noCounter{})
	not := func(t *testing.T, err error) *uncountable {
		t.Helper()
		var not *uncountable
		if !errors.As(err, &not) || not.hint == "" {
			t.Fatalf("got %v, want what cannot be counted and a hint", err)
		}
		return not
	}
	t.Run("no handshake", func(t *testing.T) {
		cell := cells[1]
		refuses := std
		refuses.Server.Tickets = false
		_, err := c.count(t.Context(), cell, refuses)
		if got := not(t, err).Error(); !strings.Contains(got, "asked for kind resumed, got full") {
			t.Error(got)
		}
	})
	t.Run("no sources", func(t *testing.T) {
		other := *c
		other.Run = &Run{lab: &Lab{Builder: &variant.Builder{Cache: t.TempDir(), Version: "v1.0.0"}}, plan: c.plan, secrets: c.secrets}
		_, err := other.count(t.Context(), cells[0], std)
		not(t, err)
	})
	t.Run("another program", func(t *testing.T) {
		no, err := exec.LookPath("false")
		if err != nil {
			t.Skip(err)
		}
		p := pair{counter: noCounter{}, binary: &variant.Binary{Path: no}}
		_, err = p.run(t.Context(), 1)
		if got := not(t, err).Error(); !strings.Contains(got, "exit status 1") {
			t.Error(got)
		}
	})
}

// interrupted ends the context when the program waits for its order.
type interrupted struct {
	noCounter
	cancel context.CancelFunc
	pids   *[]int
}

func (i interrupted) wrap(*exec.Cmd) (counting, error) { return i, nil }

func (i interrupted) begin(pid int) error {
	*i.pids = append(*i.pids, pid)
	if len(*i.pids) == 2 {
		i.cancel()
	}
	return nil
}

func TestCountInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var pids []int
	c, cells, std := countOf(t, interrupted{cancel: cancel, pids: &pids})
	if _, err := c.count(ctx, cells[0], std); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if len(pids) != 2 {
		t.Fatalf("%d processes were started, want 2", len(pids))
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is left: %v", pid, err)
		}
	}
}

func TestSlope(t *testing.T) {
	few := totals{instructions: map[string]uint64{"a": 1000, "start": 900, "less": 500}}
	few.report.Allocs, few.report.AllocBytes, few.report.Sent = 100, 5000, 70
	more := totals{instructions: map[string]uint64{"a": 3000, "start": 904, "less": 400, "b": 50}}
	more.report.Allocs, more.report.AllocBytes, more.report.Sent = 105, 4900, 90
	got := sizes{10, 20}.slope(few, more)
	if got.Allocs != 0.5 || got.AllocBytes != -10 || got.Sent != 2 {
		t.Errorf("got %+v", got)
	}
	if len(got.Instructions) != 2 || got.Instructions["a"] != 200 || got.Instructions["b"] != 5 {
		t.Errorf("instructions %v", got.Instructions)
	}
}

// Keys and certificates differ from run to run, and their lengths do not.
func TestRegularSecrets(t *testing.T) {
	cells := []scenarios.Cell{
		{Spec: handshake.Spec{Signature: handshake.ECDSAP256}}, {Spec: handshake.Spec{Signature: handshake.ECDSAP384}},
		{Spec: handshake.Spec{Signature: handshake.Ed25519}},
	}
	var lengths [2]map[handshake.Signature]int
	for i := range lengths {
		all, err := regularSecrets(cells, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		lengths[i] = map[handshake.Signature]int{}
		for sig, id := range all {
			lengths[i][sig] = len(id.server.Certificate) + len(id.client.Certificate)
		}
	}
	for _, c := range cells {
		if a, b := lengths[0][c.Spec.Signature], lengths[1][c.Spec.Signature]; a != b || a == 0 {
			t.Errorf("%v: %d bytes, then %d", c.Spec.Signature, a, b)
		}
	}
}

func TestCallsPerHandshake(t *testing.T) {
	got := callsPerHandshake([]account.Syscall{
		{Name: "read", Count: 1003, Again: 200}, {Name: "write", Count: 402}, {Name: "epoll_pwait", Count: 777}, {Name: "accept4", Count: 500, Again: 100},
	}, 200)
	want := map[string]float64{"read": 4, "write": 2, "accept4": 2}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s: got %v, want %v", name, got[name], n)
		}
	}
}
