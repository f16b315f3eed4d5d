package scenarios

import (
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
)

// Experiment is what a scenario may say of an experiment: its name, and what its claims may name. The packages that carry
// experiments out have weighty dependencies, which the reader of a file does without; a test of the command holds this
// list against theirs.
type Experiment struct {
	Name  string
	Takes time.Duration // about
	Arms  []string

	Seconds, Shares, Bytes, Counts []string // measures, by what they are numbers of; an arm may lack some
}

// Experiments lists what there is, in the order in which experiments are made.
func Experiments() []Experiment { return slices.Concat(identityExperiments(), edgeExperiments()) }

func identityExperiments() []Experiment {
	ages := these("oldest_age age_full_max age_resumed_max age_live_max")
	return []Experiment{
		{
			Name: "push", Takes: 110 * time.Second, Arms: these("agent"),
			Counts:  these("rotations rpcs expired_rpcs failed_rpcs failed_handshakes"),
			Seconds: these("push_p50 push_p99 push_max handshake_p50 handshake_p99 handshake_max"), Shares: these("spread"),
		},
		{
			Name: "resumption", Takes: 20 * time.Second, Arms: these("default off recheck epoch"),
			Counts:  these("stale_accepts stale_accepts_bundle stale_accepts_policy resumed attempts"),
			Seconds: append(these("last_stale full_cpu resumed_cpu"), ages...),
		},
		{
			Name: "live", Takes: 110 * time.Second, Arms: these("no-limit 2x-ttl ttl half-ttl quarter-ttl quarter-ttl-resumed expiry"),
			Counts: these("rpcs expired_rpcs failed_rpcs reconnects"), Seconds: ages,
		},
		{Name: "keepalive", Takes: 50 * time.Second, Arms: these("off 10s 2s 1s"), Seconds: these("detected_after"), Counts: these("idle_pings")},
		{
			Name: "outage", Takes: 85 * time.Second, Arms: these("3.5s 20s 3.5s-reference 20s-reference"), Seconds: these("recovery"),
			Counts: these("failed_handshakes expired_served ready_before_expiry leaked_goroutines"),
		},
		{
			Name: "start", Takes: 12 * time.Second, Arms: these("no-agent denied empty external"), Counts: these("served"),
			Seconds: these("refused_after identified_after ready_after"),
		},
		{
			Name: "breaker", Takes: 80 * time.Second, Arms: these("off on on-replaced socket-rule"), Seconds: these("isolated_after"),
			Counts: these("false_positives calls_before_isolation calls_after_isolation"),
		},
		{
			Name: "storm", Takes: time.Minute, Arms: these("rotations outages"),
			Counts: these("count failed goroutines_before goroutines_after descriptors_before descriptors_after goroutines_grown descriptors_grown"),
			Bytes:  these("heap_before heap_after heap_grown"),
		},
		{
			Name: "staples", Takes: 45 * time.Second, Arms: these("default verifying"), Bytes: these("staple_bytes"),
			Counts: these("accepted_good accepted_revoked accepted_stale accepted_wrong_serial accepted_missing refreshes failed_handshakes"),
		},
		{
			Name: "federation", Takes: 5 * time.Second, Arms: these("federated unfederated removed cross-signed stale-bundle"),
			Counts: these("accepted refused accepted_before accepted_by_chain accepted_after_refresh"), Seconds: these("refused_after accepted_again_after"),
		},
		{
			Name: "jwt", Takes: 5 * time.Second, Arms: these("good wrong-audience expired expired-lately foreign-domain tampered"),
			Counts: these("accepted refused accepted_by_agent"),
		},
		{
			Name: "sources", Takes: 150 * time.Second, Arms: these("files files-shipped workload-api in-process"),
			Seconds: these("issue_to_first_p50 issue_to_first_p99 issue_to_first_max cpu_per_rotation"),
			Counts:  these("unseen failed_handshakes served_through_outage expired_after_outage accepted_expired"),
		},
	}
}

func edgeExperiments() []Experiment {
	return []Experiment{
		{
			Name: "parity", Takes: 25 * time.Second, Arms: these("gateway memory"), Counts: these("rotations failed_handshakes"),
			Seconds: these("h1_p50 h1_p99 h1_max h2_p50 h2_p99 h2_max h3_p50 h3_p99 h3_max gap_p50 gap_p99 gap_max"),
		},
		{
			Name: "hellos", Takes: 2 * time.Second, Counts: these("accepted refused"),
			Arms: these("no-sni no-alpn unknown-alpn h2-only-server-http11 h3-over-tcp h3-over-tcp-unlisted quic-no-alpn quic-h2"),
		},
		{
			Name: "early", Takes: 10 * time.Second, Arms: these("quic"),
			Counts:  these("full resumed early stale_leaf early_after_restart fell_back asked_again"),
			Seconds: these("full_cpu resumed_cpu early_cpu full_wall_p50 resumed_wall_p50 early_wall_p50"),
		},
		{
			Name: "blocked", Takes: 30 * time.Second, Arms: these("64 1024 net/http-64 net/http-1024 one-lock"),
			Counts: these("handshakes"), Seconds: these("lock_wait"), Shares: these("blocked_share blocked_in_conn_share"),
		},
		{Name: "keepalive-get", Takes: 5 * time.Second, Arms: these("net/http close"), Counts: these("requests handshakes")},
		{Name: "nextproto", Takes: time.Second, Arms: these("default custom-map"), Counts: these("h2")},
		{
			Name: "health", Takes: 12 * time.Second, Arms: these("static health"),
			Seconds: these("switched_after back_after"), Counts: these("switched failed_handshakes"),
		},
		{
			Name: "config-for-client", Takes: 25 * time.Second, Arms: these("none static clone swapped"),
			Seconds: these("cpu"), Counts: these("cpu_ratio allocs stale"),
		},
		{
			Name: "reload", Takes: 45 * time.Second, Arms: reload.Names(), Seconds: these("rename_after in_place_after"),
			Counts: these("hard_link_adopted older_mtime_adopted expired_adopted failed_handshakes back_after_crash"),
		},
	}
}

func these(text string) []string { return strings.Fields(text) }

// Measures are the names of all measures.
func (e Experiment) Measures() []string { return slices.Concat(e.Counts, e.Seconds, e.Shares, e.Bytes) }

// quantity is what a measure is a number of.
func (e Experiment) quantity(measure string) quantity {
	switch {
	case slices.Contains(e.Seconds, measure):
		return times
	case slices.Contains(e.Shares, measure):
		return shares
	case slices.Contains(e.Bytes, measure):
		return sizes
	}
	return numbers
}

// experiment finds an experiment by name.
func experiment(name string) (Experiment, bool) {
	all := Experiments()
	if i := slices.IndexFunc(all, func(e Experiment) bool { return e.Name == name }); i >= 0 {
		return all[i], true
	}
	return Experiment{}, false
}

func experimentNames() (all []string) {
	for _, e := range Experiments() {
		all = append(all, e.Name)
	}
	return all
}

// experimentsTime is about how long the experiments take.
func (p *Plan) experimentsTime() (total time.Duration) {
	for _, name := range p.Experiments {
		if e, ok := experiment(name); ok {
			total += e.Takes
		}
	}
	return total
}
