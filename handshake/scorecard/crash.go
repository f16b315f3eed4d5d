package scorecard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
)

const (
	backTime   = 3 * time.Second
	afterwards = 10 // handshakes that are looked at once a server is back
)

// crashTest is one cell of the matrix at work.
type crashTest struct {
	*process
	point crashPoint
	plane plane
	zero  time.Time
	Crash
}

// crash fills in a cell. Generation 2 is served when generation 3 is written, as far as the point says.
func (r *runner) crash(ctx context.Context, t Target, point crashPoint, cell Crash) (Crash, error) {
	if t.Supervised != nil {
		t.Command = t.Supervised
	}
	room, p, err := r.open(ctx, t, rotation.Rename)
	if err != nil {
		return cell, err
	}
	defer room.leave()
	c := &crashTest{process: p, point: point, plane: room.planes(t)[0], zero: time.Now(), Crash: cell}
	defer func() { c.kill() }() // whichever process it is then
	if err := c.adopt(ctx, 2); err != nil {
		c.Why = err.Error()
		c.Defects = append(c.Defects, "before the crash: "+c.Why)
		return c.Crash, ctx.Err()
	}
	if err := c.arm(ctx); err != nil {
		return c.Crash, err
	}
	if err := c.write(); err != nil {
		return c.Crash, err
	}
	if err := c.die(ctx); err != nil {
		return c.Crash, err
	}
	c.back(ctx)
	c.judge()
	return c.Crash, ctx.Err()
}

// adopt rotates to a generation and waits until it is served.
func (c *crashTest) adopt(ctx context.Context, generation uint64) error {
	m, err := c.room.authority.Issue(generation)
	if err != nil {
		return err
	}
	if _, err := rotation.Take(c.room.place.Steps(m)); err != nil {
		return err
	}
	if refused := c.told(ctx); refused != "" {
		return errors.New(refused)
	}
	for limit := time.Now().Add(Patience); time.Now().Before(limit) && ctx.Err() == nil; {
		if seen := c.look(ctx); seen.served() && seen.Generation == generation {
			return nil
		}
	}
	return fmt.Errorf("generation %d was never adopted", generation)
}

// told tells a server to reload that does not watch.
func (c *crashTest) told(ctx context.Context) string {
	if !c.target.told() {
		return ""
	}
	return c.tell(ctx)
}

// look makes a handshake and remembers the newest generation that it showed.
func (c *crashTest) look(ctx context.Context) probe {
	seen := c.plane.probe(ctx, c.zero)
	if seen.served() {
		c.Before = max(c.Before, seen.Generation)
	}
	return seen
}

// write takes the steps of generation 3 up to the point and puts the files into their state. Files that expired are all
// there: an administrator restored an old backup.
func (c *crashTest) write() error {
	issue, last := c.room.authority.Issue, c.point.last
	if c.Files == "expired" {
		issue = c.room.authority.Expired
		if last == "" {
			last = everything
		}
	}
	m, err := issue(3)
	if err != nil {
		return err
	}
	path := c.room.place.Files().Certificate
	switch {
	case c.Files == "torn" && last == "":
		return os.Truncate(path, int64(len(m.Certificate)*3/5)) // generations are of a length, nearly
	case c.Files == "torn":
		m.Certificate = m.Certificate[:len(m.Certificate)*3/5]
	case c.Files == "missing": // before the rest is written: the generation is never whole
		m.Certificate = nil
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	steps := c.room.place.Steps(m)
	if last != everything {
		steps = rotation.Until(steps, last)
	}
	_, err = rotation.Take(steps)
	return err
}

// arm makes the server die at the point of its next reload.
func (c *crashTest) arm(ctx context.Context) error {
	if c.point.reload == "" {
		return nil
	}
	answer, err := c.ask(ctx, "CRASH AT "+c.point.reload+" BY "+c.How)
	if err == nil && answer != "OK" {
		err = errors.New(answer)
	}
	return err
}

// die makes the server end as the cell says. One that refuses to reload does not come to the point of a reload: it dies
// right afterwards.
func (c *crashTest) die(ctx context.Context) error {
	c.look(ctx)
	c.Down = time.Since(c.zero)
	if c.target.Supervised == nil {
		return c.replace(ctx)
	}
	if c.point.reload != "" {
		if c.diesReloading(ctx) {
			return nil
		}
		c.look(ctx)
		c.Down = time.Since(c.zero)
	}
	if answer, err := c.ask(ctx, "CRASH BY "+c.How); err == nil {
		return fmt.Errorf("CRASH BY %s: %s", c.How, answer)
	}
	return ctx.Err()
}

// diesReloading tells the server to reload, and whether it died: of that, or of what it had noticed before.
func (c *crashTest) diesReloading(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	if _, err := c.ask(ctx, "RELOAD TLS"); err != nil {
		return true
	}
	var now status
	return c.inquire(ctx, "SHOW TLS", &now) != nil || now.Restarts > 0
}

// replace kills a server that has no supervisor and starts it again.
func (c *crashTest) replace(ctx context.Context) (err error) {
	c.kill()
	c.process, err = launch(c.target, c.room)
	return err
}

// back waits until the server serves again, and looks at what. A server that is gone, or does not serve, says why.
func (c *crashTest) back(ctx context.Context) {
	for limit := c.Down + backTime; ; {
		seen := c.plane.probe(ctx, c.zero)
		if seen.served() {
			c.After, c.Down = seen.Generation, seen.Ended-c.Down
			break
		}
		c.Failed++
		c.Why = seen.Reason
		gone := c.target.Supervised == nil && c.died() != ""
		if gone {
			c.Why = c.died()
		}
		if gone || seen.Ended > limit || ctx.Err() != nil {
			c.After, c.Down = 0, seen.Ended-c.Down
			return
		}
		wait(ctx, time.Millisecond, nil)
	}
	c.Why = ""
	for range afterwards {
		if seen := c.plane.probe(ctx, c.zero); !seen.served() {
			c.Failed++
		} else {
			c.After = min(c.After, seen.Generation)
		}
	}
	var now status
	if c.target.Admin && c.inquire(ctx, "SHOW TLS", &now) == nil {
		c.Restarts = now.Restarts
	}
}

// judge says what a good server may serve, and what is wrong with what it does.
func (c *crashTest) judge() {
	for g := max(c.Before, 2); g <= c.newest(); g++ {
		c.Allowed = append(c.Allowed, g)
	}
	if c.target.Supervised == nil && !c.whole() {
		c.Allowed = nil // it has nothing but the files
	}
	switch {
	case c.After == 0 && c.Why == expired:
		c.Defects = append(c.Defects, "served a certificate outside of its dates")
	case c.After == 0 && len(c.Allowed) == 0:
	case c.After == 0:
		c.Defects = append(c.Defects, "served nothing: "+c.Why)
	case !slices.Contains(c.Allowed, c.After):
		c.Defects = append(c.Defects, fmt.Sprintf("served generation %d after %d", c.After, c.Before))
	}
}

// newest is the newest generation that was ever whole and good in the files.
func (c *crashTest) newest() uint64 {
	if c.Files == "good" && c.whole() && c.point.last != "" {
		return 3
	}
	return 2
}

// whole: what is in the files when the server starts again is a good pair.
func (c *crashTest) whole() bool {
	return c.Files == "good" && c.point.name != "after-cert"
}
