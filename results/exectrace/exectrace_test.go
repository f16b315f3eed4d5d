package exectrace

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results/account"
)

// The test binary starts itself as the server: go test always passes arguments.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		os.Exit(m.Run())
	}
	if err := server.Control(context.Background(), os.Stdin, os.Stdout, map[string]server.App{"plain": server.Plain{}}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// process is a server in a process of its own, and a client for it.
type process struct {
	tb      testing.TB
	in      *json.Encoder
	out     *json.Decoder
	address string
	client  *tls.Config
}

func start(tb testing.TB) *process {
	tb.Helper()
	authority, err := pki.New(time.Now(), handshake.ECDSAP256)
	if err != nil {
		tb.Fatal(err)
	}
	pair, err := authority.Server("edge.example.test")
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); errors.Is(err, syscall.ENOEXEC) {
		tb.Skip("an emulated program cannot start itself")
	} else if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	p := &process{tb: tb, in: json.NewEncoder(stdin), out: json.NewDecoder(stdout)}
	p.address = p.say(server.Settings{App: "plain", Certificate: pair.Certificate, Key: pair.Key, Tickets: true}).Hello.Address
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Roots())
	p.client = &tls.Config{RootCAs: roots, ServerName: "edge.example.test", CurvePreferences: []tls.CurveID{tls.CurveP256}}
	return p
}

func (p *process) say(line any) (r server.Reply) {
	p.tb.Helper()
	if err := errors.Join(p.in.Encode(line), p.out.Decode(&r)); err != nil {
		p.tb.Fatal(err)
	}
	return r
}

func (p *process) do(r server.Request) server.Reply {
	p.tb.Helper()
	reply := p.say(r)
	if reply.Error != "" {
		p.tb.Fatalf("%s: %s", r.Do, reply.Error)
	}
	return reply
}

// shake does one handshake; the client waits before its ClientHello. It returns the client's port.
func (p *process) shake(wait time.Duration) (uint16, error) {
	raw, err := net.Dial("tcp", p.address)
	if err != nil {
		return 0, err
	}
	defer raw.Close()
	raw.(*net.TCPConn).SetLinger(0)
	port := uint16(raw.LocalAddr().(*net.TCPAddr).Port)
	<-time.After(wait)
	_, err = io.ReadFull(tls.Client(raw, p.client), make([]byte, 1))
	return port, err
}

// traced is the account of a stretch in which do runs.
func (p *process) traced(do func()) (*account.Account, *server.Report) {
	p.tb.Helper()
	p.do(server.Request{Do: "trace-start"})
	p.do(server.Request{Do: "begin"})
	do()
	report := p.do(server.Request{Do: "end"}).Report
	a, err := Read(p.do(server.Request{Do: "trace-stop"}).Trace.Data, 20*time.Millisecond)
	if err != nil {
		p.tb.Fatal(err)
	}
	return a, report
}

func (p *process) shakes(n int) {
	p.tb.Helper()
	for range n {
		if _, err := p.shake(0); err != nil {
			p.tb.Fatal(err)
		}
	}
}

// in is the time that a handshake spent in phases of these names.
func in(h account.Handshake, names ...string) (sum time.Duration) {
	for i, times := range h.Phases {
		if slices.Contains(names, phases[i]) {
			sum += times.Sum()
		}
	}
	return sum
}

