package lab

import (
	"testing"
	"time"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/scenarios"
)

const twoCells = `
variants: [{name: a}, {name: b}]
cells: {kind: [full, resumed]}
load: {}
blocks: {groups: 3, spare: 2}
`

func TestSparesReplaceSpoiledGroups(t *testing.T) {
	scenario, err := scenarios.Parse("two.yaml", []byte(twoCells))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := scenario.Plan(1, scenarios.Machine{GOOS: "linux", GOARCH: "amd64", Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := &Run{plan: plan}
	measured := func(queue []scenarios.Block, disturb func(scenarios.Block) results.System) (blocks []results.Block) {
		for _, b := range queue {
			blocks = append(blocks, results.Block{Index: b.Index, Cell: plan.Cells[b.Cell].Name, Group: b.Group, System: disturb(b)})
		}
		return blocks
	}
	quiet := func(scenarios.Block) results.System { return results.System{Steal: 0.01} }
	if got := r.spares(plan.Blocks, measured(plan.Blocks, quiet)); len(got) != 0 {
		t.Errorf("a quiet run got %d spare blocks", len(got))
	}
	stolen := func(b scenarios.Block) results.System {
		return results.System{Steal: map[bool]float64{true: 0.5}[b.Cell == 1 && b.Group == 0 && b.Order < 2]}
	}
	got := r.spares(plan.Blocks, measured(plan.Blocks, stolen))
	if len(got) != 4 || got[0].Cell != 1 || got[0].Group != 3 {
		t.Fatalf("one spoiled group got %v", got)
	}
	queue := append(plan.Blocks, got...)
	if again := r.spares(queue, measured(queue, stolen)); len(again) != 0 {
		t.Errorf("the spare group was quiet, but %v follow", again)
	}
	observed := measured(plan.Blocks, stolen)
	for i := range observed {
		observed[i].Observed = true
	}
	if again := r.spares(plan.Blocks, observed); len(again) != 0 {
		t.Errorf("only observed blocks were disturbed, but %v follow", again)
	}
	throttled := func(scenarios.Block) results.System { return results.System{Throttled: time.Second} }
	queue = append(plan.Blocks, plan.Spares...)
	if got := r.spares(queue, measured(queue, throttled)); len(got) != 0 {
		t.Errorf("there are no more spares, but %v follow", got)
	}
}
