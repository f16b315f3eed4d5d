package scenarios

import (
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/handshake/server"
)

// Bounds of what a server plants.
const (
	mostPlantCount = 1 << 20
	mostPlantBytes = 1 << 15
	mostPlantSize  = 10 * time.Second
)

// plant decodes the work that a server does on purpose.
func (d *decoder) plant(n *yaml.Node, s *Server) {
	p := &server.Plant{}
	before := len(d.found)
	d.mapping(n, "plant",
		field{"work", value(d, &p.Component, oneOf("work", "burn", "alloc", "lock", "sleep", "syscall", "bytes"))},
		field{"count", d.whole(&p.Count, 1, mostPlantCount)},
		field{"size", value(d, &p.Size, readSpan)},
		field{"every", d.whole(&p.Every, 1, mostPlantCount)},
	)
	if len(d.found) > before {
		return
	}
	timed := p.Component == "lock" || p.Component == "sleep"
	switch {
	case p.Component == "":
		d.add(at(n), "", `a plant needs "work"`)
	case timed && (p.Size == 0 || p.Count != 0):
		d.add(at(n), "", `work that waits, %s, has a "size" and no "count"`, p.Component)
	case timed && p.Size > mostPlantSize:
		d.add(at(n), "", `work that waits, %s, lasts for a "size" of at most %s`, p.Component, mostPlantSize)
	case !timed && (p.Count == 0 || p.Size != 0):
		d.add(at(n), "", `work that is counted, %s, has a "count" and no "size"`, p.Component)
	case p.Component == "bytes" && p.Count > mostPlantBytes:
		d.add(at(n), "", "%d bytes are more than the %d allowed", p.Count, mostPlantBytes)
	default:
		s.Plant = p
	}
}
