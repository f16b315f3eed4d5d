package scenarios

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v4"
)

// mostLooks bounds the looks: each takes its share of the error, and of more than a few nothing is left.
const mostLooks = 10

// mostGroupsOfCell bounds the groups of one cell.
const mostGroupsOfCell = 1000

func (d *decoder) blocks(n *yaml.Node, s *Scenario) {
	order, turn := "abba", defaultTurn
	var seed uint64
	d.mapping(n, "blocks",
		field{"order", value(d, &order, oneOf("order", "abba", "turns"))},
		field{"turn", value(d, &turn, readTurn)},
		field{"groups", func(n *yaml.Node) { d.groups(n, s) }},
		field{"spare", d.whole(&s.Spare, 0, mostGroupsOfCell)},
		field{"warmup", value(d, &s.Warmup, readLength)},
		field{"confirm", d.boolean(&s.Confirm)},
		field{"null_control", value(d, &s.Null, oneOf("null_control", "auto", "on", "off"))},
		field{"seed", func(n *yaml.Node) {
			s.Seed = &seed
			typed(d, &seed, "a whole number", []string{"!!int"}, readSeed)(n)
		}},
	)
	if len(s.Looks) > 1 {
		d.spareLooks(under(n, "spare"), s)
	}
	if order == "turns" {
		s.Turn = turn
	} else if given := under(n, "turn"); given != nil {
		d.add(at(given), "add order: turns", "blocks take no turns")
	}
	s.turnsAt = at(n)
}

// defaultTurn is short against the time in which a shared machine changes its speed, and long against a handshake.
const defaultTurn = 50 * time.Millisecond

// readTurn reads the length of a turn.
func readTurn(s string) (time.Duration, error) {
	turn, err := readLength(s)
	if err == nil && (turn < 5*time.Millisecond || turn > 10*time.Second) {
		return 0, wrong("50ms is usual", "a turn of %s: it is 5ms to 10s", clip(s))
	}
	return turn, err
}

// lintTurns refuses what cannot be measured in turns.
func (d *decoder) lintTurns(s *Scenario) {
	if s.Turn == 0 {
		return
	}
	if len(s.Variants) > 2 {
		d.add(s.turnsAt, "use order: abba", "two variants take turns, and there are %d", len(s.Variants))
	}
	if s.Observe.On() {
		d.add(s.turnsAt, "use order: abba, or observe: none", "observed blocks take no turns")
	}
	for _, l := range s.Loads {
		if l.Handshakes > 0 {
			d.add(s.turnsAt, "use order: abba, or a length", "a closed loop that takes turns has a length, not a number of handshakes")
			return
		}
	}
}

// spareLooks leaves no spare groups where there are several looks: a cell that lost groups goes on to the next one.
func (d *decoder) spareLooks(n *yaml.Node, s *Scenario) {
	if n != nil && s.Spare > 0 {
		d.add(at(n), "leave spare out", "with several looks there are no spare groups: a cell that lost some goes on to the next look")
	}
	s.Spare = 0
}

// groups decodes a number of groups, or the looks after which so many may be enough.
func (d *decoder) groups(n *yaml.Node, s *Scenario) {
	if n.Kind != yaml.MappingNode {
		d.whole(&s.Groups, 1, mostGroupsOfCell)(n)
		return
	}
	var least, most int
	var looks []int
	before := len(d.found)
	d.mapping(n, "groups",
		field{"min", d.whole(&least, 1, mostGroupsOfCell)},
		field{"max", d.whole(&most, 1, mostGroupsOfCell)},
		field{"looks", members(d, &looks, "looks", func(l *int) func(*yaml.Node) { return d.whole(l, 1, mostGroupsOfCell) })},
	)
	if len(d.found) > before {
		return
	}
	if looks == nil {
		d.add(at(n), `write "looks: [10, 20, 40]"`, `groups need their "looks"`)
		return
	}
	place := at(under(n, "looks"))
	switch first, last := looks[0], looks[len(looks)-1]; {
	case len(looks) > mostLooks:
		d.add(place, "", "%d looks are more than the %d allowed", len(looks), mostLooks)
	case !slices.IsSorted(looks):
		d.add(place, "", "looks must increase")
	case least != 0 && least != first:
		d.add(at(under(n, "min")), "leave min out", "the first look is after %s, but min is %d", plural(first, "group"), least)
	case most != 0 && most != last:
		d.add(at(under(n, "max")), "leave max out", "the last look is after %s, but max is %d", plural(last, "group"), most)
	default:
		s.Looks, s.Groups = looks, last
	}
}
