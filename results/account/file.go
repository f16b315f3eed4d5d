package account

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// What [ReadHandshakes] takes at most: 10,000 handshakes a second for five minutes, some 600 bytes each.
const (
	maxHandshakes = 3_000_000
	maxPlain      = 2 << 30 // bytes
)

// WriteHandshakes writes handshakes as gzipped JSON lines.
func WriteHandshakes(w io.Writer, all []Handshake) error {
	if len(all) > maxHandshakes {
		return fmt.Errorf("%d handshakes are more than %d: measure shorter blocks", len(all), maxHandshakes)
	}
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
	for lines := json.NewDecoder(io.LimitReader(z, maxPlain)); len(all) <= maxHandshakes; {
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
