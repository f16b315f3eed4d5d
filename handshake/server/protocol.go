package server

import (
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
)

// The control channel is the server's own standard input and output: one JSON value a line, a reply for each
// request. It is never a socket, so nothing but the parent can reach it, and when the parent dies the server reads
// the end of its input and exits.

// preemptorApp is what the server starts itself as to plant a wait in the run queue: see [Plant].
const preemptorApp = "preemptor"

// Settings is the first line that the server reads: what to serve.
type Settings struct {
	App         string            `json:"app"`              // plain, gateway, spiffegrpc
	Listen      string            `json:"listen,omitempty"` // host:port; empty: a free port of 127.0.0.1
	Certificate []byte            `json:"certificate"`      // PEM: leaf, then intermediates
	Key         []byte            `json:"key"`              // PEM, PKCS #8
	ClientCAs   []byte            `json:"client_cas,omitempty"`
	Mutual      bool              `json:"mutual"` // require and verify a client certificate
	ALPN        []string          `json:"alpn,omitempty"`
	Tickets     bool              `json:"tickets"`
	Rotate      time.Duration     `json:"rotate_ns"`         // of the ticket key; zero: one key for life
	Accel       string            `json:"accel,omitempty"`   // who signs with a P-384 key: std, auto, or a path of accel/p384; empty: std
	Plant       *Plant            `json:"plant,omitempty"`   // that grows from the start; nil: none
	Reload      *reload.Settings  `json:"reload,omitempty"`  // certificates are files that may change; nil: Certificate, Key and ClientCAs for life
	UDP         bool              `json:"udp,omitempty"`     // listen on UDP, too, at the same port
	Live        bool              `json:"live,omitempty"`    // the ledger counts calls over connections, not connections
	Gateway     *Gateway          `json:"gateway,omitempty"` // of the app gateway; nil: the zero value
	SPIFFE      *handshake.SPIFFE `json:"spiffe,omitempty"`  // of the app spiffegrpc; identities come from a Workload API then, and Certificate, Key, ClientCAs and Reload stay empty
}

// Gateway is how the app gateway chooses what it serves.
type Gateway struct {
	Config     string        `json:"config,omitempty"`     // what GetConfigForClient returns: none (empty; there is no such callback), static (one config), clone (a copy for each connection), swapped (what was stored last)
	Prefer     string        `json:"prefer,omitempty"`     // who orders the ALPN protocols: empty, the settings; health, what answers at Health
	Health     []Backend     `json:"health,omitempty"`     // what is asked whether it is healthy, one for each protocol
	Every      time.Duration `json:"every_ns,omitempty"`   // between two questions; zero: 100 ms
	Handshakes int           `json:"handshakes,omitempty"` // at once; further connections wait. Zero: any number
}

// Backend is who serves a protocol behind the gateway.
type Backend struct {
	Protocol string `json:"protocol"` // h2, http/1.1
	URL      string `json:"url"`      // answers 200 as long as it is healthy
}

// Hello is the server's first reply: what is really running, for the provenance gate.
type Hello struct {
	Address    string            `json:"address"`
	PID        int               `json:"pid"`
	Go         string            `json:"go"` // runtime.Version
	OS         string            `json:"os"`
	Arch       string            `json:"arch"`
	Build      map[string]string `json:"build"` // settings of debug.BuildInfo
	GODEBUG    string            `json:"godebug"`
	GOMAXPROCS int               `json:"gomaxprocs"`
	FIPS140    bool              `json:"fips140"` // crypto/fips140.Enabled
	FIPSModule string            `json:"fips_module,omitempty"`
	Boring     bool              `json:"boring"`               // crypto/boring.Enabled
	Signer     string            `json:"signer,omitempty"`     // path of accel/p384 that signs; empty: the lab's signers were not asked for
	SignerWhy  string            `json:"signer_why,omitempty"` // what decided for it
}

// Request is one line to the server.
type Request struct {
	Do     string        `json:"do"`                  // begin, end, profile-start, profile-stop, trace-start, trace-stop, plant, reload, stop
	Window time.Duration `json:"window_ns,omitempty"` // of profile-start: length of each profile; zero: one for all
	Bytes  int           `json:"bytes,omitempty"`     // of trace-start: the trace ends when it is larger; zero: 64 MiB
	Plant  *Plant        `json:"plant,omitempty"`     // of plant: takes the place of the one before; nil: none
}

// Reply is the server's answer to a [Request].
type Reply struct {
	Error    string    `json:"error,omitempty"`
	Hello    *Hello    `json:"hello,omitempty"`
	Report   *Report   `json:"report,omitempty"`
	Profiles []Profile `json:"profiles,omitempty"` // back to back
	Trace    *Trace    `json:"trace,omitempty"`
}