func TestIdentity(t *testing.T) {
	p := start(t)
	a, report := p.traced(func() {
		p.shakes(20)
		p.client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		p.shakes(11) // the first of them is full
		raw, err := net.Dial("tcp", p.address)
		if err != nil {
			t.Fatal(err)
		}
		raw.Write([]byte("no hello"))
		io.Copy(io.Discard, raw)
		raw.Close()
	})
	var failed, resumed int
	for _, h := range a.Handshakes {
		if h.Failed {
			failed++
		} else if in(h, "resume") > 0 {
			resumed++
			if sum := in(h, "certificate", "sign", "finish"); sum > 0 {
				t.Errorf("a resumed handshake spent %v on a certificate", sum)
			}
		} else if in(h, "certificate") == 0 || in(h, "sign") == 0 || in(h, "finish") == 0 {
			t.Errorf("a full handshake without certificate, sign or finish: %v", h.Phases)
		}
		if h.Residual() != 0 || h.Wall() <= 0 || h.Port == 0 || h.Time[account.Running] == 0 || h.Time[account.InSyscall] == 0 {
			t.Errorf("residual %v of %v, port %d, times %v", h.Residual(), h.Wall(), h.Port, h.Time)
		}
	}
	if len(a.Handshakes) != 32 || failed != 1 || resumed != 10 || a.Unfinished != 0 {
		t.Errorf("%d handshakes, %d failed, %d resumed, %d unfinished; want 32, 1, 10, 0", len(a.Handshakes), failed, resumed, a.Unfinished)
	}
	if got := report.Ledger; got.Completed != 31 || got.Rejected != 1 {
		t.Errorf("the server's ledger: %+v", got)
	}
	windowsFit(t, a)
}

// windowsFit compares the windows with the stretch, and the goroutines with the kernel's books.
func windowsFit(t *testing.T, a *account.Account) {
	t.Helper()
	var length time.Duration
	var threads account.Times
	for _, w := range a.Windows {
		if w.At != length {
			t.Errorf("a window begins at %v, the one before ends at %v", w.At, length)
		}
		length += w.Length
		threads.Add(w.Threads)
	}
	if length != a.Length {
		t.Errorf("the windows are %v long, the account %v", length, a.Length)
	}
	cpu, on := a.Books.SchedstatCPU, threads[account.Running]+threads[account.InSyscall]
	if cpu == -1 {
		t.Log("this system has no schedstat")
	} else if on < cpu/4 || cpu <= 0 {
		t.Errorf("goroutines were on threads for %v, threads on CPUs for %v", on, cpu)
	}
}

// Whatever is planted is found in its class.
func TestPlants(t *testing.T) {
	p := start(t)
	const size = 4 * time.Millisecond
	for _, test := range []struct {
		component string
		class     account.Class
	}{
		{"user", account.Running},
		{"kernel", account.Running}, // by system calls that the runtime is not told of
		{"run queue", account.Running},
		{"blocked", account.InSyscall},
		{"goroutine", account.Goroutine},
		{"runnable", account.Runnable},
		{"file", account.Blocked},
	} {
		t.Run(test.component, func(t *testing.T) {
			reply := p.say(server.Request{Do: "plant", Plant: &server.Plant{Component: test.component, Size: size, Every: 4}})
			if reply.Error != "" {
				t.Skip(reply.Error)
			}
			a, report := p.traced(func() { p.shakes(20) })
			if len(report.Planted) != 5 {
				t.Fatalf("%d of 20 handshakes were planted, want 5", len(report.Planted))
			}
			var all int
			for _, planted := range report.Planted {
				if found(t, a, planted, test.class) {
					all++
				}
			}
			if all < 3 {
				t.Errorf("%d of 5 plants were found in %v", all, test.class)
			}
		})
	}
	p.do(server.Request{Do: "plant"})
	if _, report := p.traced(func() { p.shakes(4) }); len(report.Planted) != 0 {
		t.Errorf("%d handshakes were planted after the last plant", len(report.Planted))
	}
}

// found looks for a planted handshake by its port and its instant, and says whether its class has nine tenths of what
// was planted at least. On a busy machine a goroutine may be interrupted before it waits, so it need not.
func found(t *testing.T, a *account.Account, planted server.Planted, class account.Class) bool {
	t.Helper()
	at := planted.At - a.Began
	i := slices.IndexFunc(a.Handshakes, func(h account.Handshake) bool { return h.Port == planted.Port && h.Begin <= at && at <= h.End })
	if i < 0 {
		t.Errorf("no handshake with port %d at %v", planted.Port, at)
		return false
	}
	h := a.Handshakes[i]
	if h.Time[class] < planted.Size*9/10 {
		t.Logf("planted %v, %v has %v of %v: %v", planted.Size, class, h.Time[class], h.Wall(), h.Time)
		return false
	}
	return true
}

