// Package scenarios reads what to measure: scenario files, their schema, and the plan that they stand for.
//
// A scenario is a YAML file. It names variants, each a build with an environment and server settings; cells, the
// matrix of handshakes to ask for; and loads, how handshakes are asked for. Everything else has a default:
//
//	variants:
//	  - name: std
//	  - {name: boringcrypto, build: {backend: boringcrypto}}
//	load: {loop: closed, workers: 1, length: 1s}
//
// [Parse] turns the text into a [Scenario] or lists every mistake with its place. [Scenario.Plan] turns that into a
// [Plan] for one seed and one [Machine]: which blocks run, in which order, and what is skipped and why. Neither
// looks at the machine or the clock: the same text, seed and Machine give the same plan.
//
// # Why groups are outside and cells inside
//
// A machine drifts: it warms up, a neighbour wakes. Were one cell measured to its end before the next begins, drift
// would look like a difference between cells, and one slow minute would spoil every group of one cell. So each
// round measures one group of every cell, in an order that the seed draws. Within a group two variants alternate as
// ABBA or BAAB, which cancels a linear drift; more than two run once each, in random order.
//
// # Why servers may take turns
//
// A machine that others share changes its speed by more than a tenth from one half second to the next, and blocks one
// after the other each meet another speed. With order: turns the two servers of a group are alive at once and are
// loaded for 50 ms each, again and again, so both meet all of it. The unit is still the group of fresh processes.
//
// # Why equal blocks share a seed
//
// The n-th block of each variant within a group has the same seed, so an open loop asks both sides for handshakes
// at the same instants, and the schedule's luck falls out of their ratio.
//
// # Why a plan may be refused
//
// A gate that can never fail is worse than none: it is believed. So a plan with one is an error at the gate's line,
// be it that so few groups cannot attain the level that the looks and the other gates of its family leave it, or that
// a block has too few handshakes for its percentile. [Plan.Gating] says of the others what they can find.
//
// # Why the null control is a pair of its own
//
// Each round measures the baseline twice more in one cell, once under another name. What differs there, the lab
// or the layout made, so the differences between variants mean nothing either. Its blocks are apart from the groups,
// whose order and seeds are the same with and without it.
//
// # Why disturbing belongs to a variant
//
// What a rotation costs is asked of one server twice, of which one is left alone. So each variant says what disturbs
// it; the scenario's disturb is what all with a reload strategy begin with, and an empty list takes it away.
//
// # Why claims are in the file
//
// Whoever has seen a number finds a statement that it proves. So a scenario says what it is about to test, with the
// condition and what is expected, before anything is measured, and the plan prints it as hypotheses. A claim is about a
// metric of blocks, or about an experiment: a question that is asked once, beside the blocks, for it is no cost. What
// cannot be tested stands among the others with its reason.
//
// # Why observed blocks are others
//
// An observer costs the server time, so what it explains and what is measured must not be the same block. Where a
// scenario observes, every block has an observed twin beside it, with the same seed; which of the two comes first
// alternates, as ABBA, so that the ratio between them is what observing costs.
package scenarios

