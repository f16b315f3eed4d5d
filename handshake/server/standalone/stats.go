package standalone

import (
	"runtime"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake"
	plain "github.com/tlslab/tlslab/handshake/server"
)

// Stats is the answer to STATS.
type Stats struct {
	Goroutines  uint64        `json:"goroutines"`
	HeapObjects uint64        `json:"heap_objects"` // after two collections, as is HeapLive
	HeapLive    uint64        `json:"heap_live_bytes"`
	MutexWait   time.Duration `json:"mutex_wait_ns"` // of all goroutines, since the start
	Handshakes  uint64        `json:"handshakes"`    // of both planes, since the start
	Resumed     uint64        `json:"resumed"`       // of these
	PeerOK      uint64        `json:"peer_ok"`       // dials that the peer confirmed
	PeerFailed  uint64        `json:"peer_failed"`
}

func (s *server) stats() (string, error) {
	runtime.GC()
	runtime.GC() // what the first one found finalizers for
	m := []metrics.Sample{
		{Name: "/sched/goroutines:goroutines"},
		{Name: "/gc/heap/objects:objects"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/sync/mutex/wait/total:seconds"},
	}
	metrics.Read(m)
	return inLine(Stats{
		m[0].Value.Uint64(), m[1].Value.Uint64(), m[2].Value.Uint64(),
		time.Duration(m[3].Value.Float64() * float64(time.Second)),
		s.handshakes.Load(), s.resumed.Load(), s.dialled.Load(), s.undialled.Load(),
	})
}

// published takes the publications since the last time out of the book.
func (s *server) published() (string, error) {
	clock := handshake.NewClock()
	all := []plain.Published{}
	for _, p := range s.book.Harvest() {
		all = append(all, plain.Published{Generation: p.Generation, At: clock.When(p.At), Took: p.Took})
	}
	return inLine(all)
}

// metrics is OpenMetrics text: lines until "# EOF".
func (s *server) metrics() (string, error) {
	var text strings.Builder
	err := s.book.Ledger().WriteOpenMetrics(&text)
	return strings.TrimSuffix(text.String(), "\n"), err
}
