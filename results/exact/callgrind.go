package exact

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ReadCallgrind reads a profile that valgrind's callgrind wrote under --dump-instr=yes, and sums by package how many
// instructions were executed; packageOf tells the import path of the code at an address (see [Text]).
//
// The names of functions in the profile are not used, nor is what calls cost. Callgrind finds out which function it is
// in by following calls and returns, and a switch of goroutines is neither: then it books instructions on a function
// that they do not belong to. Their addresses are right.
//
// The error names the line of a profile that is not as valgrind's manual describes the format (version 1), or says
// that its parts are not the sum that it gives itself.
func ReadCallgrind(r io.Reader, packageOf func(address uint64) string) (map[string]uint64, error) {
	p := callgrind{packageOf: packageOf, packages: map[string]uint64{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxCallgrindLine)
	for lines.Scan() {
		p.line++
		if err := p.read(strings.TrimSpace(lines.Text())); err != nil {
			return nil, fmt.Errorf("callgrind profile, line %d: %w", p.line, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("callgrind profile, line %d: %w", p.line+1, err)
	}
	if err := p.whole(); err != nil {
		return nil, fmt.Errorf("callgrind profile: %w", err)
	}
	return p.packages, nil
}

const maxCallgrindLine = 1 << 20 // names of generic functions are long

// callgrind is a profile that is being read.
type callgrind struct {
	line      int
	packageOf func(address uint64) string
	positions int    // columns before the costs; zero: not known yet
	events    int    // columns of costs
	column    int    // of the instructions among the costs
	address   uint64 // of the last costs
	call      bool   // the next costs are those of a call
	packages  map[string]uint64
	sum       uint64
	totals    uint64
	ended     bool
}

// keys are those of lines that say what function and file the costs below belong to, and which one it calls.
var keys = []string{"ob", "fl", "fi", "fe", "fn", "cob", "cfi", "cfl", "cfn"}

func (p *callgrind) read(line string) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	if strings.IndexByte("0123456789+-*", line[0]) >= 0 {
		return p.cost(strings.Fields(line))
	}
	name, _, assigned := strings.Cut(line, "=")
	switch {
	case assigned && slices.Contains(keys, name):
		return nil
	case assigned && name == "calls":
		p.call = true
		return nil
	}
	if name, value, ok := strings.Cut(line, ":"); ok && !strings.ContainsAny(name, " =") {
		return p.header(name, strings.Fields(value))
	}
	return fmt.Errorf("what is %q", shortened(line))
}

func (p *callgrind) header(name string, values []string) (err error) {
	switch name {
	case "version":
		if !slices.Equal(values, []string{"1"}) {
			return fmt.Errorf("version %q of the format, not 1", values)
		}
	case "positions":
		if p.positions = len(values); p.positions == 0 || values[0] != "instr" {
			return fmt.Errorf("positions %q, no addresses (instr) among them", values)
		}
	case "events":
		p.events, p.column = len(values), slices.Index(values, "Ir")
		if p.column < 0 {
			return fmt.Errorf("events %q, no instructions (Ir) among them", values)
		}
	case "totals":
		if len(values) <= p.column {
			return errors.New("totals without instructions")
		}
		p.totals, err = p.instructions(values)
		p.ended = true
	}
	return err
}

// cost adds a line of costs to the package that it belongs to, unless it is what a call cost. Either moves on to its
// address.
func (p *callgrind) cost(fields []string) (err error) {
	if p.positions == 0 {
		return errors.New("costs before the positions")
	}
	if len(fields) < p.positions {
		return errors.New("costs without their place")
	}
	if p.address, err = relative(p.address, fields[0]); err != nil {
		return err
	}
	n, err := p.instructions(fields[p.positions:])
	if err != nil || p.call {
		p.call = false
		return err
	}
	if p.sum+n < p.sum {
		return errors.New("more instructions than can be counted")
	}
	p.packages[p.packageOf(p.address)] += n
	p.sum += n
	return nil
}

// relative is the position that a field means: a number, a difference from the one before, or * for the same.
func relative(before uint64, field string) (uint64, error) {
	switch field[0] {
	case '*':
		return before, nil
	case '+', '-':
		n, err := strconv.ParseUint(field[1:], 0, 64)
		if field[0] == '-' {
			n = -n
		}
		return before + n, err
	}
	return strconv.ParseUint(field, 0, 64)
}

// instructions is one of the columns of costs. Those that are left out at the end are zero.
func (p *callgrind) instructions(costs []string) (uint64, error) {
	if p.events == 0 || len(costs) > p.events {
		return 0, fmt.Errorf("costs of %d events, where there are %d", len(costs), p.events)
	}
	if p.column >= len(costs) {
		return 0, nil
	}
	return strconv.ParseUint(costs[p.column], 10, 64)
}

// whole checks the parts against the sum, which ends the profile: a counter that was killed leaves none.
func (p *callgrind) whole() error {
	switch {
	case !p.ended:
		return errors.New("it has no totals: the counted program did not end as it should")
	case p.sum != p.totals:
		return fmt.Errorf("its parts come to %d instructions, its totals to %d", p.sum, p.totals)
	}
	return nil
}

func shortened(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
