package history

import (
	"reflect"
	"testing"
)

func TestSeriesOf(t *testing.T) {
	upgraded, invalid, ungated := point(3), point(4), point(2)
	upgraded.Host.Kernel = "6.9.0"
	invalid.Exit = exitInvalid
	ungated.Effects = Effects{"full": {"fips": {"server_cpu": {1.06, 1.05, 1.07, 0.03, false}}}}
	got := SeriesOf([]Point{ungated, upgraded, point(1), invalid})

	sample := func(p Point, v, lo, hi float64) Sample { return Sample{p.When, p.Commit, v, lo, hi} }
	value := func(p Point, v float64) Sample { return sample(p, v, v, v) }
	late, early := upgraded.Host, point(1).Host
	want := []Series{
		{Key{late, "full", "server_cpu", "fips", "std"}, 0.02, true, []Sample{sample(upgraded, 1.05, 1.04, 1.06)}},
		{Key{late, "full", "server_cpu", "fips", ""}, 0, false, []Sample{value(upgraded, 0.00063)}},
		{Key{late, "full", "server_cpu", "std", ""}, 0, false, []Sample{value(upgraded, 0.0006)}},
		{Key{early, "full", "server_cpu", "fips", "std"}, 0.03, false, []Sample{sample(point(1), 1.05, 1.04, 1.06), sample(ungated, 1.06, 1.05, 1.07)}},
		{Key{early, "full", "server_cpu", "fips", ""}, 0, false, []Sample{value(point(1), 0.00063), value(ungated, 0.00063)}},
		{Key{early, "full", "server_cpu", "std", ""}, 0, false, []Sample{value(point(1), 0.0006), value(ungated, 0.0006)}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}
