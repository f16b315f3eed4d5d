// Package metric names what the lab measures: unit, which way is better, and how close is the same.
package metric

import "slices"

// Family groups metrics that are corrected together and decided in order: exact before CPU before latency.
type Family string

const (
	Exact   Family = "exact"
	CPU     Family = "cpu"
	Rate    Family = "rate"
	Latency Family = "latency"
)

// Metric is one number of a block. Values are in Unit, never scaled: seconds, bytes, counts, per handshake or per
// second.
type Metric struct {
	Name   string  // as scenarios and reports write it: server_cpu
	Unit   string  // s/handshake, handshake/s, s, allocs/handshake, B/handshake, share. In cells of kind live, per handshake is per call
	Title  string  // for people: server CPU per handshake
	Higher bool    // more is better
	Margin float64 // ratios this close to 1 are the same to us: 0.02 is 2 %
	Family Family
}

// Counted lists the metrics that are counted once for each cell and variant (package exact), not timed block by block.
// Their margins are what equal sources never differ by.
func Counted() []Metric {
	return []Metric{
		{"instructions", "instructions/handshake", "server instructions per handshake, where only their sum is known", false, 0.005, Exact},
		{"client_instructions", "instructions/handshake", "client instructions per handshake, where only their sum is known", false, 0.005, Exact},
		{"instructions.crypto", "instructions/handshake", "server instructions in cryptography per handshake", false, 0.002, Exact},
		{"instructions.other", "instructions/handshake", "server instructions outside of cryptography and runtime per handshake", false, 0.005, Exact},
		{"instructions.runtime", "instructions/handshake", "server instructions in the runtime per handshake", false, 0.05, Exact},
		{"client_instructions.crypto", "instructions/handshake", "client instructions in cryptography per handshake", false, 0.002, Exact},
		{"client_instructions.other", "instructions/handshake", "client instructions outside of cryptography and runtime per handshake", false, 0.01, Exact},
		{"counted.allocs", "allocs/handshake", "server allocations per handshake, counted", false, 0.005, Exact},
		{"counted.alloc_bytes", "B/handshake", "server bytes allocated per handshake, counted", false, 0.005, Exact},
		{"counted.wire_bytes", "B/handshake", "bytes on the wire per handshake, both ways, counted", false, 0.001, Exact},
		{"syscalls", "calls/handshake", "system calls on sockets per handshake, server", false, 0.005, Exact},
	}
}

// All lists the metrics in the order in which reports show them. Two of them explain rather than cost, and stand last:
// how long goroutines of the server waited for mutexes, which may be zero, and how much of the server's CPU time was
// spent within TLS, which is known only of blocks that were profiled.
func All() []Metric {
	return []Metric{
		{"server_cpu", "s/handshake", "server CPU per handshake", false, 0.02, CPU},
		{"client_cpu", "s/handshake", "client CPU per handshake", false, 0.02, CPU},
		{"server_allocs", "allocs/handshake", "server allocations per handshake", false, 0.005, Exact},
		{"server_alloc_bytes", "B/handshake", "server bytes allocated per handshake", false, 0.005, Exact},
		{"wire_bytes", "B/handshake", "TCP payload per handshake, both ways", false, 0.005, Exact},
		{"handshake_rate", "handshake/s", "handshakes per second", true, 0.03, Rate},
		{"handshake_p50", "s", "handshake time p50", false, 0.10, Latency},
		{"handshake_p90", "s", "handshake time p90", false, 0.10, Latency},
		{"handshake_p99", "s", "handshake time p99", false, 0.10, Latency},
		{"handshake_max", "s", "handshake time max", false, 0.10, Latency},
		{"service_p50", "s", "service time p50", false, 0.10, Latency},
		{"service_p90", "s", "service time p90", false, 0.10, Latency},
		{"service_p99", "s", "service time p99", false, 0.10, Latency},
		{"service_max", "s", "service time max", false, 0.10, Latency},
		{"response_p50", "s", "response time p50", false, 0.10, Latency},
		{"response_p90", "s", "response time p90", false, 0.10, Latency},
		{"response_p99", "s", "response time p99", false, 0.10, Latency},
		{"response_max", "s", "response time max", false, 0.10, Latency},
		{"lock_wait", "s/handshake", "mutex wait per handshake, server", false, 0.25, CPU},
		{"tls_share", "share", "TLS share of the server's CPU", false, 0.05, CPU},
	}
}

// ByName finds a metric.
func ByName(name string) (Metric, bool) {
	for _, m := range slices.Concat(All(), Counted()) {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}
