package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/handshake/variant"
)

// newLab is the lab with this executable as its load generator.
func newLab(o order) (*lab.Lab, error) {
	builder, err := variant.NewBuilder()
	if err != nil {
		return nil, err
	}
	tool, err := os.Executable()
	if err != nil {
		return nil, err
	}
	file, err := os.Open(tool)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, file); err != nil {
		return nil, err
	}
	return &lab.Lab{Builder: builder, Tool: tool, Version: version(), Digest: hex.EncodeToString(digest.Sum(nil)), KeyLog: o.keyLog, Agent: o.agent, Without: o.left(), Hasty: o.hasty}, nil
}

// left is what the user wants to be left out.
func (o order) left() map[string]bool {
	out := map[string]bool{}
	for _, name := range o.without {
		out[name] = true
	}
	return out
}

// ready finds out before anything is built or measured that the output can be written.
func (o order) ready(dir string) error {
	if err := o.checkOutput(dir); err != nil {
		return usage(fmt.Errorf("output: %w", err), "name another directory with --output")
	}
	if o.keyLog == "" {
		return nil
	}
	if err := o.checkKeyLog(dir); err != nil {
		return usage(fmt.Errorf("key log: %w", err), "name a file outside the bundle that can be written")
	}
	return nil
}

func (o order) checkOutput(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if found, err := os.ReadDir(dir); err != nil {
		return err
	} else if len(found) > 0 && o.resume == "" {
		return fmt.Errorf("%s is not empty", dir)
	}
	return writable(dir)
}

func writable(dir string) error {
	probe, err := os.CreateTemp(dir, ".probe")
	if err != nil {
		return err
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// checkKeyLog: bundles get published, and a key log opens every connection in it.
func (o order) checkKeyLog(dir string) error {
	log, err := resolve(o.keyLog)
	if err != nil {
		return err
	}
	own, err := resolve(dir)
	if err != nil {
		return err
	}
	for folder := filepath.Dir(log); ; folder = filepath.Dir(folder) {
		if folder == own || isBundle(folder) {
			return fmt.Errorf("%s is inside a bundle, which may be published", o.keyLog)
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	file, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// isBundle: the directory is a bundle, or a run that may become one.
func isBundle(dir string) bool {
	_, errBundle := os.Stat(filepath.Join(dir, "manifest.json"))
	_, errRun := os.Stat(filepath.Join(dir, "run.json"))
	return errBundle == nil || errRun == nil
}

// resolve is the absolute path behind all links; the last element need not exist.
func resolve(name string) (string, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real, nil
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(name))
	return filepath.Join(folder, filepath.Base(name)), err
}
