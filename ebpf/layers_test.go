package ebpf

import (
	"strings"
	"testing"
)

func TestLayersHaveNames(t *testing.T) {
	names := strings.Split(Layers(AllLayers).String(), ", ")
	var all Layers
	for _, name := range names {
		one, err := ParseLayer(name)
		if err != nil || one.String() != name {
			t.Errorf("%q is layer %v, %v", name, one, err)
		}
		all |= one
	}
	if all != AllLayers {
		t.Errorf("the names make %b, want %b", all, AllLayers)
	}
	if _, err := ParseLayer("weather"); err == nil {
		t.Error("weather is a layer")
	}
}
