package scenarios

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results"
)

const (
	defaultGroups      = 10
	defaultSpare       = 4
	defaultWarmup      = 500 * time.Millisecond
	defaultLength      = time.Second // of a closed loop that sets no end
	defaultOpenWorkers = 64
	defaultMax         = 400
	defaultNull        = "auto"
	defaultExact       = "none"
	defaultPrimitives  = "none"
)

func defaultServer() Server { return Server{App: plain, Tickets: true} }

func defaultClient() Client {
	return Client{Dialer: "auto", Verify: "every", Certificate: "auto", Close: "rst"}
}

func defaultObserve() Observe { return Observe{Mode: "none"} }

// layers are the names of the eBPF observer's layers.
func layers() []string {
	return []string{"syscalls", "scheduler", "goroutines", "network", "files", "sampling"}
}

func defaultLimits() results.Limits {
	return results.Limits{GeneratorCPU: 0.85, Lateness: time.Millisecond, Steal: 0.05, Steady: 0.25}
}

func defaultDimensions() dimensions {
	return dimensions{
		kinds:      []handshake.Kind{handshake.Full},
		groups:     []handshake.Group{handshake.X25519MLKEM768},
		signatures: []handshake.Signature{handshake.ECDSAP256},
		mutual:     []bool{false},
		alpn:       []string{""},
		suites:     []handshake.Suite{0},
	}
}

// defaultName is the file's name without folder and ending, if that is a name.
func defaultName(file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	base = strings.TrimSuffix(strings.TrimSuffix(base, path.Ext(base)), ".tlslab")
	if nameShape.MatchString(base) {
		return base
	}
	return "scenario"
}

// Setting is one setting of a scenario as the file would write it.
type Setting struct {
	Key   string `json:"key"` // client.close
	Value string `json:"value"`
}

// Defaults lists the settings that have their default, whether or not the file says so too.
func (s *Scenario) Defaults() []Setting {
	standard := &Scenario{
		Server: defaultServer(), Client: defaultClient(), Groups: defaultGroups, Spare: defaultSpare, Warmup: defaultWarmup,
		Limits: defaultLimits(), Observe: defaultObserve(), matrix: matrix{dimensions: defaultDimensions(), max: defaultMax},
		Confirm: true, Null: defaultNull, Exact: defaultExact, Primitives: defaultPrimitives,
	}
	theirs := standard.settings()
	var same []Setting
	for i, mine := range s.settings() {
		if mine == theirs[i] {
			same = append(same, mine)
		}
	}
	return same
}

// settings lists everything that has a default of its own, in the order of the format.
func (s *Scenario) settings() []Setting {
	m := s.matrix
	return []Setting{
		{"server.app", s.Server.App},
		{"server.listen", or(s.Server.Listen, "a free port of 127.0.0.1")},
		{"server.alpn", or(strings.Join(s.Server.ALPN, ", "), protocolsOf(s.Server.App))},
		{"server.tickets.enabled", fmt.Sprint(s.Server.Tickets)},
		{"server.tickets.rotate", lengthOr(s.Server.Rotate, "never")},
		{"server.cpus", cpusOr(s.Server.CPUs, "chosen by the lab")},
		{"server.gomaxprocs", numberOr(s.Server.GOMAXPROCS, "Go's default")},
		{"server.accel", or(s.Server.Accel, "std")},
		{"server.plant", plantOr(s.Server.Plant, "none")},
		{"server.reload", reloadOr(s.Server.Reload, "none")},
		{"disturb", or(disturbWords(s.disturb), "none")},
		{"cells.kind", names(m.kinds)},
		{"cells.group", names(m.groups)},
		{"cells.signature", names(m.signatures)},
		{"cells.mutual", names(m.mutual)},
		{"cells.alpn", names(spelled(m.alpn))},
		{"cells.suite", strings.ReplaceAll(names(m.suites), handshake.Suite(0).String(), "any")},
		{"cells.max", fmt.Sprint(m.max)},
		{"client.dialer", s.Client.Dialer},
		{"client.verify", s.Client.Verify},
		{"client.certificate", s.Client.Certificate},
		{"client.close", s.Client.Close},
		{"client.cpus", cpusOr(s.Client.CPUs, "chosen by the lab")},
		{"blocks.order", orderOf(s)},
		{"blocks.groups", groupsWords(s.Looks, s.Groups)},
		{"blocks.spare", fmt.Sprint(s.Spare)},
		{"blocks.warmup", lengthOr(s.Warmup, "0s")},
		{"blocks.confirm", fmt.Sprint(s.Confirm)},
		{"blocks.null_control", s.Null},
		{"guards.ledgers", "equal"},
		{"guards.shape", "exact"},
		{"guards.generator_cpu", "< " + percent(s.Limits.GeneratorCPU)},
		{"guards.lateness", "p(99) < " + s.Limits.Lateness.String()},
		{"guards.steal", "< " + percent(s.Limits.Steal)},
		{"guards.steady", "< " + percent(s.Limits.Steady)},
		{"instruments.pprof", fmt.Sprint(s.Profile)},
		{"instruments.observe", s.Observe.Mode},
		{"instruments.layers", or(names(s.Observe.Layers), "all")},
		{"instruments.plants", fmt.Sprint(s.Observe.Plants)},
		{"instruments.exact", s.Exact},
		{"instruments.primitives", s.Primitives},
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func lengthOr(d time.Duration, otherwise string) string {
	if d == 0 {
		return otherwise
	}
	return d.String()
}

func numberOr(n int, otherwise string) string {
	if n == 0 {
		return otherwise
	}
	return fmt.Sprint(n)
}

// protocolsOf says which protocols a server of an app offers where it is not told.
func protocolsOf(app string) string {
	if app == plain {
		return "none"
	}
	return "those of the app " + app
}

func groupsWords(looks []int, groups int) string {
	if looks == nil {
		return fmt.Sprint(groups)
	}
	return "looks after " + names(looks)
}

// plantOr writes a plant as the file does.
func plantOr(p *server.Plant, otherwise string) string {
	if p == nil {
		return otherwise
	}
	words := "work " + p.Component
	if p.Count > 0 {
		words += fmt.Sprintf(", count %d", p.Count)
	}
	if p.Size > 0 {
		words += ", size " + p.Size.String()
	}
	if p.Every > 1 {
		words += fmt.Sprintf(", every %d", p.Every)
	}
	return words
}

func cpusOr(cpus []int, otherwise string) string {
	if len(cpus) == 0 {
		return otherwise
	}
	return strings.Trim(fmt.Sprint(cpus), "[]")
}

func percent(share float64) string { return fmt.Sprintf("%.4g%%", share*100) }

func names[T any](all []T) string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

// spelled writes the absence of a protocol as the file does.
func spelled(alpn []string) []string {
	alpn = slices.Clone(alpn)
	for i, p := range alpn {
		alpn[i] = or(p, "none")
	}
	return alpn
}

func orderOf(s *Scenario) string {
	if s.Turn > 0 {
		return "turns of " + s.Turn.String()
	}
	return "abba"
}
