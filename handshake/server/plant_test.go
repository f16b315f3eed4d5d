package server

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// Each plant grows in every second handshake, is as large as it was asked to be, and lies within the stretch.
func TestPlants(t *testing.T) {
	f := setup(t)
	f.client.ClientSessionCache = tls.NewLRUClientSessionCache(1) // but for the first, they are resumed
	c := start(t, f.settings)
	const size = 2 * time.Millisecond
	for _, component := range []string{"user", "kernel", "run queue", "blocked", "goroutine", "runnable"} {
		t.Run(component, func(t *testing.T) {
			if r := c.say(Request{Do: "plant", Plant: &Plant{Component: component, Size: size, Every: 2}}); r.Error != "" {
				t.Skip(r.Error)
			}
			before := handshake.NewClock().Now()
			c.do("begin")
			for range 6 {
				if err := c.shake(f.client); err != nil {
					t.Fatal(err)
				}
			}
			grown := c.do("end").Report.Planted
			after := handshake.NewClock().Now()
			if len(grown) != 3 {
				t.Errorf("%d of 6 handshakes were planted, want 3", len(grown))
			}
			for _, g := range grown {
				outside := g.At < before || g.At > after
				if g.Size < size*9/10 || g.Port == 0 || outside {
					t.Errorf("planted %v at %v with port %d, want %v between %v and %v", g.Size, g.At, g.Port, size, before, after)
				}
			}
		})
	}
	c.do("plant")
	c.do("begin")
	if err := c.shake(f.client); err != nil {
		t.Error(err)
	}
	if grown := c.do("end").Report.Planted; len(grown) != 0 {
		t.Errorf("after the last plant %d grew", len(grown))
	}
}

func TestLockEpisodes(t *testing.T) {
	f := setup(t)
	c := start(t, f.settings)
	const size = 10 * time.Millisecond
	if r := c.say(Request{Do: "plant", Plant: &Plant{Component: "lock", Size: size, Period: 2 * size}}); r.Error != "" {
		t.Fatal(r.Error)
	}
	c.do("begin")
	for until := time.Now().Add(10 * size); time.Now().Before(until); {
		if err := c.shake(f.client); err != nil {
			t.Fatal(err)
		}
	}
	if grown := c.do("end").Report.Planted; len(grown) == 0 || grown[0].Port == 0 {
		t.Errorf("the handshakes that waited for the lock: %v", grown)
	}
}

func TestSlowFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	f := setup(t)
	c := start(t, f.settings)
	const size = 5 * time.Millisecond
	if r := c.say(Request{Do: "plant", Plant: &Plant{Component: "file", Size: size}}); r.Error != "" {
		t.Skip(r.Error)
	}
	c.do("begin")
	if err := c.shake(f.client); err != nil {
		t.Fatal(err)
	}
	if grown := c.do("end").Report.Planted; len(grown) != 1 || grown[0].Size < size {
		t.Errorf("planted %v, want one of %v", grown, size)
	}
	c.in.Close()
	if err := <-c.ended; err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "*")); err != nil || len(left) > 0 {
		t.Errorf("the server left %v, %v", left, err)
	}
}

func TestPlantsThatDoNotGrow(t *testing.T) {
	f := setup(t)
	c := start(t, f.settings)
	for _, test := range []struct {
		plant Plant
		want  string
	}{
		{Plant{Component: "weed", Size: 1}, `plant "weed": there is none; known: alloc, blocked, burn, bytes, file, gc, goroutine, kernel, lock, network, run queue, runnable, sleep, syscall, user`},
		{Plant{Component: "network", Size: 1}, "let the client delay its ClientHello"},
		{Plant{Component: "goroutine"}, "must be positive"},
		{Plant{Component: "goroutine", Size: time.Hour}, "at most 10s"},
		{Plant{Component: "goroutine", Size: 1, Every: -1}, "must not be negative"},
		{Plant{Component: "goroutine", Size: 1, Count: 1}, "a count of 1: it has a size"},
		{Plant{Component: "lock", Size: time.Millisecond, Period: 1}, "at least twice the size"},
		{Plant{Component: "lock"}, "a size of 0s"},
		{Plant{Component: "sleep", Count: 1}, "a count of 1: it has a size"},
		{Plant{Component: "burn", Count: 1, Size: 1}, "a size of 1ns: it has a count"},
		{Plant{Component: "burn", Count: 1, Period: 1}, "a period of 1ns: work has none"},
		{Plant{Component: "alloc"}, "a count of 0"},
		{Plant{Component: "bytes", Count: 1<<15 + 1}, "at most 32768"},
		{Plant{Component: "gc", Size: time.Millisecond, Period: time.Millisecond}, "at least twice the size"},
	} {
		if got := c.say(Request{Do: "plant", Plant: &test.plant}).Error; !strings.Contains(got, test.want) {
			t.Errorf("%+v: got %q, want %s", test.plant, got, test.want)
		}
	}
	c.do("begin")
	if err := c.shake(f.client); err != nil {
		t.Error(err)
	}
	if grown := c.do("end").Report.Planted; len(grown) != 0 {
		t.Errorf("grown: %v", grown)
	}
}

func TestTrace(t *testing.T) {
	f := setup(t)
	c := start(t, f.settings)
	if r := c.say(Request{Do: "trace-stop"}); r.Error == "" {
		t.Error("a trace that was never started")
	}
	c.do("trace-start")
	if r := c.say(Request{Do: "trace-start"}); r.Error == "" {
		t.Error("two traces at once")
	}
	if err := c.shake(f.client); err != nil {
		t.Fatal(err)
	}
	got := c.do("trace-stop").Trace
	if got == nil || got.Cut || len(got.Data) == 0 {
		t.Fatalf("no trace, an empty one or a cut one: %v", got)
	}
	marks := []string{regionName, phaseMark, portMark, stretchMark}
	if i := slices.IndexFunc(marks, func(m string) bool { return !strings.Contains(string(got.Data), m) }); i >= 0 {
		t.Errorf("the trace lacks %q; see results/exectrace for what it must hold", marks[i])
	}
}
