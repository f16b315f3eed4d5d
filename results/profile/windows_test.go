package profile

import (
	"slices"
	"strings"
	"testing"
)

func TestWindows(t *testing.T) {
	part := busy(t)
	one, err := Parse(part)
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"variant": "std"}
	data, err := Windows([][]byte{part, part, part}, labels)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.CPU != 3*one.CPU || got.Samples != 3*one.Samples {
		t.Errorf("%v in %d samples, want 3 times %v in %d", got.CPU, got.Samples, one.CPU, one.Samples)
	}
	if windows, want := got.Labels["window"], []string{"0", "1", "2"}; !slices.Equal(windows, want) {
		t.Errorf("windows %q, want %q", windows, want)
	}
	if variants := got.Labels["variant"]; !slices.Equal(variants, []string{"std"}) || len(labels) != 1 {
		t.Errorf("variants %q; the labels that were handed in are now %v", variants, labels)
	}
}

func TestWindowsThatAreNone(t *testing.T) {
	for _, test := range []struct {
		parts [][]byte
		want  string
	}{
		{nil, "no windows"},
		{[][]byte{nil, nil}, "window 0: "},
	} {
		if _, err := Windows(test.parts, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: got %v, want %s", test.parts, err, test.want)
		}
	}
}
