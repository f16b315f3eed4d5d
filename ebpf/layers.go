package ebpf

import (
	"fmt"
	"slices"
	"strings"
)

// layerNames are the layers' names in scenarios, in the order of their bits.
func layerNames() []string {
	return []string{"syscalls", "scheduler", "goroutines", "network", "files", "sampling"}
}

// ParseLayer reads the name of one layer.
func ParseLayer(name string) (Layers, error) {
	i := slices.Index(layerNames(), name)
	if i < 0 {
		return 0, fmt.Errorf("unknown layer %q, known: %s", name, strings.Join(layerNames(), ", "))
	}
	return 1 << i, nil
}

// String lists the names of the layers.
func (l Layers) String() string {
	var names []string
	for i, name := range layerNames() {
		if l&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
