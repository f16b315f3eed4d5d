package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/handshake/variant"
)

const (
	calibrationSchema = 1
	calibrationName   = "calibration.json"
	calibrationLasts  = 90 * 24 * time.Hour // machines get other kernels, other neighbours
)

// calibration is how much comparisons of a program with itself scatter on a machine, as tlslab selftest aa found it.
// It lies in the cache of servers, beside the number that stands for the machine.
type calibration struct {
	Schema int                `json:"schema"`
	When   time.Time          `json:"when"`
	Host   string             `json:"host"`          // as in a bundle's environment
	Block  float64            `json:"block_seconds"` // length of a block
	Spread map[string]float64 `json:"spread"`        // by metric: standard deviation of a group's log-ratio
}

// calibrated is the spread of each metric on this machine; nil where nobody has measured it, or long ago.
func calibrated() map[string]float64 {
	builder, err := variant.NewBuilder()
	if err != nil {
		return nil
	}
	c, err := readCalibration(builder.Cache)
	if err != nil {
		return nil
	}
	host, err := lab.Host(builder.Cache)
	if err != nil {
		return nil
	}
	return c.spread(host, time.Now())
}

// spread is what the calibration says of a machine at a time; nil: nothing.
func (c calibration) spread(host string, now time.Time) map[string]float64 {
	if c.Schema != calibrationSchema || c.Host != host || now.Sub(c.When) > calibrationLasts {
		return nil
	}
	return c.Spread
}

func readCalibration(cache string) (c calibration, err error) {
	text, err := os.ReadFile(filepath.Join(cache, calibrationName))
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(text, &c)
}

// keep takes the place of the calibration before, and returns the file's name.
func (c calibration) keep(cache string) (name string, err error) {
	name = filepath.Join(cache, calibrationName)
	return name, writeFile(name, func(w io.Writer) error { return writeJSON(w, c) })
}
