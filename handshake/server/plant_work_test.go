package server

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

const workHandshakes = 20

// stretch is what a server with a plant from its start, nil for none, reports of some full handshakes.
func stretch(t *testing.T, f fixture, plant *Plant) *Report {
	t.Helper()
	f.settings.Plant = plant
	c := start(t, f.settings)
	if err := c.shake(f.client); err != nil { // the first one allocates what later ones find
		t.Fatal(err)
	}
	c.do("begin")
	for range workHandshakes {
		if err := c.shake(f.client); err != nil {
			t.Fatal(err)
		}
	}
	return c.do("end").Report
}

func TestBurn(t *testing.T) {
	for n := 1; n <= len(hashed)/sha256.BlockSize; n++ {
		if got := (len(message(n))+8)/sha256.BlockSize + 1; got != n {
			t.Errorf("a message for %d compressions takes %d", n, got)
		}
	}
	const count, fastest = 1 << 17, 10 * time.Nanosecond
	if got, least := stretch(t, setup(t), &Plant{Component: "burn", Count: count}).CPU.Total(), workHandshakes*count*fastest; got < least {
		t.Errorf("%d compressions in each of %d handshakes took %v, which no CPU does in less than %v", count, workHandshakes, got, least)
	}
}

func TestAlloc(t *testing.T) {
	const count = 10_000 // many, as the runtime allocates a hundred of its own in some stretches
	if got := testing.AllocsPerRun(1, func() { escape(count) }); got != count {
		t.Errorf("%v objects, want %d", got, count)
	}
	f := setup(t)
	before, after := stretch(t, f, nil).Runtime, stretch(t, f, &Plant{Component: "alloc", Count: count}).Runtime
	if got := (float64(after.AllocObjects) - float64(before.AllocObjects)) / workHandshakes; got < count-20 || got > count+20 {
		t.Errorf("%.1f more objects in each handshake, want %d", got, count)
	}
	if got := (float64(after.AllocBytes) - float64(before.AllocBytes)) / workHandshakes / count; got < 15 || got > 17 {
		t.Errorf("an object of %.1f bytes, want 16", got)
	}
}

func TestSyscalls(t *testing.T) {
	f := setup(t)
	const count = 1000
	before := reads(t)
	stretch(t, f, nil)
	between := reads(t)
	stretch(t, f, &Plant{Component: "syscall", Count: count})
	more := reads(t) - between - (between - before)
	if got := float64(more) / (workHandshakes + 1); got < count-10 || got > count+10 { // and the first one
		t.Errorf("%.1f more read calls in each handshake, want %d", got, count)
	}
}

// reads is how often this process has read something.
func reads(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err)
	}
	var n int
	if _, err := fmt.Sscanf(string(text), "rchar: %d\nwchar: %d\nsyscr: %d", new(int), new(int), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBytes(t *testing.T) {
	f := setup(t)
	c := start(t, f.settings)
	const count, around, signature = 500, 8, 8 // an ECDSA signature is a few bytes shorter or longer than another
	plain := received(t, c, f.client)
	resuming := f.client.Clone()
	resuming.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	received(t, c, resuming)
	resumed := received(t, c, resuming)
	if r := c.say(Request{Do: "plant", Plant: &Plant{Component: "bytes", Count: count}}); r.Error != "" {
		t.Fatal(r.Error)
	}
	if got := received(t, c, resuming) - resumed; got != 0 {
		t.Errorf("%d bytes more in a resumed handshake, want none", got)
	}
	if got := received(t, c, f.client) - plain; got < count+around-signature || got > count+around+signature {
		t.Errorf("%d bytes more in a full handshake, want about %d", got, count+around)
	}
	c.do("plant")
	if got := received(t, c, f.client) - plain; got < -signature || got > signature {
		t.Errorf("%d bytes more after the plant has gone", got)
	}
}

// received does a handshake and returns how many bytes the server sent.
func received(t *testing.T, c *child, config *tls.Config) int {
	t.Helper()
	raw, err := net.Dial("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	counting := &counter{Conn: raw}
	if _, err := io.ReadFull(tls.Client(counting, config), make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return counting.read
}

type counter struct {
	net.Conn
	read int
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read += n
	return n, err
}

func TestWaits(t *testing.T) {
	const size = 500 * time.Microsecond
	for _, component := range []string{"lock", "sleep"} {
		report := stretch(t, setup(t), &Plant{Component: component, Size: size})
		if len(report.Planted) != workHandshakes {
			t.Errorf("%s: %d of %d handshakes waited", component, len(report.Planted), workHandshakes)
		}
		for _, p := range report.Planted {
			if p.Size < size || p.Port == 0 {
				t.Errorf("%s: waited %v in the handshake of port %d, want %v", component, p.Size, p.Port, size)
			}
		}
	}
}

func TestWorkNowAndThen(t *testing.T) {
	if got := stretch(t, setup(t), &Plant{Component: "sleep", Size: time.Millisecond, Every: 4}).Planted; len(got) != workHandshakes/4 {
		t.Errorf("%d of %d handshakes waited, want every fourth", len(got), workHandshakes)
	}
}
