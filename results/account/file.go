package account

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// maxHandshakes bounds what [ReadHandshakes] takes: 200,000 a second for five minutes.
const maxHandshakes = 60_000_000

// WriteHandshakes writes handshakes as gzipped JSON lines.
func WriteHandshakes(w io.Writer, all []Handshake) error {
	z := gzip.NewWriter(w)
	lines := json.NewEncoder(z)
	for i := range all {
		if err := lines.Encode(&all[i]); err != nil {
			return err
		}
	}
	return z.Close()
}

// ReadHandshakes reads what [WriteHandshakes] wrote.
func ReadHandshakes(r io.Reader) ([]Handshake, error) {
	z, err := gzip.NewReader(bufio.NewReader(r))
	if err != nil {
		return nil, fmt.Errorf("handshakes: %w", err)
	}
	var all []Handshake
	for lines := json.NewDecoder(z); len(all) < maxHandshakes; {
		var h Handshake
		switch err := lines.Decode(&h); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("handshakes: line %d: %w", len(all)+1, err)
		}
		if err := h.check(); err != nil {
			return nil, fmt.Errorf("handshakes: line %d: %w", len(all)+1, err)
		}
		all = append(all, h)
	}
	return nil, fmt.Errorf("handshakes: more than %d", maxHandshakes)
}

// longest is how long an account can be: what lies outside is no measurement.
const longest = 24 * time.Hour

func (h *Handshake) check() error {
	negative := func(t Times) bool { return slices.Min(t[:]) < 0 || slices.Max(t[:]) > longest }
	switch {
	case h.Begin < 0 || h.End < h.Begin || h.End > longest:
		return fmt.Errorf("it lasts from %v to %v", h.Begin, h.End)
	case negative(h.Time) || slices.ContainsFunc(h.Phases, negative):
		return errors.New("a class has an impossible time")
	}
	return nil
}
