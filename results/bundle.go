// Package results is the bundle: everything that one run measured, in one directory. FORMAT.md beside this file is
// its specification. Nothing here judges.
package results

import (
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results/account"
)

// Schema is the version of the bundle's layout. Another number is another format.
const Schema = 6

// Manifest is written last: no manifest, no bundle.
type Manifest struct {
	Schema      int           `json:"schema"`
	Tool        string        `json:"tool"`        // version of tlslab
	ToolSum     string        `json:"tool_sha256"` // of the executable, which is also the load generator
	Started     time.Time     `json:"started"`
	Finished    time.Time     `json:"finished"`
	Seed        uint64        `json:"seed"`
	Scenario    Scenario      `json:"scenario"`
	Variants    []Variant     `json:"variants"` // the baseline first
	Cells       []Cell        `json:"cells"`
	Skips       []Skip        `json:"skips,omitempty"`
	Gates       []Gate        `json:"gates,omitempty"`
	Turn        time.Duration `json:"turn_ns,omitempty"`              // of each server of a group, both alive at once; left out: one block after the other
	Looks       []int         `json:"looks,omitempty"`                // groups per cell at which the gates are judged, the last one the most; left out: once, at the end
	Objectives  []Objective   `json:"objectives,omitempty"`           // absolute limits
	Expected    []Expected    `json:"expected_regressions,omitempty"` // reviewed exceptions from the gates
	Claims      []Claim       `json:"claims,omitempty"`               // statements to be tested
	Confirm     bool          `json:"confirm,omitempty"`              // a gate that fails is measured once more before it counts
	Null        string        `json:"null,omitempty"`                 // the variant that is the baseline once more; empty: none
	Limits      Limits        `json:"limits"`
	Environment Environment   `json:"environment"`
	Gaps        []Gap         `json:"gaps,omitempty"`
	Observer    *Observer     `json:"observer,omitempty"` // of the blocks that are observed; nil: none is
	Blocks      int           `json:"blocks"`             // how many there must be
	Files       []File        `json:"files"`              // all others, with their digests
}

// Scenario is what was asked, as its author wrote it.
type Scenario struct {
	Name string `json:"name"`
	Doc  string `json:"doc,omitempty"`
	Text string `json:"text"` // the file, byte for byte
}

// Variant is one side of the comparison and the proof of what it was.
type Variant struct {
	Name     string                 `json:"name"`
	Baseline bool                   `json:"baseline"`
	Build    variant.Build          `json:"build"`
	Env      map[string]string      `json:"env,omitempty"`
	Accel    string                 `json:"accel,omitempty"`   // who signs with a P-384 key: auto, or a path of accel/p384; empty: std
	Reload   *reload.Settings       `json:"reload,omitempty"`  // without paths; nil: its certificates do not change
	App      string                 `json:"app,omitempty"`     // what it speaks above TLS: gateway, spiffegrpc; empty: plain
	ALPN     []string               `json:"alpn,omitempty"`    // that its server offers, in order of preference; left out: the cell's
	Offer    []string               `json:"offer,omitzero"`    // that its clients offer; left out: the cell's
	Gateway  *server.Gateway        `json:"gateway,omitempty"` // of the app gateway
	SPIFFE   *handshake.SPIFFE      `json:"spiffe,omitempty"`  // of the app spiffegrpc, without its socket
	Disturb  []rotation.Disturbance `json:"disturb,omitempty"` // what happens during each of its blocks
	SBOM     variant.SBOM           `json:"sbom"`
	Hello    server.Hello           `json:"hello"` // of its first process, without address and pid
}

// Cell is one point of the matrix, measured for each variant that it names.
type Cell struct {
	Name     string         `json:"name"`
	Spec     handshake.Spec `json:"spec"`
	Load     loadgen.Load   `json:"load"`
	Variants []string       `json:"variants"` // the baseline first
}

// Skip is a crossed cell, or a whole variant, that cannot run here.
type Skip struct {
	Variant string `json:"variant,omitempty"`
	Cell    string `json:"cell,omitempty"`
	Reason  string `json:"reason"`
}

// Gate is a metric and how much worse it may get.
type Gate struct {
	Metric    string  `json:"metric"`
	Candidate string  `json:"candidate,omitempty"` // empty: every candidate
	Worse     float64 `json:"worse"`               // 0.02 is 2 %
	Advisory  bool    `json:"advisory,omitempty"`
	Line      int     `json:"line,omitempty"` // of the scenario's text, from 1
}

// Objective is an absolute limit, in the grammar of package metric.
type Objective struct {
	Text string `json:"text"`
	Line int    `json:"line,omitempty"` // of the scenario's text, from 1
}

// Expected is a regression that somebody has accepted until a day.
type Expected struct {
	Metric    string            `json:"metric"`
	Candidate string            `json:"candidate,omitempty"` // empty: every candidate
	Cell      map[string]string `json:"cell,omitempty"`      // by dimension: kind, group, signature, ...; empty: every cell
	Worse     float64           `json:"worse,omitempty"`     // how much worse it may be; zero: however much
	Until     string            `json:"until"`               // the last day, as 2026-12-31
	Because   string            `json:"because"`
	Line      int               `json:"line,omitempty"`
}

