// Package lab carries out a plan, block by block: it builds the servers, proves what was built, and for each block
// starts a fresh server process and a fresh generator process, warms them up, measures one unbroken stretch and
// writes down what both sides counted. It judges nothing.
//
// # Why a block is a process
//
// Handshakes inside one process share its heap, its code layout and its minute; a thousand of them are one sample of
// that process, not a thousand samples. So every block starts anew, and the analysis counts groups of blocks.
package lab

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/profile"
	"github.com/tlslab/tlslab/scenarios"
)

// Lab is what a run needs besides its plan.
type Lab struct {
	Builder *variant.Builder
	Tool    string // this executable: the generator is its hidden child
	Version string
	Digest  string            // SHA-256 of Tool, in hex
	Agent   string            // Workload API of an external agent, for experiments; empty: the lab's own
	KeyLog  string            // file for the generator's key log; empty: none
	Without map[string]bool   // instruments that the user does not want: ebpf
	Hasty   bool              // time nothing when an exact gate has failed: it decides before the others
	Speak   func(line string) // progress for people; never nil
	Block   func(Progress)    // called before each block; never nil
}

// Progress is where a run stands.
type Progress struct {
	Done, Blocks  int
	Cell, Variant string
	Left          time.Duration
}

// Violation is a run whose measurements cannot be believed: provenance, or a server that died. Exit 3.
type Violation struct {
	What string
	Hint string
}

func (v *Violation) Error() string { return v.What }

// Draft builds and proves the plan's servers and returns the manifest as far as it is known before the first block.
func (l *Lab) Draft(ctx context.Context, plan *scenarios.Plan) (*Run, error) {
	r := &Run{lab: l, plan: plan, binaries: map[string]*variant.Binary{}}
	r.Manifest = results.Manifest{
		Schema:   results.Schema,
		Tool:     l.Version,
		ToolSum:  l.Digest,
		Seed:     plan.Seed,
		Scenario: plan.Scenario,
		Skips:    plan.Skips,
		Gates:    plan.Gates,
		Turn:     plan.Turn,
		Looks:    plan.Looks,
		Confirm:  plan.Confirm,
		Limits:   plan.Limits,
		Blocks:   len(plan.Blocks),

		Objectives: plan.Objectives,
		Expected:   plan.Expected,
		Claims:     plan.Claims,
	}
	if plan.Null != nil {
		r.Manifest.Null = plan.Null.Name
	}
	for _, c := range plan.Cells {
		r.Manifest.Cells = append(r.Manifest.Cells, results.Cell(c))
	}
	variants := r.variants()
	for i, v := range variants {
		l.Speak(fmt.Sprintf("preparing %s (%d of %d)", v.Name, i+1, len(variants)))
		binary, err := l.Builder.Build(ctx, v.Build, v.Server.App)
		if err != nil {
			return nil, fmt.Errorf("build %s: %w", v.Name, err)
		}
		r.binaries[v.Name] = binary
		r.Manifest.Variants = append(r.Manifest.Variants, results.Variant{
			Name: v.Name, Baseline: v.Baseline, Build: v.Build, Env: v.Env, Accel: v.Server.Accel, SBOM: binary.SBOM,
			Reload: v.Server.Reload, Disturb: v.Disturb,
			App: above(v.Server.App), ALPN: v.Server.ALPN, Offer: v.Offer, Gateway: v.Server.Gateway, SPIFFE: v.Server.SPIFFE,
		})
	}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	if err := r.probe(ctx); err != nil {
		return nil, err
	}
	r.Manifest.Started = time.Now().UTC()
	return r, nil
}

// above names an app that speaks something above TLS; empty: it does not.
func above(app string) string {
	if app == "plain" {
		return ""
	}
	return app
}

// Run is a plan whose servers are built.
type Run struct {
	Manifest results.Manifest
	lab      *Lab
	plan     *scenarios.Plan
	binaries map[string]*variant.Binary
	places   map[string]placement // by variant
	secrets  secrets
	observer instrument // of the blocks that are observed; nil: none is
}

func (r *Run) prepare(ctx context.Context) (err error) {
	r.places = map[string]placement{}
	for _, v := range r.variants() {
		if r.places[v.Name], err = place(v.Server.CPUs, r.plan.Client.CPUs); err != nil {
			return err
		}
	}
	host, err := hostID(r.lab.Builder.Cache)
	if err != nil {
		return err
	}
	r.Manifest.Environment = environment(host, r.why())
	r.Manifest.Gaps = append(r.Manifest.Gaps, environmentGaps(r.Manifest.Environment)...)
	if r.secrets, err = issue(r.plan.Cells, time.Now()); err != nil {
		return err
	}
	return r.observe(ctx)
}

