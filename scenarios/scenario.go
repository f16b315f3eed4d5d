// Package scenarios reads what to measure: scenario files, their schema, and the plan that they stand for.
package scenarios

import (
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// Variant is one side of the comparison as a scenario asks for it.
type Variant struct {
	Name     string
	Baseline bool
	Build    variant.Build
	Env      map[string]string
	Server   Server // the scenario's server settings with this variant's own over them
}

// Server is how a variant's server is run.
type Server struct {
	App        string // plain
	Listen     string // host:port on loopback; empty: a free port
	ALPN       []string
	Tickets    bool
	Rotate     time.Duration // of the ticket key; zero: one key for life
	CPUs       []int         // nil: chosen by the lab
	GOMAXPROCS int           // zero: Go's default
}

// Client is how the load generator is run.
type Client struct {
	Dialer      string // stock
	Verify      string // every
	Certificate string // auto: presented where the cell is mutual; none: never
	Close       string // rst or fin
	CPUs        []int  // nil: chosen by the lab
}

// Plan is a scenario made concrete for one seed: which blocks, in which order.
type Plan struct {
	Scenario results.Scenario
	Seed     uint64
	Variants []Variant // the baseline first; those that can run here
	Cells    []Cell
	Skips    []results.Skip
	Blocks   []Block // in order of execution
	Groups   int     // per cell
	Warmup   time.Duration
	Client   Client
	Gates    []results.Gate
	Limits   results.Limits
	Profile  bool // take a CPU profile of each variant's server in each cell
}

// Cell is one point of the matrix.
type Cell struct {
	Name     string
	Spec     handshake.Spec
	Load     loadgen.Load
	Variants []string // the baseline first
}

// Block is one block to run.
type Block struct {
	Index   int
	Cell    int // index into Cells
	Variant string
	Group   int
	Order   int
	Seed    uint64
}