// Role is what a block is measured for.
type Role string

const (
	Measuring  Role = ""        // to compare
	Null       Role = "null"    // the baseline against itself: whatever differs there, the lab invented
	Confirming Role = "confirm" // once more in another order, since a gate failed
)

// Limits are the guards' thresholds.
type Limits struct {
	GeneratorCPU float64       `json:"generator_cpu"`   // share of the generator's CPUs
	Lateness     time.Duration `json:"lateness_p99_ns"` // open loop
	Steal        float64       `json:"steal"`           // share of the run's CPUs
	Steady       float64       `json:"steady"`          // CPU per handshake, second half against first: |ratio-1|
}

// Block is one fresh server process, warmed up, then one unbroken stretch of load.
type Block struct {
	Index     int            `json:"index"`    // order of execution, from 0
	Observed  bool           `json:"observed"` // explained by its account; measured by its twin
	Role      Role           `json:"role,omitempty"`
	Cell      string         `json:"cell"`
	Variant   string         `json:"variant"`
	Group     int            `json:"group"` // within the cell, from 0
	Order     int            `json:"order"` // within the group, from 0
	Seed      uint64         `json:"seed"`
	Started   time.Time      `json:"started"`
	Server    server.Report  `json:"server"`
	Client    loadgen.Result `json:"client"`
	Rotations []Rotation     `json:"rotations,omitempty"` // that disturbed it, in order
	System    System         `json:"system"`
	Gaps      []Gap          `json:"gaps,omitempty"`
}

// Rotation is one change of the server's certificate files during a block.
type Rotation struct {
	Generation uint64               `json:"generation"`
	By         rotation.Method      `json:"by"`
	Began      time.Duration        `json:"began_ns"`       // its first step, by [handshake.Clock]
	At         time.Duration        `json:"at_ns"`          // when its last step had been taken
	Want       rotation.Expectation `json:"want,omitempty"` // keep or any, of what an injection does; empty: it is to be adopted
}

// Observer is how blocks are observed, and how well it finds what is known.
type Observer struct {
	Tier   account.Tier `json:"tier"`
	Layers []string     `json:"layers,omitempty"` // of eBPF, that watch; left out: all, or none in the runtime tier
	Plants []Plants     `json:"plants,omitempty"`
}

// Plants are known delays of one kind, planted into handshakes of the baseline, and the account of those handshakes:
// observed/plants-COMPONENT.json.
type Plants struct {
	Component account.Class    `json:"component"`
	Planted   []server.Planted `json:"planted"`
}

// System is what the machine did during the stretch.
type System struct {
	ServerCPUs      []int         `json:"server_cpus,omitempty"` // empty: not pinned
	ClientCPUs      []int         `json:"client_cpus,omitempty"`
	Steal           float64       `json:"steal"`        // share of the CPUs used; -1: unknown
	Throttled       time.Duration `json:"throttled_ns"` // of the cgroup; -1: unknown
	ListenOverflows int64         `json:"listen_overflows"`
	ListenDrops     int64         `json:"listen_drops"` // both -1: unknown
}

// Gap is what could not be measured, and why: never a zero.
type Gap struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"` // how to close it
}

// File is a member of the bundle.
type File struct {
	Name   string `json:"name"` // slash-separated
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Environment is the machine's fingerprint. It holds no host name, user name or path.
type Environment struct {
	Host         string            `json:"host"` // by chance, kept in the user's cache: equal for one user on one machine
	OS           string            `json:"os"`
	Kernel       string            `json:"kernel"`
	Arch         string            `json:"arch"`
	CPUModel     string            `json:"cpu_model"`
	CPUs         int               `json:"cpus"`
	Microcode    string            `json:"microcode,omitempty"`
	Features     []string          `json:"features"`    // as the CPU and the operating system offer them
	GoFeatures   []string          `json:"go_features"` // as Go sees them
	Governor     string            `json:"governor,omitempty"`
	SMT          string            `json:"smt,omitempty"`
	Hypervisor   string            `json:"hypervisor,omitempty"`
	Clocksource  string            `json:"clocksource,omitempty"`
	CgroupCPU    string            `json:"cgroup_cpu,omitempty"`    // cpu.max, or unlimited
	CgroupMemory string            `json:"cgroup_memory,omitempty"` // memory.max, or unlimited
	MemoryBytes  uint64            `json:"memory_bytes"`
	LoadAverage  string            `json:"load_average,omitempty"` // when the run began
	Sysctl       map[string]string `json:"sysctl,omitempty"`
	Go           string            `json:"go"` // the toolchain that built the tool
	GODEBUG      string            `json:"godebug"`
	Placement    string            `json:"placement"` // which CPUs, and why
}
