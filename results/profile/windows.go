package profile

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
)

// Windows makes one profile of those that were taken back to back: every sample has the labels, and the label
// "window" with the number of its profile, from zero. "go tool pprof -tagfocus window=7" shows one window again.
func Windows(parts [][]byte, labels map[string]string) ([]byte, error) {
	if len(parts) == 0 {
		return nil, errors.New("CPU profile: no windows")
	}
	labelled := make([][]byte, len(parts))
	for i, part := range parts {
		own := maps.Clone(labels)
		if own == nil {
			own = map[string]string{}
		}
		own["window"] = strconv.Itoa(i)
		var err error
		if labelled[i], err = Label(part, own); err != nil {
			return nil, fmt.Errorf("window %d: %w", i, err)
		}
	}
	return Merge(labelled...)
}
