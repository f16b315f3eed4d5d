package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/hist"
	"github.com/tlslab/tlslab/results/metric"
	"github.com/tlslab/tlslab/results/profile"
)

// Schema is the version of the JSON report. Within a version, names and their meaning stay; new ones may come. Since 2,
// intervals are at the level of a run's looks, gates are judged at a level of their own, and blocks have a role.
const Schema = 2

// Data is the JSON report. Arrays are never null; what was not measured is null or absent, never zero. Keys carry
// their units, but for effects, whose unit stands beside them.
type Data struct {
	Schema      int                 `json:"schema"`
	Tool        string              `json:"tool"`
	Scenario    ScenarioData        `json:"scenario"`
	Seed        uint64              `json:"seed"`
	Started     *time.Time          `json:"started"`
	Finished    *time.Time          `json:"finished"`
	Verdict     VerdictData         `json:"verdict"`
	Effects     []EffectData        `json:"effects"`
	Blocks      []BlockData         `json:"blocks"`
	Series      []SeriesData        `json:"series"`
	Gaps        []results.Gap       `json:"gaps"`
	Skips       []results.Skip      `json:"skips"`
	Environment results.Environment `json:"environment"`
	Variants    []VariantData       `json:"variants"`

	// How the gates were judged, and what was counted; the keys are absent where there is no gate, null control,
	// objective or count.
	Gating     *GatingData     `json:"gating,omitempty"`
	Null       []NullData      `json:"null,omitempty"`
	Objectives []ObjectiveData `json:"objectives,omitempty"`
	Exact      []exact.Counts  `json:"exact,omitempty"`

	// Which code ran, and what it costs; the keys are absent where nothing is known of it.
	Codes      []CodeData      `json:"codes,omitempty"`
	Primitives []PrimitiveData `json:"primitives,omitempty"`
	Ablations  []AblationData  `json:"ablations,omitempty"`

	// What became of certificates that moved; the keys are absent where none did.
	Reloads   []ReloadData `json:"reloads,omitempty"`
	Scorecard []CardData   `json:"scorecard,omitempty"`

	// What was claimed, and what was asked beside the blocks; the keys are absent where nothing was.
	Claims      []ClaimData      `json:"claims,omitempty"`
	Experiments []ExperimentData `json:"experiments,omitempty"`

	// What was observed; the keys are absent where nothing was.
	Explanations []ExplanationData `json:"explanations,omitempty"`
	Differences  []DifferenceData  `json:"differences,omitempty"`
	Observer     []ObserverData    `json:"observer_effects,omitempty"`
	Plants       []PlantData       `json:"plants,omitempty"`
}

// ScenarioData is what was asked.
type ScenarioData struct {
	Name string `json:"name"`
	Doc  string `json:"doc,omitempty"`
	Text string `json:"text"`
}

// VerdictData is the verdict of the whole run. Counts has all verdicts as keys.
type VerdictData struct {
	Exit     int                    `json:"exit"`
	Sentence string                 `json:"sentence"`
	Findings []string               `json:"findings"`
	Trust    []string               `json:"trust"`
	Counts   map[effect.Verdict]int `json:"counts"`
}

// EffectData is one comparison. Values are in Unit; Ratio is candidate/baseline. Where it is exact, the ratio was
// counted: its bounds are its point. Warnings are doubts about it, Omissions say why it rests on fewer groups than were
// measured.
type EffectData struct {
	Cell      string         `json:"cell"`
	Metric    string         `json:"metric"`
	Unit      string         `json:"unit"`
	Baseline  SideData       `json:"baseline"`
	Candidate SideData       `json:"candidate"`
	Ratio     *RatioData     `json:"ratio"`
	Groups    int            `json:"groups"`
	Measured  int            `json:"measured_groups"`
	Margin    float64        `json:"margin"`
	Verdict   effect.Verdict `json:"verdict"`
	Gated     bool           `json:"gated"`
	Advisory  bool           `json:"advisory"`
	Failed    bool           `json:"failed"`
	Judged    *JudgedData    `json:"judged,omitempty"` // absent: no gate names it
	Exact     bool           `json:"exact"`
	Packages  []MovedData    `json:"packages,omitempty"` // whose instructions differ, in Unit
	Warnings  []string       `json:"warnings"`
	Omissions []string       `json:"omissions"`
}

// SideData is one variant's value, null where it has none.
type SideData struct {
	Variant string   `json:"variant"`
	Value   *float64 `json:"value"`
}

// RatioData is a ratio with its interval; the bounds are null where there are too few groups for an interval.
type RatioData struct {
	Point float64  `json:"point"`
	Lo    *float64 `json:"lo"`
	Hi    *float64 `json:"hi"`
}