import (
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// Scenario is a file as its author meant it, free of mistakes, with every default filled in. [Parse] makes one.
type Scenario struct {
	File     string // name for messages
	Text     string // the file, byte for byte
	Name     string
	Doc      string
	Owner    string
	Variants []Variant // in the order of the file; exactly one is the baseline
	Loads    []loadgen.Load
	Server   Server // what variants start from
	Client   Client
	Groups   int // per cell
	Spare    int // groups per cell, to be measured in place of those that the machine spoils
	Warmup   time.Duration
	Turn     time.Duration // of each of the two servers of a group, which are alive at once; zero: one after the other, ABBA
	Seed     *uint64       // that the file asks for; nil: the caller's choice
	Gates    []results.Gate
	Limits   results.Limits
	Profile  bool
	Observe  Observe

	Looks      []int  // groups at which the gates are judged, the last one is Groups; nil: only at the end
	Confirm    bool   // a gate that fails is measured once more, in a fresh order, before it counts
	Null       string // auto: where a gate decides; on; off
	Exact      string // none or auto: count instructions, allocations, bytes and system calls
	Primitives string // none or auto: time single cryptographic operations before the first block
	Objectives []results.Objective
	Expected   []results.Expected
	Scorecard  *Scorecard // nil: no variant is put through the catalogue of injections

	Experiments []string        // by name, in the order in which they are made
	Claims      []results.Claim // to be tested

	matrix     matrix
	turnsAt    position
	points     []point
	excluded   []results.Skip      // whole cells that a rule excludes and says why
	gatesAt    []position          // of each of Gates
	objectives []objective         // as read
	expectedAt []position          // of each of Expected
	exactAt    position            // of instruments.exact, where the file has it
	dialerAt   position            // of client.dialer, where the file has it
	claimsAt   []position          // of each of Claims
	serverKeys map[string]position // where the values of server stand

	disturb                []rotation.Disturbance // what happens to variants that have no disturb of their own
	disturbAt, scorecardAt position               // zero: the file has it not
}

// Variant is one side of the comparison as a scenario asks for it.
type Variant struct {
	Name     string                 `json:"name"`
	Baseline bool                   `json:"baseline"`
	Build    variant.Build          `json:"build"`
	Env      map[string]string      `json:"env,omitempty"`
	Server   Server                 `json:"server"`             // the scenario's server settings with this variant's own over them
	Requires []string               `json:"requires,omitempty"` // CPU features, in the words of accel.CPU.Features
	Disturb  []rotation.Disturbance `json:"disturb,omitempty"`  // what happens during each of its blocks
	Offer    []string               `json:"offer,omitempty"`    // ALPN protocols that its clients offer, whatever the cell says; nil: the cell's

	at, buildAt, godebugAt position
	offerAt                position // of its own offer, or of that of the variant that it extends
	disturbAt              position // of its own disturb, or of that of the variant that it extends; zero: the scenario's
}

// Server is how a variant's server is run.
type Server struct {
	App        string           `json:"app"`              // plain, gateway, spiffegrpc
	Listen     string           `json:"listen,omitempty"` // host:port on loopback; empty: a free port
	ALPN       []string         `json:"alpn,omitempty"`
	Tickets    bool             `json:"tickets"`
	Rotate     time.Duration    `json:"rotate_ns,omitempty"`  // of the ticket key; zero: one key for life
	CPUs       []int            `json:"cpus,omitempty"`       // nil: chosen by the lab
	GOMAXPROCS int              `json:"gomaxprocs,omitempty"` // zero: Go's default
	Accel      string           `json:"accel,omitempty"`      // who signs with a P-384 key: std, auto, or a path of accel/p384; empty: std
	Plant      *server.Plant    `json:"plant,omitempty"`      // work that the server does on purpose, to see that it is found
	Reload     *reload.Settings `json:"reload,omitempty"`     // how it notices that certificate files change; nil: it serves one certificate for life

	Gateway *server.Gateway   `json:"gateway,omitempty"` // of the app gateway; nil: the zero value
	SPIFFE  *handshake.SPIFFE `json:"spiffe,omitempty"`  // of the app spiffegrpc, without its socket; never nil for that app
}

// Scorecard is what the variants of [Plan.Carded] are put through before the first block.
type Scorecard struct {
	Injections []string `json:"injections"` // of rotation.Catalogue
	Rotations  int      `json:"rotations"`  // in a row, while nothing may leak; zero: none
	Crash      bool     `json:"crash"`      // the matrix of crashes, for strategies that come back
	Memory     bool     `json:"memory"`     // look for retired keys in the server's memory after the rotations
	AtOnce     int      `json:"at_once"`    // trials side by side
}

// Observe is how some blocks are observed, to explain what the others measure.
type Observe struct {
	Mode   string   `json:"mode"`             // none or auto
	Layers []string `json:"layers,omitempty"` // of the eBPF observer; empty: all
	Plants bool     `json:"plants,omitempty"` // plant known delays before the first block, to see that they are found
}

// On says whether any block is observed.
func (o Observe) On() bool { return o.Mode == "auto" }

// Client is how the load generator is run.
type Client struct {
	Dialer      string `json:"dialer"`         // auto: stock, h3 or spiffegrpc, whichever fits the app and the cell
	Verify      string `json:"verify"`         // every
	Certificate string `json:"certificate"`    // auto: presented where the cell is mutual; none: never
	Close       string `json:"close"`          // rst or fin
	CPUs        []int  `json:"cpus,omitempty"` // nil: chosen by the lab
}

// Plan is a scenario made concrete for one seed: which blocks, in which order.
type Plan struct {
	Scenario results.Scenario `json:"scenario"`
	Seed     uint64           `json:"seed"`
	Variants []Variant        `json:"variants"` // the baseline first; those that can run here
	Cells    []Cell           `json:"cells"`
	Skips    []results.Skip   `json:"skips,omitempty"`
	Blocks   []Block          `json:"blocks"`           // in order of execution
	Spares   []Block          `json:"spares,omitempty"` // rounds of groups after Blocks, for those that the machine spoils
	Groups   int              `json:"groups"`           // per cell
	Warmup   time.Duration    `json:"warmup_ns"`
	Turn     time.Duration    `json:"turn_ns,omitempty"` // zero: blocks are measured one after the other
	Client   Client           `json:"client"`
	Gates    []results.Gate   `json:"gates,omitempty"`
	Limits   results.Limits   `json:"limits"`
	Profile  bool             `json:"profile"` // take a CPU profile of each variant's server in each cell
	Observe  Observe          `json:"observe"`

	Looks      []int               `json:"looks,omitempty"`      // groups at which the gates are judged, the last one is Groups
	Confirm    bool                `json:"confirm,omitempty"`    // measure cells whose gate fails once more
	Null       *Variant            `json:"null,omitempty"`       // the baseline under another name, for the null control; nil: none
	Exact      bool                `json:"exact,omitempty"`      // count what can be counted
	Primitives bool                `json:"primitives,omitempty"` // time single operations
	Objectives []results.Objective `json:"objectives,omitempty"`
	Expected   []results.Expected  `json:"expected_regressions,omitempty"`
	Scorecard  *Scorecard          `json:"scorecard,omitempty"`

	Experiments []string        `json:"experiments,omitempty"` // made before the first block
	Claims      []results.Claim `json:"claims,omitempty"`

	Gating   *Gating   `json:"gating,omitempty"`   // what the gates can find; nil: there are none
	Defaults []Setting `json:"defaults,omitempty"` // settings that have their default
	Warnings []string  `json:"warnings,omitempty"` // what the run will not be able to say
}

// Cell is one point of the matrix.
type Cell struct {
	Name     string         `json:"name"`
	Spec     handshake.Spec `json:"spec"`
	Load     loadgen.Load   `json:"load"`
	Variants []string       `json:"variants"` // the baseline first
}

// Block is one block to run.
type Block struct {
	Index    int    `json:"index"` // from 0, in order of execution
	Cell     int    `json:"cell"`  // index into Cells
	Variant  string `json:"variant"`
	Group    int    `json:"group"` // within the cell, from 0
	Order    int    `json:"order"` // within the group, from 0
	Seed     uint64 `json:"seed"`
	Observed bool   `json:"observed,omitempty"`

	Role  results.Role `json:"role,omitempty"`
	Turns bool         `json:"turns,omitempty"` // takes turns with its neighbour of the same cell, group and role
}