func TestDelayedHelloIsNetwork(t *testing.T) {
	p := start(t)
	const wait = 20 * time.Millisecond
	a, _ := p.traced(func() {
		if _, err := p.shake(wait); err != nil {
			t.Fatal(err)
		}
	})
	if len(a.Handshakes) != 1 || a.Handshakes[0].Time[account.Network] < wait*9/10 || a.Handshakes[0].Phases[0][account.Network] < wait*9/10 {
		t.Errorf("got %+v, want one handshake that waits %v for a ClientHello", a.Handshakes, wait)
	}
}

func TestUnfinished(t *testing.T) {
	p := start(t)
	p.do(server.Request{Do: "trace-start"})
	if _, err := p.shake(0); err != nil { // its goroutine has begun when this is over
		t.Fatal(err)
	}
	raw, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	p.shakes(3) // the server accepts in order
	a, err := Read(p.do(server.Request{Do: "trace-stop"}).Trace.Data, 0)
	if err != nil {
		t.Fatal(err)
	}
	if a.Unfinished != 1 || len(a.Handshakes) != 4 {
		t.Errorf("%d handshakes, %d unfinished; want 4, 1", len(a.Handshakes), a.Unfinished)
	}
}

func TestCollections(t *testing.T) {
	p := start(t)
	p.do(server.Request{Do: "plant", Plant: &server.Plant{Component: "gc", Size: 5 * time.Millisecond, Period: 20 * time.Millisecond}})
	a, report := p.traced(func() {
		for until := time.Now().Add(100 * time.Millisecond); time.Now().Before(until); {
			p.shakes(1)
		}
	})
	var cycles uint64
	for _, w := range a.Windows {
		cycles += w.GCCycles
	}
	if cycles == 0 || cycles < report.Runtime.GCCycles*9/10 {
		t.Errorf("%d collections in the windows, %d by the runtime", cycles, report.Runtime.GCCycles)
	}
}

// A trace that has grown to its limit is a shorter account, and says so.
func TestCut(t *testing.T) {
	p := start(t)
	p.do(server.Request{Do: "trace-start", Bytes: 1 << 10})
	for until := time.Now().Add(1200 * time.Millisecond); time.Now().Before(until); { // the runtime writes once a second
		p.shakes(1)
	}
	trace := p.do(server.Request{Do: "trace-stop"}).Trace
	if !trace.Cut {
		t.Fatalf("%d bytes were not cut at 1024", len(trace.Data))
	}
	a, err := Read(trace.Data, 0)
	if err != nil {
		t.Fatal(err)
	}
	cut := slices.ContainsFunc(a.Gaps, func(g account.Gap) bool { return strings.Contains(g.What, "what came after") })
	if !cut || len(a.Handshakes) == 0 {
		t.Errorf("%d handshakes, gaps %v", len(a.Handshakes), a.Gaps)
	}
}

func TestNotATrace(t *testing.T) {
	for _, text := range []string{"", "go 1.22 trace\x00\x00\x00", "no trace", "go 1.11 trace\x00\x00\x00"} {
		if a, err := Read([]byte(text), 0); err == nil {
			t.Errorf("%q: %+v", text, a)
		}
	}
}

// FuzzRead gives the reader damaged traces: a trace that is cut, and one with a byte changed.
func FuzzRead(f *testing.F) {
	p := start(f)
	p.do(server.Request{Do: "trace-start"})
	p.shakes(2)
	whole := p.do(server.Request{Do: "trace-stop"}).Trace.Data
	for i := range 64 {
		at := len(whole) * i / 64
		f.Add(at, at, byte(i+1))
		f.Add(len(whole), at, byte(1<<(i%8)))
	}
	f.Fuzz(func(t *testing.T, length, at int, change byte) {
		data := slices.Clone(whole)
		data[uint(at)%uint(len(data))] ^= change
		data = data[:uint(length)%uint(len(data)+1)]
		a, err := Read(data, time.Second)
		if (a == nil) == (err == nil) {
			t.Errorf("account %v, error %v", a, err)
		}
		if a != nil && len(a.Windows) > maxWindows {
			t.Errorf("%d windows", len(a.Windows))
		}
	})
}
