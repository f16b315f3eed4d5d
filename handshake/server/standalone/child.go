package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tlslab/tlslab/handshake/reload"
)

// What a child finds open beside its three standard files.
const (
	legacyFile  = 3 + iota // the legacy to read, which ends when the parent does
	firstSocket            // listeners, in the order of [sockets]
)

// legacy is what a parent hands down to each child through a pipe: neither the environment nor the disk has it.
type legacy struct {
	Settings Settings `json:"settings"`
	Past     past     `json:"past"`
}

// past is what a parent remembers of the children before.
type past struct {
	Restarts int          `json:"restarts"`
	LastExit string       `json:"last_exit,omitempty"`
	Boot     *reload.Pair `json:"boot,omitempty"` // what was in the files when the parent began, for a strategy that restarts with it
}

// Inherited serves as the child of a [Supervisor] until ctx or the parent ends. Its [Hello] goes to the parent.
func Inherited(ctx context.Context, out, errs io.Writer) error {
	parent := os.NewFile(legacyFile, "legacy")
	if parent == nil {
		return errors.New("this process is nobody's child")
	}
	defer parent.Close()
	in := json.NewDecoder(parent)
	var l legacy
	if err := in.Decode(&l); err != nil {
		return fmt.Errorf("read what the parent handed down: %w", err)
	}
	open, err := l.Settings.inherit(firstSocket)
	defer open.close()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() { // as long as the process
		io.Copy(io.Discard, parent)
		stop()
	}()
	return (&server{Settings: l.Settings, past: l.Past, child: true, open: open, out: out, errs: errs}).serve(ctx)
}
