package scenarios

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/loadgen"
)

// loads decodes one load or a list of them. A load with several numbers of workers is as many loads.
func (d *decoder) loads(n *yaml.Node) []loadgen.Load {
	var all []loadgen.Load
	seen := map[string]bool{}
	several := n.Kind == yaml.SequenceNode && len(n.Content) > 1
	d.each(n, "load", func(n *yaml.Node) {
		for _, l := range d.load(n, several) {
			if seen[l.Name] {
				d.add(at(n), "", "two loads are named %q", l.Name)
			}
			seen[l.Name] = true
			all = append(all, l)
		}
	})
	return all
}

// loadDraft is what a load's mapping says, before its parts are held against each other.
type loadDraft struct {
	loadgen.Load
	workers []int
	rate    float64
	given   map[string]*yaml.Node // values of the keys whose use depends on the loop
}

func (d *decoder) load(n *yaml.Node, several bool) []loadgen.Load {
	l := loadDraft{given: map[string]*yaml.Node{}}
	l.Loop = loadgen.Closed
	var handshakes int
	before := len(d.found)
	d.mapping(n, "load",
		field{"name", value(d, &l.Name, readName)},
		field{"loop", value(d, &l.Loop, oneOf("loop", loadgen.Closed, loadgen.Open))},
		field{"workers", members(d, &l.workers, "workers", func(w *int) func(*yaml.Node) { return d.whole(w, 1, 4096) })},
		field{"handshakes", l.noting("handshakes", d.whole(&handshakes, 1, 1e9))},
		field{"length", l.noting("length", value(d, &l.Length, readSpan))},
		field{"arrival", l.noting("arrival", func(n *yaml.Node) { d.arrival(n, &l) })},
		field{"phases", l.noting("phases", func(n *yaml.Node) { d.phases(n, &l) })},
	)
	if len(d.found) > before {
		return nil
	}
	if several && l.Name == "" {
		d.add(at(n), "", `each of several loads needs a "name"`)
		return nil
	}
	l.Handshakes = uint64(handshakes)
	if l.Loop == loadgen.Open {
		d.open(n, &l)
	} else {
		d.closed(&l)
	}
	return l.perWorkers()
}

// noting remembers that a key was given, and where.
func (l *loadDraft) noting(key string, decode func(*yaml.Node)) func(*yaml.Node) {
	return func(n *yaml.Node) {
		l.given[key] = n
		decode(n)
	}
}

func (d *decoder) arrival(n *yaml.Node, l *loadDraft) {
	d.mapping(n, "arrival",
		field{"process", value(d, &l.Process, oneOf("process", loadgen.Constant, loadgen.Poisson))},
		field{"rate", value(d, &l.rate, readRate)},
	)
}

func (d *decoder) phases(n *yaml.Node, l *loadDraft) {
	d.list(n, "phases", func(n *yaml.Node) {
		p := loadgen.Phase{Rate: l.rate}
		before := len(d.found)
		d.mapping(n, "a phase",
			field{"name", value(d, &p.Name, readName)},
			field{"length", value(d, &p.Length, readSpan)},
			field{"rate", value(d, &p.Rate, readRate)},
		)
		switch {
		case len(d.found) > before:
		case p.Length == 0:
			d.add(at(n), "", `a phase needs a "length"`)
		case p.Rate == 0:
			d.add(at(n), "set it in the phase, or for all phases in arrival", `a phase needs a "rate"`)
		}
		l.Phases = append(l.Phases, p)
	})
}

// closed holds a closed loop's parts against each other: it ends after a length or a number of handshakes.
func (d *decoder) closed(l *loadDraft) {
	for _, key := range []string{"arrival", "phases"} {
		if n := l.given[key]; n != nil {
			d.add(at(n), `set "loop: open" for handshakes that fall due by a schedule`, "a closed loop has no %s", key)
		}
	}
	if n := l.given["handshakes"]; n != nil && l.Length > 0 {
		d.add(at(n), "", `a closed loop ends after "handshakes" or after "length", not both`)
	}
	if l.Length == 0 && l.Handshakes == 0 {
		l.Length = defaultLength
	}
	if l.workers == nil {
		l.workers = []int{1}
	}
}

// open holds an open loop's parts against each other: it ends with its last phase, and a length is one phase.
func (d *decoder) open(n *yaml.Node, l *loadDraft) {
	if h := l.given["handshakes"]; h != nil {
		d.add(at(h), `set "length" or "phases"`, "an open loop ends by its schedule, not after a number of handshakes")
	}
	switch length := l.given["length"]; {
	case length != nil && l.Phases != nil:
		d.add(at(length), "", `an open loop has "phases" or one "length", not both`)
	case l.Phases != nil:
	case length == nil:
		d.add(at(n), "", `an open loop needs a "length" or "phases"`)
	case l.rate == 0:
		d.add(at(n), `set "arrival: {rate: 400/s}"`, "an open loop needs a rate")
	default:
		l.Phases = []loadgen.Phase{{Length: l.Length, Rate: l.rate}}
	}
	l.Length = 0
	if total := scheduled(l.Load); total > mostLength {
		d.add(at(n), "", "the phases last %s together, more than 24h", total)
	}
	if l.Process == "" {
		l.Process = loadgen.Poisson
	}
	if l.workers == nil {
		l.workers = []int{defaultOpenWorkers}
	}
}

// scheduled is how long an open loop lasts. It saturates rather than overflows.
func scheduled(l loadgen.Load) (total time.Duration) {
	for _, p := range l.Phases {
		if total += p.Length; total > mostLength {
			return total
		}
	}
	return total
}

// perWorkers makes one load of each number of workers, and names them apart.
func (l *loadDraft) perWorkers() []loadgen.Load {
	var all []loadgen.Load
	for _, w := range l.workers {
		one := l.Load
		one.Workers = w
		if len(l.workers) > 1 {
			one.Name = fmt.Sprintf("w%d", w)
			if l.Name != "" {
				one.Name = l.Name + "-" + one.Name
			}
		}
		all = append(all, one)
	}
	return all
}