// BlockData is one block. Values has the metrics that were measured, by name and unit.
type BlockData struct {
	Cell     string             `json:"cell"`
	Variant  string             `json:"variant"`
	Group    int                `json:"group"`
	Order    int                `json:"order"`
	Index    int                `json:"index"`
	Observed bool               `json:"observed"`       // explained, not measured: no value rests on it
	Role     results.Role       `json:"role,omitempty"` // null: the baseline against itself; confirm: once more, as a gate failed
	Valid    bool               `json:"valid"`
	Ledger   LedgerData         `json:"ledger"`
	Guards   []analysis.Guard   `json:"guards"`
	Values   map[string]float64 `json:"values"`
}

// SeriesData is all valid blocks of a variant in a cell; the ledger is that of all its blocks. The keys about CPU are
// absent where no block has a CPU profile.
type SeriesData struct {
	Cell              string             `json:"cell"`
	Variant           string             `json:"variant"`
	Blocks            int                `json:"blocks"`
	ValidBlocks       int                `json:"valid_blocks"`
	ClientBound       bool               `json:"client_bound"`
	GeneratorCPUShare *float64           `json:"generator_cpu_share"`
	Ledger            LedgerData         `json:"ledger"`
	Values            map[string]float64 `json:"values"`
	Latency           LatencyData        `json:"latency"`

	CPU          []PackageData  `json:"cpu,omitempty"`           // self time of the server by package, the largest first
	CPUFunctions []FunctionData `json:"cpu_functions,omitempty"` // likewise by function, the largest ten
	CPUSamples   int64          `json:"cpu_samples,omitempty"`
	CPUSampled   float64        `json:"cpu_sampled_seconds,omitempty"` // what the samples stand for
	CPUSpent     float64        `json:"cpu_spent_seconds,omitempty"`   // what the system counted in the same blocks
	CPUWarnings  []string       `json:"cpu_warnings,omitempty"`

	Signer *SignerData `json:"signer,omitempty"` // absent: crypto/tls signed by itself
}

// PackageData is the self time of a Go package. Seconds are the share of server CPU per handshake, null where that
// was not measured.
type PackageData struct {
	Package string   `json:"package"`
	Share   float64  `json:"share"`
	Seconds *float64 `json:"seconds_per_handshake"`
}

// FunctionData is the self time of a function.
type FunctionData struct {
	Function string   `json:"function"`
	Share    float64  `json:"share"`
	Seconds  *float64 `json:"seconds_per_handshake"`
}

// LatencyData has the nested times of a handshake, null where none was confirmed.
type LatencyData struct {
	Handshake *TimeData `json:"handshake"`
	Service   *TimeData `json:"service"`
	Response  *TimeData `json:"response"`
	Lateness  *TimeData `json:"lateness"`
}

// TimeData is a distribution of times.
type TimeData struct {
	Count       uint64         `json:"count"`
	MinSeconds  float64        `json:"min_seconds"`
	MaxSeconds  float64        `json:"max_seconds"`
	Percentiles []QuantileData `json:"percentiles"`
}

// QuantileData is a percentile; Supported is false where the sample is too thin for it.
type QuantileData struct {
	Percentile float64 `json:"percentile"`
	Seconds    float64 `json:"seconds"`
	Supported  bool    `json:"supported"`
}

// LedgerData is what both sides counted.
type LedgerData struct {
	Client ClientData `json:"client"`
	Server ServerData `json:"server"`
}

// ClientData is the client's count.
type ClientData struct {
	Began       uint64 `json:"began"`
	Connected   uint64 `json:"connected"`
	Confirmed   uint64 `json:"confirmed"`
	Unconfirmed uint64 `json:"unconfirmed"`
	Failed      uint64 `json:"failed"`
	Mismatched  uint64 `json:"mismatched"`
	Resumed     uint64 `json:"resumed"`
}

// ServerData is the server's count.
type ServerData struct {
	Accepted  uint64 `json:"accepted"`
	Completed uint64 `json:"completed"`
	Rejected  uint64 `json:"rejected"`
	Resumed   uint64 `json:"resumed"`
}

