package reports_test

import (
	"fmt"
	"math"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

var phases = []string{"hello", "key exchange", "certificate", "client finished"}

// explained is an analysis of one cell and two variants of which all was observed, and of one whose observer saw
// less: no phases, no samples, no slow handshakes, a failed check, a gap.
func explained() *analysis.Analysis {
	a := build([]handshake.Spec{{Group: handshake.P256, Signature: handshake.ECDSAP256}}, []string{"std", "boringcrypto", hostile}, 6)
	cell := a.Manifest.Cells[0].Name
	a.Explanations = []analysis.Explanation{
		{Cell: cell, Variant: "std", Explained: explanationOf(1, 210)},
		{Cell: cell, Variant: "boringcrypto", Explained: explanationOf(1.3, 75)},
		{Cell: cell, Variant: hostile, Explained: coarse()},
	}
	a.Differences = []analysis.CellDifference{{Cell: cell, Candidate: "boringcrypto", Difference: differenceOf()}}
	a.Observer = []analysis.ObserverEffect{
		{Layers: "system calls, scheduler", Ratio: effect.Ratio{Point: 1.028, Lo: 1.011, Hi: 1.046}, Pairs: 12},
		{Layers: "everything", Variant: hostile, Ratio: effect.Ratio{Point: 1.13, Hi: math.Inf(1)}, Pairs: 3},
	}
	a.Plants = []attribution.Recovery{
		{Component: account.Goroutine, Sought: account.Goroutine, Planted: 400, Matched: 400, P50: 1.002, P99: 1.04, Leak50: 0.003, Leaks50: account.Runnable, Leak99: 0.02, Leaks99: account.Runnable},
		{Component: account.RunQueue, Sought: account.RunQueue, Planted: 300, Matched: 298, P50: 0.84, P99: 0.97, Leak50: 0.11, Leaks50: account.User, Leak99: 0.04, Leaks99: account.Network},
	}
	tally(a)
	return a
}

// process is what there is of a process that was observed without a scenario.
func process() *analysis.Analysis {
	a := &analysis.Analysis{Explanations: []analysis.Explanation{{Explained: explanationOf(1, 90)}}}
	a.Manifest.Scenario.Name = "process 4711"
	return a
}

// means are what a mean handshake spends in each class, in microseconds.
var means = [account.Classes]float64{420, 61, 18, 2.5, 390, 0.4, 55}

func known(v, by float64) attribution.Interval {
	return attribution.Interval{Value: v, Low: v - math.Abs(by), High: v + math.Abs(by), Known: true}
}

func explanationOf(f float64, windows int) *attribution.Explained {
	e := &attribution.Explained{
		Tier: account.Full, Blocks: 3, Handshakes: 21_034, Failed: 2, Length: time.Duration(windows) * 100 * time.Millisecond,
		Phases: phases, Grid: 100 * time.Millisecond, Tracked: "p99", Little: 0.9987, Retransmits: 3, AcceptWait: distribution(21_036, 0.05*f),
		Identity: identityOf(f), Operations: operationsOf(f), Syscalls: syscallsOf(f),
	}
	for i := range phases {
		var t account.Times
		for c, m := range means {
			t[c] = time.Duration(m*f*float64(i+1)/10*1000) * time.Nanosecond
		}
		e.PhaseTimes = append(e.PhaseTimes, t)
	}
	e.Windows = windowsOf(f, windows)
	e.Tail, e.Variance = tailOf(f)
	e.Correlations = correlations()
	e.Episodes = episodes(f)
	e.Files = []account.FileRead{{Path: "leaf.pem", FileUse: account.FileUse{Count: 12, Bytes: 18_204, Time: 5_200 * time.Microsecond}}}
	e.Preemptors = []account.Preemptor{{Command: "tlslab", Time: 812 * time.Millisecond}, {Command: "kworker/0:1 " + hostile, Time: 9 * time.Millisecond}}
	e.Audit = []attribution.Check{
		{Name: "residual", State: "passed", Detail: "p99 0.000 %, allowed 0.5 %"},
		{Name: "on-CPU", State: "passed", Detail: "2.593 s, schedstat 2.585 s: 0.3 %, allowed 1 %"},
		{Name: "steal", State: "unknown", Detail: "the system does not tell"},
	}
	e.Probes = []account.Probe{
		{Name: "sys_enter", Site: "tp_btf", Hits: 546_884, Price: 145 * time.Nanosecond},
		{Name: "runtime.execute", Site: "push", Cheap: true, Hits: 64_210, Price: 655 * time.Nanosecond},
		{Name: "crypto/tls.(*Conn).serverHandshake", Site: "ret", Hits: 21_036},
	}
	return e
}

func identityOf(f float64) attribution.Identity {
	var id attribution.Identity
	wall := 0.0
	for _, m := range means {
		wall += float64(m * f * 1e-6) // not fused: the same on every machine
	}
	slow := 0.0
	for c, m := range means[:account.Running] {
		v := m * f * 1e-6
		id.Rows = append(id.Rows, attribution.Row{
			Class: account.Class(c), Mean: known(v, v/30), P50: v * 0.95, P99: v * float64(1+c), Share: v / wall,
		})
		slow += float64(v * float64(1+c))
	}
	id.Wall = attribution.Row{Mean: known(wall, wall/40), P50: wall * 0.95, P99: slow, Share: 1}
	id.Residual.P99 = 0.00001
	return id
}

func windowsOf(f float64, n int) []attribution.Window {
	var all []attribution.Window
	for i := range n {
		wave := 1 + float64(0.3*math.Sin(float64(i)/9))
		w := attribution.Window{
			Block: 2 * (3 * i / n), At: time.Duration(i%(n/3)) * 100 * time.Millisecond, Length: 100 * time.Millisecond, Handshakes: 100,
			Rate: math.Round(1000 * wave), Tracked: math.Round(2000*f*wave) / 1e6, P50: 0.0009,
		}
		if i%(n/3)/4 == 5 {
			w.Tracked *= 9
		}
		for c, m := range means {
			w.Occupancy[c] = math.Round(m*f*wave) / 1000
		}
		if i%30 == 7 {
			w.GCCycles = 1
		}
		all = append(all, w)
	}
	all[2].Tracked = 0 // too few handshakes ended
	return all
}

func tailOf(f float64) (*attribution.Tail, []attribution.Share) {
	t := &attribution.Tail{Slow: 211, Usual: 10_517}
	var variance []attribution.Share
	parts := []float64{120, 15, 1030, 0.2, 4100, -0.4, 2600}
	sum := 0.0
	for _, p := range parts {
		sum += p
	}
	t.Wall = known(sum*f*1e-6, 3e-4)
	for c, p := range parts {
		v := p * f * 1e-6
		t.Parts = append(t.Parts, attribution.Part{Name: account.Class(c).String(), Value: known(v, v/8), Share: p / sum})
		variance = append(variance, attribution.Share{Class: account.Class(c), Share: p / sum})
	}
	t.Operations = []attribution.Part{{Name: "GC", Value: known(8e-5*f, 2e-5), Share: 0.7}, {Name: "sign", Value: known(1e-6, 2e-6), Share: 0.01}}
	return t, variance
}

func correlations() []attribution.Correlation {
	return []attribution.Correlation{
		{Kind: "class", Name: "user", Rho: known(-0.15, 0.2), Partial: -0.1, P: 0.31},
		{Kind: "class", Name: "runnable", Rho: known(0.91, 0.05), Partial: 0.88, P: 0.0004, Notable: true},
		{Kind: "syscall", Name: "futex", Rho: known(0.65, 0.2), Partial: 0.4, Lag: 2, P: 0.004, Notable: true},
		{Kind: "runtime", Name: "GC cycles", Rho: attribution.Interval{Value: math.NaN()}, Lag: -1, P: 0.8},
	}
}

func episodes(f float64) []attribution.Episode {
	h := account.Handshake{Begin: 2_010 * time.Millisecond}
	for p := range phases {
		var t account.Times
		for c, m := range means {
			t[c] = time.Duration(m*f*float64(1+c*p)*1000) * time.Nanosecond
		}
		h.Phases = append(h.Phases, t)
		h.Time.Add(t)
	}
	h.End = h.Begin + h.Time.Sum()
	second := h
	second.Phases = nil
	return []attribution.Episode{
		{Block: 0, At: 2 * time.Second, Length: 400 * time.Millisecond, Tracked: 0.018 * f, Usual: 0.002 * f,
			Raised:    []attribution.Raised{{Kind: "class", Name: "runnable", Z: 14.2}, {Kind: "file", Name: "leaf.pem", Z: math.Inf(1)}},
			Exemplars: []account.Handshake{h, second}},
		{Block: 4, At: 2 * time.Second, Length: 400 * time.Millisecond, Tracked: 0.0173 * f, Usual: 0.002 * f},
	}
}

func operationsOf(f float64) []attribution.Operation {
	var all []attribution.Operation
	for i, name := range []string{"network", "ML-KEM", "shared secret", "key share", "TLS messages", "hash", "sign", "HKDF", "scheduler", "other"} {
		s := []float64{0.2, 0.16, 0.14, 0.12, 0.1, 0.08, 0.07, 0.06, 0.04, 0.03}[i]
		all = append(all, attribution.Operation{
			Name: name, Share: known(s, 0.012), Seconds: s * 601e-6 * f,
			Phases: map[string]float64{phases[i%4]: s * 0.75, "": s * 0.25},
		})
	}
	return all
}

func syscallsOf(f float64) []attribution.Syscall {
	var all []attribution.Syscall
	for i, name := range []string{"read", "write", "futex", "epoll_pwait", "accept4", "close", "setsockopt", "nanosleep"} {
		var s attribution.Syscall
		n := 2000 * (8 - i)
		s.Name, s.Count, s.Again, s.Errors = name, uint64(n), uint64(n/5*(i%2)), uint64(i/6)
		s.Latency = distribution(n, 0.004*f*float64(1+i))
		total := time.Duration(s.Latency.Sum())
		s.Time[account.Kernel], s.Time[account.RunQueue] = total*7/10, total*2/10
		s.Time[account.Blocked] = total - total*7/10 - total*2/10
		s.PerHandshake = float64(n) / 21_036
		all = append(all, s)
	}
	return all
}

// coarse is what an observer without privilege sees.
func coarse() *attribution.Explained {
	e := &attribution.Explained{Tier: account.Runtime, Blocks: 1, Handshakes: 312, Length: 3 * time.Second, Grid: time.Second, Tracked: "mean"}
	for _, c := range []account.Class{account.Network, account.Goroutine, account.Runnable, account.Running, account.InSyscall} {
		v := 1e-4 * float64(1+c)
		r := attribution.Row{Class: c, Mean: attribution.Interval{Value: v, Low: v, High: v}, P50: v, P99: v, Share: float64(1+c) / 35}
		e.Identity.Rows = append(e.Identity.Rows, r)
	}
	e.Identity.Wall = attribution.Row{Mean: attribution.Interval{Value: 35e-4, Low: 35e-4, High: 35e-4}, P50: 35e-4, P99: 35e-4, Share: 1}
	e.Identity.Residual.P99 = 0.012
	e.Audit = []attribution.Check{{Name: "residual", State: "failed", Detail: "p99 1.2 %, allowed 0.5 %"}}
	e.Gaps = []account.Gap{{What: "system calls of " + hostile, Reason: "the kernel refuses programs of this user", Hint: "setcap cap_bpf,cap_perfmon=ep tlslab"}}
	return e
}

// observed puts an explanation of everything into every cell of every variant.
func observed(cells, windows int) *analysis.Analysis {
	variants := []string{"std", "boringcrypto", "fips140"}
	a := build(make([]handshake.Spec, cells), variants, 6)
	for i := range a.Manifest.Cells {
		a.Manifest.Cells[i].Name = fmt.Sprintf("cell %d", i)
		for _, v := range variants {
			a.Explanations = append(a.Explanations, analysis.Explanation{Cell: a.Manifest.Cells[i].Name, Variant: v, Explained: explanationOf(1, windows)})
		}
	}
	return a
}

// differenceOf adds up: 93 + 5 + 73 - 27 + 141 = 285.
func differenceOf() *attribution.Difference {
	d := &attribution.Difference{Groups: 6, Wall: known(285e-6, 45e-6)}
	for c, part := range []float64{93, 5, 73, 0, -27, 0, 141} {
		d.Parts = append(d.Parts, attribution.Part{Name: account.Class(c).String(), Value: known(part*1e-6, 9e-6), Share: part / 285})
	}
	return d
}