// Profile is a CPU profile of one window.
type Profile struct {
	At   time.Duration `json:"at_ns"` // its begin, since that of the first one
	Data []byte        `json:"data"`  // pprof, gzipped protobuf
}

// Trace is an execution trace, as runtime/trace writes it, with the server's own marks: for package
// results/exectrace.
type Trace struct {
	Data []byte `json:"data"`
	Cut  bool   `json:"cut"` // it grew too large and ended early
}

// Report is what the server counted between begin and end, with no connection open at either edge.
type Report struct {
	Ledger  handshake.ServerLedger `json:"ledger"`
	Began   time.Duration          `json:"began_ns"` // by [handshake.Clock]
	Wall    time.Duration          `json:"wall_ns"`
	CPU     handshake.CPU          `json:"cpu"`
	Runtime Runtime                `json:"runtime"`
	Samples []Sample               `json:"samples"`
	Planted []Planted              `json:"planted,omitempty"`
	Signer  *Signer                `json:"signer,omitempty"` // nil: crypto/tls signs by itself
	Reload  *Reload                `json:"reload,omitempty"` // nil: certificates do not change
	Noted   map[string]uint64      `json:"noted,omitempty"`  // what the app did, by what it was
}

// Signer is what a signer of accel/p384 did.
type Signer struct {
	Path       string            `json:"path"`
	Signatures uint64            `json:"signatures"`          // all, by whatever path
	Batches    uint64            `json:"batches"`             // of lab-ifma8, whatever code ran them: the sum of Fill
	Fill       []uint64          `json:"fill"`                // batches by how many signatures were in them, from 0 to 8
	Waits      []uint64          `json:"waits"`               // signatures by how long they waited for their batch: entry i is 2^i to 2^(i+1) ns
	Kernel     time.Duration     `json:"kernel_ns"`           // in the lab's own code, without nonces and encoding, all cores together
	Single     uint64            `json:"single"`              // signatures by the code for one lane
	Fallbacks  map[string]uint64 `json:"fallbacks,omitempty"` // signatures by crypto/ecdsa, by reason
	Verified   uint64            `json:"verified"`            // signatures that crypto/ecdsa verified
}

// Reload is what a reload strategy did during the stretch.
type Reload struct {
	Generation uint64            `json:"generation"`          // served at the end
	Epoch      uint64            `json:"epoch"`               // under what sessions may be resumed, at the end
	NotAfter   time.Time         `json:"not_after"`           // of the leaf that is served at the end
	Reloads    map[string]uint64 `json:"reloads,omitempty"`   // by result and reason: "ok", "refused: the chain has become shorter"
	Events     map[string]uint64 `json:"events,omitempty"`    // of the file system, by kind
	Published  []Published       `json:"published,omitempty"` // in order
	Failing    string            `json:"failing,omitempty"`   // why the newest reload did not succeed, or why the strategy follows the files no more
}

// Published is one identity that became what handshakes are served with.
type Published struct {
	Generation uint64        `json:"generation"`
	At         time.Duration `json:"at_ns"`   // by [handshake.Clock]
	Took       time.Duration `json:"took_ns"` // from the begin of the reload
}

// Runtime is what runtime/metrics gained between begin and end; HeapLive and Goroutines are taken at the end.
type Runtime struct {
	AllocObjects   uint64        `json:"alloc_objects"`
	AllocBytes     uint64        `json:"alloc_bytes"`
	HeapLive       uint64        `json:"heap_live_bytes"`
	Goroutines     uint64        `json:"goroutines"`
	GCCycles       uint64        `json:"gc_cycles"`
	GCPause        time.Duration `json:"gc_pause_ns"`          // sum of stop-the-world pauses, from a histogram's lower bounds
	GCCPU          time.Duration `json:"gc_cpu_ns"`            // estimate of the runtime
	MutexWait      time.Duration `json:"mutex_wait_ns"`        // /sync/mutex/wait/total:seconds
	SchedLatency50 time.Duration `json:"sched_latency_p50_ns"` // of goroutines that became runnable
	SchedLatency99 time.Duration `json:"sched_latency_p99_ns"`
}

// Sample is the state at one instant of the stretch, counted from its beginning, for the check of steady state.
type Sample struct {
	At        time.Duration `json:"at_ns"`
	Completed uint64        `json:"completed"`
	CPU       time.Duration `json:"cpu_ns"`
	GCCycles  uint64        `json:"gc_cycles"`
}