// why is the reason for where processes run; empty where the plan starts none.
func (r *Run) why() string {
	if len(r.plan.Variants) == 0 {
		return ""
	}
	return r.places[r.plan.Variants[0].Name].why
}

// probe starts each variant's server once, so that one that is not what was asked is found before anything is
// measured.
func (r *Run) probe(ctx context.Context) error {
	for _, v := range r.variants() {
		process, err := r.start(ctx, v, r.plan.Cells[0].Spec)
		if err != nil {
			return err
		}
		process.Stop(context.WithoutCancel(ctx))
		if err := r.prove(v, process.Hello(), process.Stderr()); err != nil {
			return err
		}
		r.remember(v.Name, process.Hello())
	}
	return nil
}

// start starts a fresh server of a variant for a cell's spec.
func (r *Run) start(ctx context.Context, v scenarios.Variant, spec handshake.Spec) (*process, error) {
	files, err := r.lay(v, spec.Signature)
	if err != nil {
		return nil, err
	}
	workload, err := r.attest(v, spec.Signature)
	if err != nil {
		files.remove()
		return nil, err
	}
	settings := r.secrets.settings(spec, v.Server)
	files.point(&settings, v)
	workload.point(&settings, v.Server.SPIFFE)
	started, err := variant.Start(ctx, *r.binaries[v.Name], variant.Options{
		Env: v.Env, CPUs: r.places[v.Name].server, GOMAXPROCS: v.Server.GOMAXPROCS,
		Settings: settings,
	})
	if err != nil {
		files.remove()
		workload.remove()
		return nil, died(v.Name, "at start", err)
	}
	return &process{started, files, workload}, nil
}

// more is the next round of spare blocks, announced.
func (r *Run) more(queue []scenarios.Block, blocks []results.Block) []scenarios.Block {
	round := r.spares(queue, blocks)
	if len(round) > 0 {
		r.lab.Speak(fmt.Sprintf("measuring %d spare blocks in place of disturbed ones", len(round)))
	}
	return round
}

// keep writes a block after its profile and its account: a block that is there is whole.
func (r *Run) keep(w *results.Writer, s *stretch) error {
	if s.profile != nil {
		labelled, err := profile.Windows(s.profile, r.labels(s.block))
		if err != nil {
			return err
		}
		if err := w.Put(fmt.Sprintf("profiles/%04d.pb.gz", s.block.Index), labelled); err != nil {
			return err
		}
	}
	if s.watched != nil {
		if err := r.keepAccount(w, s); err != nil {
			return err
		}
	}
	return w.Block(s.block)
}

func (r *Run) keepAccount(w *results.Writer, s *stretch) (err error) {
	var cpu []byte
	if s.watched.samples != nil {
		if cpu, err = profile.FromSamples(s.watched.samples, s.watched.period(), r.labels(s.block)); err != nil {
			return err
		}
	}
	return w.Observed(results.ObservedName(s.block.Index), s.watched.account, cpu)
}

func (r *Run) labels(b results.Block) map[string]string {
	i := slices.IndexFunc(r.plan.Cells, func(c scenarios.Cell) bool { return c.Name == b.Cell })
	return map[string]string{
		"variant": b.Variant, "cell": b.Cell, "kind": r.plan.Cells[i].Spec.Kind.String(), "block": strconv.Itoa(b.Index),
	}
}

// variants are those that are compared, then the null control's.
func (r *Run) variants() []scenarios.Variant {
	if r.plan.Null == nil {
		return r.plan.Variants
	}
	null := *r.plan.Null
	null.Baseline = false
	return append(slices.Clone(r.plan.Variants), null)
}

func (r *Run) variant(name string) scenarios.Variant {
	all := r.variants()
	return all[slices.IndexFunc(all, func(v scenarios.Variant) bool { return v.Name == name })]
}

// prove is the provenance gate: what was asked, what was built and what runs must be one thing.
func (r *Run) prove(v scenarios.Variant, hello server.Hello, stderr string) error {
	faults := variant.Verify(v.Build, v.Env, r.binaries[v.Name].SBOM, hello, stderr)
	if len(faults) > 0 {
		return &Violation{
			What: fmt.Sprintf("variant %s is not what was asked: %s", v.Name, strings.Join(faults, "; ")),
			Hint: "no number was kept from this block; mend the variant's build or env",
		}
	}
	return nil
}

func (r *Run) remember(name string, hello server.Hello) {
	hello.Address, hello.PID = "", 0
	for i := range r.Manifest.Variants {
		if r.Manifest.Variants[i].Name == name {
			r.Manifest.Variants[i].Hello = hello
		}
	}
}
