package standalone

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
)

// Status is the answer to SHOW TLS.
type Status struct {
	Strategy   string            `json:"strategy"`
	Generation uint64            `json:"generation"` // that new handshakes are served with
	Epoch      uint64            `json:"epoch"`
	NotAfter   time.Time         `json:"not_after"`
	LoadedAt   time.Time         `json:"loaded_at"`
	PID        int               `json:"pid"`
	Restarts   int               `json:"restarts"`            // how often a supervisor has replaced this server
	LastExit   string            `json:"last_exit,omitempty"` // how the one before ended: "signal killed", "exit status 1"
	Reloads    map[string]uint64 `json:"reloads"`             // by result and reason: "ok", "refused: the chain has become shorter"
	Events     map[string]uint64 `json:"events"`              // of the file system, by kind
	Failing    string            `json:"failing,omitempty"`   // why the newest reload did not succeed, or why there will be none; empty: all is well
}

func (s *server) show() (string, error) {
	l := s.book.Ledger()
	status := Status{
		Strategy: s.Reload.Strategy, Generation: l.Generation, Epoch: l.Epoch, NotAfter: l.NotAfter, LoadedAt: l.Loaded,
		PID: os.Getpid(), Restarts: s.past.Restarts, LastExit: s.past.LastExit,
		Reloads: map[string]uint64{}, Events: map[string]uint64{}, Failing: l.Failing,
	}
	for outcome, n := range l.Reloads {
		status.Reloads[strings.TrimSuffix(string(outcome.Result)+": "+outcome.Reason, ": ")] = n
	}
	for kind, n := range l.Events {
		status.Events[kind] = n
	}
	if why := s.blind.Load(); why != nil {
		status.Failing = *why
	}
	return inLine(status)
}

func inLine(answer any) (string, error) {
	text, err := json.Marshal(answer)
	return string(text), err
}

func (s *server) reload() (string, error) {
	commanded, ok := s.strategy.(reload.Commanded)
	if !ok {
		return "", fmt.Errorf("%s does not reload by command", s.Reload.Strategy)
	}
	if err := commanded.Reload(); err != nil {
		return "", err
	}
	l := s.book.Ledger()
	return fmt.Sprintf("OK generation %d epoch %d", l.Generation, l.Epoch), nil
}
