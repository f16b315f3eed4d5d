package reports

import (
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

// ExplanationData is where the time of one variant's handshakes in one cell went, by its observed blocks. Cell and
// Variant are empty for a process that was observed without a scenario. Maps by class name the classes as the
// report does. A number is null where there is none.
type ExplanationData struct {
	Cell         string              `json:"cell"`
	Variant      string              `json:"variant"`
	Tier         account.Tier        `json:"tier"`
	Blocks       int                 `json:"blocks"`
	Handshakes   int                 `json:"handshakes"`
	Failed       int                 `json:"failed"`
	Observed     float64             `json:"observed_seconds"`
	Identity     []ClassData         `json:"identity"`
	Wall         ClassData           `json:"wall"`
	ResidualP50  *float64            `json:"residual_p50_share"`
	ResidualP99  *float64            `json:"residual_p99_share"`
	Phases       []PhaseData         `json:"phases"`
	Tail         *TailData           `json:"tail"`
	Variance     map[string]*float64 `json:"variance_shares"`
	Grid         float64             `json:"window_seconds"`
	Tracked      string              `json:"tracked"`
	Little       *float64            `json:"little_ratio"`
	Windows      []WindowData        `json:"windows"`
	Correlations []CorrelationData   `json:"correlations"`
	Episodes     []EpisodeData       `json:"episodes"`
	Syscalls     []SyscallData       `json:"syscalls"`
	Operations   []OperationData     `json:"operations"`
	Files        []FileData          `json:"files"`
	Preemptors   []PreemptorData     `json:"preemptors"`
	AcceptWait   *TimeData           `json:"accept_wait"`
	Retransmits  int64               `json:"retransmits"`
	Audit        []CheckData         `json:"audit"`
	Probes       []ProbeData         `json:"probes"`
	Gaps         []account.Gap       `json:"gaps"`
}

// IntervalData is a number with its 95 % interval; the bounds are null where the sample is too small for one. Its
// unit is in the key that it stands under.
type IntervalData struct {
	Value *float64 `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// ClassData is one class of time in a mean, a usual and a slow handshake.
type ClassData struct {
	Class string       `json:"class"`
	Mean  IntervalData `json:"mean_seconds"`
	Usual *float64     `json:"usual_seconds"`
	Slow  *float64     `json:"slowest_hundredth_seconds"` // null: too few handshakes
	Share *float64     `json:"share"`
}

// PhaseData is the mean time of a phase by class.
type PhaseData struct {
	Phase string              `json:"phase"`
	Times map[string]*float64 `json:"seconds_per_handshake"`
}

// TailData is what the slowest hundredth of the handshakes has more of than the faster half; the classes add up to
// the wall time, the sampled operations do not.
type TailData struct {
	Slow       int          `json:"slow_handshakes"`
	Usual      int          `json:"usual_handshakes"`
	Wall       IntervalData `json:"wall_seconds"`
	Parts      []PartData   `json:"classes"`
	Operations []PartData   `json:"operations"`
}

// PartData is a part of a difference.
type PartData struct {
	Name  string       `json:"name"`
	Value IntervalData `json:"seconds_per_handshake"`
	Share *float64     `json:"share"`
}

// WindowData is one interval of the grid. Begin counts from the begin of the block's account; the latency is null
// where too few handshakes ended.
type WindowData struct {
	Block      int                 `json:"block"`
	Begin      float64             `json:"begin_seconds"`
	Length     float64             `json:"length_seconds"`
	Handshakes int                 `json:"handshakes"`
	Rate       *float64            `json:"rate_per_second"`
	Tracked    *float64            `json:"tracked_seconds"`
	P50        *float64            `json:"p50_seconds"`
	Occupancy  map[string]*float64 `json:"handshakes_in_class"`
	Threads    map[string]*float64 `json:"threads_in_class"`
	GCCycles   uint64              `json:"gc_cycles"`
}

// CorrelationData is how a quantity of the windows goes with their tracked latency.
type CorrelationData struct {
	Kind    string       `json:"kind"`
	Name    string       `json:"name"`
	Rho     IntervalData `json:"spearman"`
	Partial *float64     `json:"spearman_rate_held_fixed"`
	Lag     int          `json:"lag_windows"`
	P       *float64     `json:"p"`
	Notable bool         `json:"notable"`
}

// EpisodeData is a run of windows of high latency. A raised quantity's z is null where its usual spread is none.
type EpisodeData struct {
	Block     int             `json:"block"`
	Begin     float64         `json:"begin_seconds"`
	Length    float64         `json:"length_seconds"`
	Tracked   *float64        `json:"tracked_seconds"`
	Usual     *float64        `json:"usual_seconds"`
	Raised    []RaisedData    `json:"raised"`
	Exemplars []HandshakeData `json:"exemplars"`
}

// RaisedData is a quantity that was far above its median.
type RaisedData struct {
	Kind string   `json:"kind"`
	Name string   `json:"name"`
	Z    *float64 `json:"robust_z"`
}

// HandshakeData is one handshake.
type HandshakeData struct {
	Begin  float64             `json:"begin_seconds"`
	Wall   float64             `json:"wall_seconds"`
	Times  map[string]*float64 `json:"class_seconds"`
	Phases []PhaseTimesData    `json:"phases"`
}

// PhaseTimesData is what one phase of one handshake took.
type PhaseTimesData struct {
	Phase string              `json:"phase"`
	Times map[string]*float64 `json:"class_seconds"`
}

// SyscallData is one system call. Errors are without EAGAIN.
type SyscallData struct {
	Name         string    `json:"name"`
	Count        uint64    `json:"count"`
	Again        uint64    `json:"eagain"`
	Errors       uint64    `json:"errors"`
	PerHandshake *float64  `json:"per_handshake"`
	Kernel       float64   `json:"kernel_seconds"`
	RunQueue     float64   `json:"run_queue_seconds"`
	Blocked      float64   `json:"blocked_seconds"`
	Latency      *TimeData `json:"latency"`
}

// OperationData is what on-CPU time was spent on, by samples.
type OperationData struct {
	Name    string              `json:"name"`
	Share   IntervalData        `json:"share"`
	Seconds *float64            `json:"seconds_per_handshake"`
	Phases  map[string]*float64 `json:"phase_shares"` // "": outside of handshakes
}

// FileData is a file or pipe that was read.
type FileData struct {
	Name  string  `json:"name"`
	Reads uint64  `json:"reads"`
	Bytes uint64  `json:"bytes"`
	Time  float64 `json:"seconds"`
}

// PreemptorData is who had the CPU while a thread waited for it.
type PreemptorData struct {
	Command string  `json:"command"`
	Time    float64 `json:"seconds"`
}

// CheckData is one check of the self-audit.
type CheckData struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Detail string `json:"detail"`
}

// ProbeData is one probe; its price is null where it was not measured.
type ProbeData struct {
	Name  string   `json:"name"`
	Site  string   `json:"site"`
	Cheap bool     `json:"cheap"`
	Hits  uint64   `json:"hits"`
	Price *float64 `json:"price_seconds"`
}

// DifferenceData is a candidate's mean handshake minus the baseline's; the parts add up to the wall time.
type DifferenceData struct {
	Cell      string       `json:"cell"`
	Candidate string       `json:"candidate"`
	Groups    int          `json:"groups"`
	Wall      IntervalData `json:"wall_seconds"`
	Parts     []PartData   `json:"classes"`
}

// ObserverData is server CPU per handshake with an observer over that without.
type ObserverData struct {
	Layers  string     `json:"layers"`
	Variant string     `json:"variant"` // empty: all variants together
	Ratio   *RatioData `json:"cpu_ratio"`
	Pairs   int        `json:"pairs"`
}

// PlantData is how much of what was planted came back. Shares are of the planted size.
type PlantData struct {
	Component string   `json:"component"`
	Sought    string   `json:"sought"`
	Planted   int      `json:"planted"`
	Matched   int      `json:"matched"`
	P50       *float64 `json:"recovered_p50_share"`
	P99       *float64 `json:"recovered_p99_share"`
	Leak50    *float64 `json:"leaked_p50_share"`
	LeakTo50  string   `json:"leaked_p50_into"`
	Leak99    *float64 `json:"leaked_p99_share"`
	LeakTo99  string   `json:"leaked_p99_into"`
}

func explanationData(e analysis.Explanation) ExplanationData {
	x := e.Explained
	d := ExplanationData{
		Cell: e.Cell, Variant: e.Variant, Tier: x.Tier, Blocks: x.Blocks, Handshakes: x.Handshakes, Failed: x.Failed,
		Observed: x.Length.Seconds(), Wall: classData(e, x.Identity.Wall, "wall"),
		ResidualP50: finite(x.Identity.Residual.P50), ResidualP99: finite(x.Identity.Residual.P99),
		Phases: []PhaseData{}, Tail: tailData(x.Tail), Variance: map[string]*float64{}, Grid: x.Grid.Seconds(), Tracked: x.Tracked, Little: unlessZero(x.Little),
		Correlations: each(x.Correlations, correlationData), Syscalls: each(x.Syscalls, syscallData), Operations: each(x.Operations, operationData),
		Files: each(x.Files, fileData), Preemptors: each(x.Preemptors, preemptorData), AcceptWait: timeData(x.AcceptWait), Retransmits: x.Retransmits,
		Audit: each(x.Audit, func(c attribution.Check) CheckData { return CheckData(c) }), Probes: each(x.Probes, probeData), Gaps: filled(x.Gaps),
	}
	classes := classesOf([]analysis.Explanation{e})
	d.Identity = each(x.Identity.Rows, func(r attribution.Row) ClassData { return classData(e, r, r.Class.String()) })
	d.Windows = each(x.Windows, func(w attribution.Window) WindowData { return windowData(w, classes) })
	d.Episodes = each(x.Episodes, func(p attribution.Episode) EpisodeData { return episodeData(p, x.Phases, classes) })
	for i, times := range x.PhaseTimes[:min(len(x.PhaseTimes), len(x.Phases))] {
		d.Phases = append(d.Phases, PhaseData{x.Phases[i], timesData(times, classes)})
	}
	for _, s := range x.Variance {
		d.Variance[s.Class.String()] = finite(s.Share)
	}
	return d
}

// unlessZero is nil for what was not measured.
func unlessZero(v float64) *float64 {
	if v <= 0 {
		return nil
	}
	return finite(v)
}

func intervalData(i attribution.Interval) IntervalData {
	d := IntervalData{Value: finite(i.Value)}
	if i.Known {
		d.Low, d.High = finite(i.Low), finite(i.High)
	}
	return d
}

func classData(e analysis.Explanation, r attribution.Row, name string) ClassData {
	d := ClassData{Class: name, Mean: intervalData(r.Mean), Usual: finite(r.P50), Share: finite(r.Share)}
	if hasSlow(e) {
		d.Slow = finite(r.P99)
	}
	return d
}

// timesData is a time for each class, in seconds.
func timesData(t account.Times, classes []account.Class) map[string]*float64 {
	named := map[string]*float64{}
	for _, c := range classes {
		named[c.String()] = finite(t[c].Seconds())
	}
	return named
}

func numbersData(n [account.Classes]float64, classes []account.Class) map[string]*float64 {
	named := map[string]*float64{}
	for _, c := range classes {
		named[c.String()] = finite(n[c])
	}
	return named
}

func tailData(t *attribution.Tail) *TailData {
	if t == nil {
		return nil
	}
	return &TailData{t.Slow, t.Usual, intervalData(t.Wall), each(t.Parts, partData), each(t.Operations, partData)}
}

func partData(p attribution.Part) PartData {
	return PartData{p.Name, intervalData(p.Value), finite(p.Share)}
}

func windowData(w attribution.Window, classes []account.Class) WindowData {
	return WindowData{
		Block: w.Block, Begin: w.At.Seconds(), Length: w.Length.Seconds(), Handshakes: w.Handshakes, Rate: finite(w.Rate),
		Tracked: unlessZero(w.Tracked), P50: unlessZero(w.P50), GCCycles: w.GCCycles,
		Occupancy: numbersData(w.Occupancy, classes), Threads: numbersData(w.Threads, classes),
	}
}

func correlationData(c attribution.Correlation) CorrelationData {
	return CorrelationData{c.Kind, c.Name, intervalData(c.Rho), finite(c.Partial), c.Lag, finite(c.P), c.Notable}
}

func episodeData(e attribution.Episode, phases []string, classes []account.Class) EpisodeData {
	return EpisodeData{
		Block: e.Block, Begin: e.At.Seconds(), Length: e.Length.Seconds(), Tracked: finite(e.Tracked), Usual: finite(e.Usual),
		Raised:    each(e.Raised, func(r attribution.Raised) RaisedData { return RaisedData{r.Kind, r.Name, finite(r.Z)} }),
		Exemplars: each(e.Exemplars, func(h account.Handshake) HandshakeData { return handshakeData(h, phases, classes) }),
	}
}

func handshakeData(h account.Handshake, phases []string, classes []account.Class) HandshakeData {
	d := HandshakeData{h.Begin.Seconds(), h.Wall().Seconds(), timesData(h.Time, classes), []PhaseTimesData{}}
	for i, times := range h.Phases[:min(len(h.Phases), len(phases))] {
		d.Phases = append(d.Phases, PhaseTimesData{phases[i], timesData(times, classes)})
	}
	return d
}

func syscallData(c attribution.Syscall) SyscallData {
	return SyscallData{
		c.Name, c.Count, c.Again, c.Errors, finite(c.PerHandshake), c.Time[account.Kernel].Seconds(), c.Time[account.RunQueue].Seconds(),
		c.Time[account.Blocked].Seconds(), timeData(c.Latency),
	}
}

func operationData(o attribution.Operation) OperationData {
	d := OperationData{o.Name, intervalData(o.Share), finite(o.Seconds), map[string]*float64{}}
	for phase, share := range o.Phases {
		d.Phases[phase] = finite(share)
	}
	return d
}

func fileData(f account.FileRead) FileData {
	return FileData{f.Path, f.Count, f.Bytes, f.Time.Seconds()}
}

func preemptorData(p account.Preemptor) PreemptorData {
	return PreemptorData{p.Command, p.Time.Seconds()}
}

func probeData(p account.Probe) ProbeData {
	return ProbeData{p.Name, p.Site, p.Cheap, p.Hits, unlessZero(p.Price.Seconds())}
}

func differenceData(d analysis.CellDifference) DifferenceData {
	if d.Difference == nil {
		return DifferenceData{Cell: d.Cell, Candidate: d.Candidate, Parts: []PartData{}}
	}
	return DifferenceData{d.Cell, d.Candidate, d.Groups, intervalData(d.Wall), each(d.Parts, partData)}
}

func observerData(o analysis.ObserverEffect) ObserverData {
	return ObserverData{o.Layers, o.Variant, ratioData(&o.Ratio), o.Pairs}
}

func plantData(r attribution.Recovery) PlantData {
	return PlantData{
		r.Component.String(), r.Sought.String(), r.Planted, r.Matched, finite(r.P50), finite(r.P99),
		finite(r.Leak50), r.Leaks50.String(), finite(r.Leak99), r.Leaks99.String(),
	}
}
