package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// The test binary starts itself as the process that takes the CPU: go test always passes arguments.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		os.Exit(m.Run())
	}
	if err := Control(context.Background(), os.Stdin, os.Stdout, apps); err != nil {
		os.Exit(1)
	}
}

// The phases of a full and of a resumed handshake, as a sampler on the server's goroutine would see them.
func TestPhases(t *testing.T) {
	f := setup(t)
	f.client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	key := ticketKey()
	for _, test := range []struct {
		kind string
		want []string // in GetConfigForClient, GetCertificate, Sign, UnwrapSession and after the handshake
	}{
		{"full", []string{"hello negotiate unknown", "choice certificate full", "sign sign full", "after finish full"}},
		{"resumed", []string{"hello negotiate unknown", "unwrapped resume resumed", "after resume resumed"}},
	} {
		t.Run(test.kind, func(t *testing.T) {
			var got []string
			see := func(where string) { got = append(got, where+" "+ownLabels(t)) }
			config, err := f.settings.config()
			if err != nil {
				t.Fatal(err)
			}
			config.SetSessionTicketKeys([][32]byte{key})
			follow(config, &plants{})
			spy(config, see)
			serveOne(t, config, f.client, func() { see("after") })
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// spy looks after each of the server's callbacks.
func spy(config *tls.Config, see func(string)) {
	hello, choice, unwrap := config.GetConfigForClient, config.GetCertificate, config.UnwrapSession
	config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) { defer see("hello"); return hello(h) }
	config.GetCertificate = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { defer see("choice"); return choice(h) }
	config.UnwrapSession = func(i []byte, c tls.ConnectionState) (*tls.SessionState, error) {
		s, err := unwrap(i, c)
		if s != nil {
			see("unwrapped")
		}
		return s, err
	}
	outer := config.Certificates[0].PrivateKey.(phasedSigner)
	config.Certificates[0].PrivateKey = phasedSigner{spiedSigner{outer, see}}
}

type spiedSigner struct {
	phasedSigner
	see func(string)
}

func (s spiedSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	s.see("sign")
	return s.phasedSigner.Signer.Sign(random, digest, opts)
}

// serveOne does one handshake over a pipe; after runs on the server's goroutine.
func serveOne(t *testing.T, config, client *tls.Config, after func()) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	served := make(chan error, 1)
	go func() {
		conn := tls.Server(far, config)
		err := shake(conn)
		after()
		if err == nil {
			_, err = conn.Write([]byte{handshake.Confirmation})
		}
		served <- err
	}()
	if _, err := io.ReadFull(tls.Client(near, client), make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
}

// ownLabels are those of this goroutine: "phase kind". They are read from the profile of goroutines, the one place
// where the runtime shows them.
func ownLabels(t *testing.T) string {
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		t.Error(err)
	}
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if !strings.Contains(stack, "ownLabels") {
			continue
		}
		_, line, _ := strings.Cut(stack, "# labels: ")
		var kind, phase string
		if _, err := fmt.Sscanf(line, `{"kind":%q, "tls_phase":%q}`, &kind, &phase); err != nil {
			t.Errorf("labels %.80q: %v", line, err)
		}
		return phase + " " + kind
	}
	return "none"
}

func TestProfileWindows(t *testing.T) {
	f := setup(t)
	c := start(t, f.settings)
	if r := c.say(Request{Do: "profile-start", Window: time.Millisecond}); r.Error == "" {
		t.Error("a window of 1ms")
	}
	if r := c.say(Request{Do: "profile-start", Window: minWindow}); r.Error != "" {
		t.Fatal(r.Error)
	}
	for until := time.Now().Add(3 * minWindow); time.Now().Before(until); {
		if err := c.shake(f.client); err != nil {
			t.Fatal(err)
		}
	}
	got := c.do("profile-stop").Profiles
	if len(got) < 2 {
		t.Fatalf("%d profiles of %v in %v", len(got), minWindow, 3*minWindow)
	}
	for i, p := range got {
		if want := time.Duration(i) * minWindow; p.At < want {
			t.Errorf("profile %d began at %v, want %v or later", i, p.At, want)
		}
		if z, err := gzip.NewReader(bytes.NewReader(p.Data)); err != nil {
			t.Error(err)
		} else if plain, err := io.ReadAll(z); err != nil || len(plain) == 0 {
			t.Errorf("profile %d: %d bytes, %v", i, len(plain), err)
		}
	}
}

func TestSamplesCountCollections(t *testing.T) {
	f := setup(t)
	c := start(t, f.settings)
	if r := c.say(Request{Do: "plant", Plant: &Plant{Component: "gc", Size: 5 * time.Millisecond, Period: 20 * time.Millisecond}}); r.Error != "" {
		t.Fatal(r.Error)
	}
	c.do("begin")
	for until := time.Now().Add(5 * sampleEvery); time.Now().Before(until); {
		if err := c.shake(f.client); err != nil {
			t.Fatal(err)
		}
	}
	c.do("plant") // nothing any more: the episode under way ends first
	report := c.do("end").Report
	last := report.Samples[len(report.Samples)-1].GCCycles
	if last == 0 || last > report.Runtime.GCCycles || len(report.Planted) == 0 {
		t.Errorf("the last sample has %d collections, the stretch %d, of %d episodes", last, report.Runtime.GCCycles, len(report.Planted))
	}
}

func BenchmarkEnter(b *testing.B) {
	for b.Loop() {
		enter(negotiate, unknown)
	}
}

// BenchmarkHandshake has what following its phases costs a handshake: take the difference.
func BenchmarkHandshake(b *testing.B) {
	for _, followed := range []bool{false, true} {
		b.Run(fmt.Sprintf("followed=%t", followed), func(b *testing.B) {
			f := setup(b)
			config, err := f.settings.config()
			if err != nil {
				b.Fatal(err)
			}
			if followed {
				follow(config, &plants{})
			}
			b.ReportAllocs()
			for b.Loop() {
				near, far := net.Pipe()
				go tls.Server(far, config).Handshake()
				if err := tls.Client(near, f.client).Handshake(); err != nil {
					b.Fatal(err)
				}
				near.Close()
				far.Close()
			}
		})
	}
}
