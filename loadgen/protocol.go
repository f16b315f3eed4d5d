package loadgen

import (
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results/hist"
)

// Loop says when a handshake begins.
type Loop string

const (
	Closed Loop = "closed" // a worker begins when its last handshake ended
	Open   Loop = "open"   // handshakes fall due by a schedule whether or not the server keeps up
)

// Process is the arrival process of an open loop.
type Process string

const (
	Constant Process = "constant"
	Poisson  Process = "poisson"
)

// Load is how handshakes are asked for during one block. A closed loop ends after Handshakes or Length, whichever
// is set; an open loop after its phases.
type Load struct {
	Name       string        `json:"name,omitempty"`
	Loop       Loop          `json:"loop"`
	Workers    int           `json:"workers"`
	Handshakes uint64        `json:"handshakes,omitempty"`
	Length     time.Duration `json:"length_ns,omitempty"`
	Process    Process       `json:"process,omitempty"`
	Phases     []Phase       `json:"phases,omitempty"`  // open loop only; at least one
	Drain      time.Duration `json:"drain_ns,omitzero"` // how long after its last phase an open loop may begin what is due; zero: 10 s
}

// Phase is a stretch of an open loop with one rate.
type Phase struct {
	Name   string        `json:"name,omitempty"`
	Length time.Duration `json:"length_ns"`
	Rate   float64       `json:"rate_per_second"`
}

// How a client ends a confirmed connection. A failed one always ends with FIN, so that the server reads the reason.
const (
	RST = "rst" // SO_LINGER 0: no TIME_WAIT
	FIN = "fin" // close_notify and FIN, then wait for the server's FIN
)

// Job is all that a generator process needs, as one JSON line on its standard input. It answers with a line
// {"ready":true} when warm; a line "go" starts the measured stretch; then it writes its [Result].
type Job struct {
	Target      string            `json:"target"` // host:port
	ServerName  string            `json:"server_name"`
	Roots       []byte            `json:"roots"`                 // PEM
	Certificate []byte            `json:"certificate,omitempty"` // PEM; empty: the client has none to present
	Key         []byte            `json:"key,omitempty"`
	Spec        handshake.Spec    `json:"spec"`
	Load        Load              `json:"load"`
	Warmup      time.Duration     `json:"warmup_ns"` // closed loop with the same workers, dropped
	Seed        uint64            `json:"seed"`
	Close       string            `json:"close"`               // [RST] or [FIN]
	KeyLog      string            `json:"key_log,omitempty"`   // file to append an SSLKEYLOGFILE to; empty: none
	Timeout     time.Duration     `json:"timeout_ns,omitzero"` // of one handshake; zero: 10 s
	Delay       *Delay            `json:"delay,omitempty"`     // nil: none
	Turns       *Turns            `json:"turns,omitempty"`     // nil: none; needs [BatonIn] and [BatonOut]
	Timeline    bool              `json:"timeline,omitempty"`  // keep generations and a timeline
	Dialer      string            `json:"dialer"`              // who connects: stock, h3, spiffegrpc
	App         string            `json:"app"`                 // what the server speaks above TLS: plain, gateway, spiffegrpc
	Offer       []string          `json:"offer,omitempty"`     // ALPN protocols that the client offers; nil: the one of Spec, if any
	SPIFFE      *handshake.SPIFFE `json:"spiffe,omitempty"`    // of the dialer spiffegrpc; Roots, Certificate and Key stay empty
}

// Result is what the generator saw of one measured stretch. Times are nanoseconds; histograms hold confirmed
// handshakes of the asked shape only.
type Result struct {
	Ledger      handshake.ClientLedger `json:"ledger"`
	Wall        time.Duration          `json:"wall_ns"` // first due to last end; in turns: the sum of its own
	CPU         handshake.CPU          `json:"cpu"`
	Handshake   hist.Histogram         `json:"handshake"`
	Service     hist.Histogram         `json:"service"`
	Response    hist.Histogram         `json:"response"`
	Lateness    hist.Histogram         `json:"lateness"` // every handshake begun
	Delayed     []Delayed              `json:"delayed,omitempty"`
	BytesIn     uint64                 `json:"bytes_in"` // TCP payload of the confirmed ones
	BytesOut    uint64                 `json:"bytes_out"`
	NoPort      uint64                 `json:"no_port"` // EADDRNOTAVAIL: no free source address and port
	GOMAXPROCS  int                    `json:"gomaxprocs"`
	Began       time.Duration          `json:"began_ns"`              // by [handshake.Clock]: where the instants of Generations and Timeline count from
	Generations []Generation           `json:"generations,omitempty"` // in order of their number; only if the job asked for a timeline
	Timeline    []Slot                 `json:"timeline,omitempty"`    // likewise
	Seen        Identity               `json:"seen"`
}

// Generation is one of the server's leaves as full handshakes showed it.
type Generation struct {
	Number uint64        `json:"number"`   // serial number of the leaf
	Seen   uint64        `json:"seen"`     // full handshakes that were confirmed
	First  time.Duration `json:"first_ns"` // when the first of them was complete
	Last   time.Duration `json:"last_ns"`  // when the last of them was
}

// Slot is a stretch of a timeline: at most 400 slots make a block, all of one length, and those in which no handshake
// ended are left out.
type Slot struct {
	At        time.Duration `json:"at_ns"` // its begin
	Length    time.Duration `json:"length_ns"`
	Confirmed uint64        `json:"confirmed"` // handshakes that ended in it
	Failed    uint64        `json:"failed,omitempty"`
	Median    time.Duration `json:"response_p50_ns"` // response time of the confirmed ones; zero: there are none
	Worst     time.Duration `json:"response_max_ns"`
	Oldest    uint64        `json:"oldest"` // generation that a full handshake showed
	Newest    uint64        `json:"newest"`
}

// Identity is what the generator process is, to prove that it is always the same std build.
type Identity struct {
	Go      string `json:"go"`
	GODEBUG string `json:"godebug"`
	Boring  bool   `json:"boring"`
	FIPS140 bool   `json:"fips140"`
}