// VariantData is one side of the comparison, what it is made of and what its server said of itself.
type VariantData struct {
	Name     string            `json:"name"`
	Baseline bool              `json:"baseline"`
	Build    variant.Build     `json:"build"`
	Env      map[string]string `json:"env"`
	Accel    string            `json:"accel,omitempty"`  // who was asked to sign with a P-384 key; absent: crypto/ecdsa
	Reload   string            `json:"reload,omitempty"` // how it notices that certificate files change; absent: it does not
	App      string            `json:"app,omitempty"`    // what it speaks above TLS; absent: plain
	ALPN     []string          `json:"alpn,omitempty"`   // that its server offers; absent: the cell's
	Offer    []string          `json:"offer,omitzero"`   // that its clients offer; absent: the cell's
	Gateway  *server.Gateway   `json:"gateway,omitempty"`
	SPIFFE   *handshake.SPIFFE `json:"spiffe,omitempty"`
	SBOM     variant.SBOM      `json:"sbom"`
	Running  *RunningData      `json:"running"`
}

// RunningData is what a variant's server process said that it is.
type RunningData struct {
	Go         string `json:"go"`
	GODEBUG    string `json:"godebug"`
	GOMAXPROCS int    `json:"gomaxprocs"`
	FIPS140    bool   `json:"fips140"`
	FIPSModule string `json:"fips_module,omitempty"`
	Boring     bool   `json:"boring"`
	Signer     string `json:"signer,omitempty"` // of the lab, that signs with a P-384 key
	SignerWhy  string `json:"signer_why,omitempty"`
}

// WriteJSON writes the analysis as [Data], indented.
func (d *Document) WriteJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	if err := out.Encode(DataOf(d.analysis)); err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	return nil
}

// DataOf is an analysis under the names of the JSON report.
func DataOf(a *analysis.Analysis) Data {
	m := a.Manifest
	return Data{
		Schema:      Schema,
		Tool:        m.Tool,
		Scenario:    ScenarioData(m.Scenario),
		Seed:        m.Seed,
		Started:     instant(m.Started),
		Finished:    instant(m.Finished),
		Verdict:     verdictData(a.Summary),
		Effects:     each(a.Effects, effectData),
		Blocks:      each(a.Blocks, blockData),
		Series:      each(a.Series, func(s analysis.Series) SeriesData { return seriesData(a, s) }),
		Gaps:        filled(a.Gaps),
		Skips:       filled(m.Skips),
		Environment: environmentData(m.Environment),
		Variants:    each(m.Variants, variantData),

		Gating:     gatingData(a.Gating),
		Null:       present(a.Null, nullData),
		Objectives: present(a.Objectives, objectiveData),
		Exact:      present(a.Exact, countsData),

		Codes:      codesData(a),
		Primitives: present(a.Primitives, primitiveData),
		Ablations:  present(a.Ablations(), ablationData),

		Reloads:   present(a.Reloads, reloadData),
		Scorecard: present(a.Scorecard, cardData),

		Claims:      present(a.Claims, claimData),
		Experiments: present(a.Experiments, experimentData),

		Explanations: present(a.Explanations, explanationData),
		Differences:  present(a.Differences, differenceData),
		Observer:     present(a.Observer, observerData),
		Plants:       present(a.Plants, plantData),
	}
}

// each converts a list; the result is never nil.
func each[From, To any](list []From, convert func(From) To) []To {
	to := make([]To, 0, len(list))
	for _, v := range list {
		to = append(to, convert(v))
	}
	return to
}

// present is each for a key that is absent where the list is empty.
func present[From, To any](list []From, convert func(From) To) []To {
	if len(list) == 0 {
		return nil
	}
	return each(list, convert)
}

// filled is a copy of a list that is never nil.
func filled[T any](list []T) []T { return append([]T{}, list...) }

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// finite is nil for what JSON cannot say and a report must not: NaN and infinities.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func verdictData(s analysis.Summary) VerdictData {
	v := VerdictData{s.Exit, s.Sentence, filled(s.Findings), filled(s.Trust), map[effect.Verdict]int{}}
	for _, of := range verdicts() {
		v.Counts[of] = s.Counts[of]
	}
	return v
}

func effectData(e analysis.Effect) EffectData {
	return EffectData{
		Cell: e.Cell, Metric: e.Metric, Unit: e.Unit,
		Baseline: sideData(e.Baseline), Candidate: sideData(e.Candidate), Ratio: ratioData(e.Ratio),
		Groups: e.Groups, Measured: e.Measured, Margin: e.Margin, Verdict: e.Verdict, Gated: e.Gated, Advisory: e.Advisory, Failed: e.Failed,
		Judged: judgedData(e), Exact: e.Exact, Packages: present(e.Packages, movedData),
		Warnings: filled(e.Warnings), Omissions: filled(e.Omissions),
	}
}

func sideData(s analysis.Side) SideData {
	if s.Value == nil {
		return SideData{Variant: s.Variant}
	}
	return SideData{s.Variant, finite(*s.Value)}
}

