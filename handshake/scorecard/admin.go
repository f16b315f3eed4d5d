package scorecard

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// published is a publication in a server's own book.
type published struct {
	Generation uint64        `json:"generation"`
	At         time.Duration `json:"at_ns"` // by handshake.Clock
}

// statistics is what a server tells about its own heap.
type statistics struct {
	Goroutines  int64 `json:"goroutines"`
	HeapObjects int64 `json:"heap_objects"`
	HeapLive    int64 `json:"heap_live_bytes"`
}

// status is a part of what a server tells about its certificate.
type status struct {
	Generation uint64 `json:"generation"`
	PID        int    `json:"pid"`
	Restarts   int    `json:"restarts"`
}

// ask sends a line to the admin socket and reads the line that is the answer.
func (p *process) ask(ctx context.Context, line string) (string, error) {
	if !p.target.Admin {
		return "", errors.New("no admin socket")
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", p.room.words["admin"])
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	if _, err := fmt.Fprintln(conn, line); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(answer), err
}

// inquire asks for an answer in JSON.
func (p *process) inquire(ctx context.Context, line string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	text, err := p.ask(ctx, line)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), answer); err != nil {
		return fmt.Errorf("%s: %s", line, text)
	}
	return nil
}

// published is what the server's book has gained; nil where it keeps none.
func (p *process) published(ctx context.Context) (all []published) {
	if p.target.Admin {
		_ = p.inquire(ctx, "PUBLISHED", &all) // a server that has died is seen elsewhere
	}
	return all
}
