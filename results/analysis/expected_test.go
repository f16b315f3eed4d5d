package analysis

import (
	"testing"
	"time"

	"github.com/tlslab/tlslab/results"
)

func TestExpected(t *testing.T) {
	entry := func(line int, until string, edit func(*results.Expected)) results.Expected {
		e := results.Expected{Metric: "server_cpu", Until: until, Line: line}
		edit(&e)
		return e
	}
	always := func(*results.Expected) {}
	of := func(candidate string) func(*results.Expected) {
		return func(e *results.Expected) { e.Candidate = candidate }
	}
	in := func(cell map[string]string) func(*results.Expected) {
		return func(e *results.Expected) { e.Cell = cell }
	}
	noon := time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name    string
		started time.Time
		all     []results.Expected
		line    int // of the entry that is found; 0: none
		expired bool
	}{
		{"none", noon, nil, 0, false},
		{"any", noon, []results.Expected{entry(1, "2027-01-31", always)}, 1, false},
		{"last day", noon, []results.Expected{entry(1, "2026-12-31", always)}, 1, false},
		{"last moment", time.Date(2026, 12, 31, 23, 59, 59, 999999999, time.UTC), []results.Expected{entry(1, "2026-12-31", always)}, 1, false},
		{"day after", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), []results.Expected{entry(1, "2026-12-31", always)}, 1, true},
		{"day after elsewhere", time.Date(2027, 1, 1, 0, 30, 0, 0, time.FixedZone("CET", 3600)), []results.Expected{entry(1, "2026-12-31", always)}, 1, false},
		{"no day", noon, []results.Expected{entry(1, "2027-2-30", always)}, 1, true},
		{"candidate", noon, []results.Expected{entry(1, "2027-01-31", of("branch"))}, 1, false},
		{"another candidate", noon, []results.Expected{entry(1, "2027-01-31", of("std-v3"))}, 0, false},
		{"another metric", noon, []results.Expected{entry(1, "2027-01-31", func(e *results.Expected) { e.Metric = "service_p99" })}, 0, false},
		{"cell", noon, []results.Expected{entry(1, "2027-01-31", in(map[string]string{"kind": "full", "mutual": "false", "alpn": "none", "suite": "any", "load": "steady"}))}, 1, false},
		{"another cell", noon, []results.Expected{entry(1, "2027-01-31", in(map[string]string{"kind": "full", "group": "P-384"}))}, 0, false},
		{"no dimension", noon, []results.Expected{entry(1, "2027-01-31", in(map[string]string{"curve": ""}))}, 0, false},
		{"one expired", noon, []results.Expected{entry(1, "2026-12-30", always), entry(2, "2026-12-31", always)}, 2, false},
		{"both expired", noon, []results.Expected{entry(1, "2026-12-30", always), entry(2, "2026-12-29", always)}, 1, true},
	} {
		m, _ := atWork()
		m.Started, m.Expected = tt.started, tt.all
		found, expired := expectedOf(m, m.Cells[0], "server_cpu", "branch")
		line := 0
		if found != nil {
			line = found.Line
		}
		if line != tt.line || expired != tt.expired {
			t.Errorf("%s: got the one of line %d, expired %v, want %d, %v", tt.name, line, expired, tt.line, tt.expired)
		}
	}
}