func ratioData(r *effect.Ratio) *RatioData {
	switch {
	case !known(r):
		return nil
	case !bounded(r):
		return &RatioData{Point: r.Point}
	}
	return &RatioData{r.Point, &r.Lo, &r.Hi}
}

func blockData(b analysis.Block) BlockData {
	return BlockData{
		Cell: b.Cell, Variant: b.Variant, Group: b.Group, Order: b.Order, Index: b.Index, Observed: b.Observed, Role: b.Role, Valid: b.Valid,
		Ledger: ledgerData(b.Client, b.Server), Guards: filled(b.Guards), Values: valuesData(b.Values),
	}
}

func seriesData(a *analysis.Analysis, s analysis.Series) SeriesData {
	d := SeriesData{
		Cell: s.Cell, Variant: s.Variant, Blocks: s.Blocks, ValidBlocks: s.Valid, ClientBound: s.ClientBound,
		Ledger: ledgerData(s.Client, s.Server), Values: valuesData(s.Values),
		Latency: LatencyData{timeData(s.Handshake), timeData(s.Service), timeData(s.Response), timeData(s.Lateness)},
	}
	d.Signer = signerData(a, s)
	if s.GeneratorUse >= 0 {
		d.GeneratorCPUShare = finite(s.GeneratorUse)
	}
	if c := s.CPU; c != nil {
		d.CPUSamples, d.CPUSampled, d.CPUSpent, d.CPUWarnings = c.Samples, c.Sampled.Seconds(), c.Spent.Seconds(), c.Warnings
		d.CPU = each(c.Packages, func(p profile.Share) PackageData { return PackageData{p.Name, p.Fraction, partOf(s, p)} })
		d.CPUFunctions = each(c.Functions, func(f profile.Share) FunctionData { return FunctionData{f.Name, f.Fraction, partOf(s, f)} })
	}
	return d
}

// partOf is a share of a series' server CPU per handshake, in seconds.
func partOf(s analysis.Series, p profile.Share) *float64 {
	cpu, ok := s.Values[headline]
	if !ok {
		return nil
	}
	return finite(cpu * p.Fraction)
}

// timeData lists the percentiles above which the sample has at least one value.
func timeData(h hist.Histogram) *TimeData {
	if h.Count() == 0 {
		return nil
	}
	t := &TimeData{h.Count(), float64(h.Min()) / 1e9, float64(h.Max()) / 1e9, []QuantileData{}}
	for _, q := range quantiles {
		if float64(h.Count())*(1-q.share) >= 1 {
			at := float64(h.Quantile(q.share)) / 1e9
			t.Percentiles = append(t.Percentiles, QuantileData{q.percentile, at, supports(h.Count(), q.share)})
		}
	}
	return t
}

func valuesData(values map[string]float64) map[string]float64 {
	named := map[string]float64{}
	for name, v := range values {
		if m, ok := metric.ByName(name); ok && finite(v) != nil {
			named[key(m)] = v
		}
	}
	return named
}

func ledgerData(c handshake.ClientLedger, s handshake.ServerLedger) LedgerData {
	return LedgerData{
		ClientData{c.Began, c.Connected, c.Confirmed, c.Unconfirmed, c.Failed, c.Mismatched, c.Shape.Resumed},
		ServerData{s.Accepted, s.Completed, s.Rejected, s.Shape.Resumed},
	}
}

func environmentData(e results.Environment) results.Environment {
	e.Features, e.GoFeatures = filled(e.Features), filled(e.GoFeatures)
	return e
}

func variantData(v results.Variant) VariantData {
	d := VariantData{Name: v.Name, Baseline: v.Baseline, Build: v.Build, Env: v.Env, Accel: v.Accel, App: v.App, ALPN: v.ALPN, Offer: v.Offer, Gateway: v.Gateway, SPIFFE: v.SPIFFE, SBOM: v.SBOM}
	d.Build.Backend = backend(v.Build)
	d.SBOM.Modules = filled(v.SBOM.Modules)
	if d.Env == nil {
		d.Env = map[string]string{}
	}
	if d.SBOM.Settings == nil {
		d.SBOM.Settings = map[string]string{}
	}
	if v.Reload != nil {
		d.Reload = v.Reload.Strategy
	}
	if v.Hello.Go != "" {
		h := v.Hello
		d.Running = &RunningData{h.Go, h.GODEBUG, h.GOMAXPROCS, h.FIPS140, h.FIPSModule, h.Boring, h.Signer, h.SignerWhy}
	}
	return d
}
