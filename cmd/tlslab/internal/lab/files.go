package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/scenarios"
)

// process is a server, and the files that it was started over.
type process struct {
	*variant.Process
	files    *files    // nil: its certificate does not change
	workload *workload // nil: its identity does not come from a Workload API
}

// Stop stops the server and removes what it was started over.
func (p *process) Stop(ctx context.Context) error {
	defer p.workload.remove()
	defer p.files.remove()
	return p.Process.Stop(ctx)
}

// files are where a server finds certificates that change, in a directory that only this user can look into and that
// is gone when the server is.
type files struct {
	dir    string
	place  rotation.Place
	supply *supply
}

// lay puts the first generation into a place for the variant's server; nil where its certificate does not change.
func (r *Run) lay(v scenarios.Variant, sig handshake.Signature) (*files, error) {
	if v.Server.Reload == nil {
		return nil, nil
	}
	supply, err := r.secrets.supply(sig)
	if err != nil {
		return nil, err
	}
	method, err := layout(v)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tlslab-block-")
	if err != nil {
		return nil, err
	}
	f := &files{dir: dir, place: rotation.Place{Dir: filepath.Join(dir, "served"), Method: method}, supply: supply}
	if err := f.prepare(); err != nil {
		f.remove()
		return nil, fmt.Errorf("prepare the certificate files of %s: %w", v.Name, err)
	}
	return f, nil
}

func (f *files) prepare() error {
	first, err := f.supply.generation(1)
	if err != nil {
		return err
	}
	if err := os.Mkdir(f.state(), 0o700); err != nil {
		return err
	}
	return f.place.Prepare(first)
}

func (f *files) state() string { return filepath.Join(f.dir, "state") }

// layout is how the files must lie for what disturbs the variant.
func layout(v scenarios.Variant) (rotation.Method, error) {
	if len(v.Disturb) == 0 {
		return rotation.Rename, nil
	}
	if d := v.Disturb[0]; d.Inject == "" {
		return d.By, nil
	}
	injection, err := injectionOf(v)
	return injection.Place, err
}

// point makes a server reload the files in the way that its variant asks for.
func (f *files) point(s *server.Settings, v scenarios.Variant) {
	if f == nil {
		return
	}
	asked := *v.Server.Reload
	asked.Files, asked.State = f.place.Files(), f.state()
	s.Certificate, s.Key, s.ClientCAs, s.Reload = nil, nil, nil, &asked
}

// introduce makes the client trust the server, and present what the server trusts, whatever generation comes.
func (f *files) introduce(job *loadgen.Job) {
	if f == nil {
		return
	}
	job.Roots, job.Timeline = f.supply.authority.Roots(), true
	if job.Certificate != nil {
		job.Certificate, job.Key = f.supply.client.Certificate, f.supply.client.Key
	}
}

func (f *files) remove() {
	if f != nil {
		os.RemoveAll(f.dir)
	}
}
