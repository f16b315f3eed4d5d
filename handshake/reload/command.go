package reload

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// command is what ProxySQL does when it is told to: it reads three files, always three, and swaps what they hold under
// the mutex that handshakes take. Nothing looks at the files otherwise. What differs is what is served after a crash.
type command struct {
	Options
	one  sync.Mutex // command at a time
	mu   sync.Mutex
	id   *Identity
	kept []*Identity // never let go of, as ProxySQL keeps the SSL_CTX of every reload
}

func (c *command) Identity() (*Identity, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id, nil
}

// swap makes every identity an epoch: ProxySQL has turned tickets off because sessions do not survive a reload.
func (c *command) swap(id *Identity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = append(c.kept, id)
	id.Epoch, c.id = uint64(len(c.kept)), id
}

func (c *command) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Reload keeps what is served where the files are no good. The text of its error is ProxySQL's.
func (c *command) Reload() error {
	c.one.Lock()
	defer c.one.Unlock()
	if err := c.load(); err != nil {
		return fmt.Errorf("RELOAD TLS failed: %w", err)
	}
	return nil
}

func (c *command) load() error {
	if n := c.present(); n != 3 {
		c.Book.Settle(Outcome{Failed, missing})
		return fmt.Errorf("%d TLS files are present. Expected: 3", n)
	}
	return c.adopt(c.swap)
}

func (c *command) present() (n int) {
	for _, path := range [...]string{c.Files.Certificate, c.Files.Key, c.Files.Authorities} {
		if _, err := c.stat(path); err == nil {
			n++
		}
	}
	return n
}

// boot serves what the parent holds in memory.
func (c *command) boot() error { return c.believe(*c.Boot, time.Now(), c.swap) }
