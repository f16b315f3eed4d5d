package reload

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"testing"
	"time"
)

func understood(t testing.TB, p Pair) *version {
	t.Helper()
	v, err := understand(p, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// believe is all that stands between content and handshakes; served may be nil.
func believe(p Pair, served *version, since, now time.Time) error {
	v, err := understand(p, now)
	if err != nil {
		return err
	}
	if err := v.check(now); err != nil || served == nil {
		return err
	}
	return v.follows(served, since, now)
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return outcome(err).Reason
}

func TestBelieve(t *testing.T) {
	now, a, b := time.Now(), newTestAuthority(t, "a"), newTestAuthority(t, "b")
	first, other := a.issue(t, 7), b.issue(t, 8)
	with := func(change func(p *Pair)) Pair {
		p := a.issue(t, 8)
		change(&p)
		return p
	}
	unrooted := with(func(p *Pair) { p.Authorities = other.Authorities })
	leafOnly := func(p *Pair) {
		block, _ := pem.Decode(p.Certificate)
		p.Certificate, p.Authorities = pem.EncodeToMemory(block), other.Authorities
	}
	both := append(bytes.Clone(first.Authorities), other.Authorities...)
	old, fresh := now.Add(-settled), now
	for _, test := range []struct {
		name   string
		pair   Pair
		served Pair
		since  time.Time
		want   string
	}{
		{"the next one", a.issue(t, 8), first, fresh, ""},
		{"another authority throughout", other, first, fresh, ""},
		{"comments", with(func(p *Pair) { p.Certificate = append([]byte("subject=CN\n\n"), p.Certificate...) }), first, fresh, ""},
		{"CRLF", with(func(p *Pair) { p.Certificate = bytes.ReplaceAll(p.Certificate, []byte("\n"), []byte("\r\n")) }), first, fresh, ""},
		{"key of another", with(func(p *Pair) { p.Key = first.Key }), first, old, "the key does not fit the certificate"},
		{"no key", with(func(p *Pair) { p.Key = nil }), first, old, "the key does not fit the certificate"},
		{"no certificate", with(func(p *Pair) { p.Certificate = nil }), first, old, "there is no certificate"},
		{"no authority", with(func(p *Pair) { p.Authorities = []byte{} }), first, old, "there is no certificate"},
		{"residue", with(func(p *Pair) { p.Certificate = append(p.Certificate, "-----BEG"...) }), first, old, "there is text behind the last PEM block"},
		{"half a block", with(func(p *Pair) { p.Certificate = p.Certificate[:len(p.Certificate)-9] }), first, old, "a PEM block is not whole"},
		{"an authority that is none", with(func(p *Pair) { p.Authorities = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"}) }), first, old, "a certificate does not parse"},
		{"expired", a.between(t, 8, now.Add(-time.Hour), now.Add(-time.Second)), first, old, "expired"},
		{"not yet valid", a.between(t, 8, now.Add(2*skew), now.Add(time.Hour)), first, old, "not yet valid"},
		{"an issuer whose clock is ahead", a.between(t, 8, now.Add(skew/2), now.Add(time.Hour)), first, fresh, ""},
		{"authorities that it does not lead to", unrooted, first, old, "the chain does not verify"},
		{"out of order", with(func(p *Pair) { p.Certificate = append(p.Certificate, testPEM(b.root)...) }), first, old, "the chain is not in order"},
		{"shorter", with(leafOnly), unrooted, fresh, "the chain has become shorter"},
		{"shorter for a while", with(leafOnly), unrooted, old, ""},
		{"without intermediate", with(func(p *Pair) { leafOnly(p); p.Authorities = first.Authorities }), first, old, "the chain does not verify"},
		{"fewer authorities", a.issue(t, 8), with(func(p *Pair) { p.Authorities = both }), fresh, "there are fewer authorities"},
		{"fewer authorities for a while", a.issue(t, 8), with(func(p *Pair) { p.Authorities = both }), old, ""},
		{"older", a.between(t, 6, now.Add(-2*time.Hour), now.Add(time.Hour)), first, old, "older than what is served"},
		{"for clients alone", a.use(t, 8, x509.ExtKeyUsageClientAuth), first, old, "not for a server"},
		{"no longer for clients", a.use(t, 8, x509.ExtKeyUsageServerAuth), first, fresh, ""},
		{"random serial numbers", a.between(t, 6, now.Add(-time.Minute), now.Add(time.Hour)), first, fresh, ""},
	} {
		if got := reason(believe(test.pair, understood(t, test.served), test.since, now)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// A file that is being written is a beginning of what it will be. Nothing but the whole of it is believed, and of a
// bundle that ends between two certificates only what nobody has gone on writing for a while.
func TestEveryTruncation(t *testing.T) {
	now, a, b := time.Now(), newTestAuthority(t, "a"), newTestAuthority(t, "b")
	whole := a.issue(t, 8)
	whole.Authorities = testPEM(a.root, b.root)
	served := a.issue(t, 7)
	served.Authorities = whole.Authorities
	unrooted := served
	unrooted.Authorities = testPEM(b.root)
	rooted, rootless := understood(t, served), understood(t, unrooted)
	for n := range len(whole.Certificate) - 1 { // the last byte is a line feed
		torn := whole
		torn.Certificate = whole.Certificate[:n]
		if believe(torn, rooted, now.Add(-time.Hour), now) == nil {
			t.Errorf("chain of %d of %d bytes: believed", n, len(whole.Certificate))
		}
		torn.Authorities = unrooted.Authorities
		if believe(torn, rootless, now, now) == nil {
			t.Errorf("chain of %d of %d bytes that leads to no authority: believed", n, len(whole.Certificate))
		}
	}
	boundary := len(testPEM(a.root))
	for n := range len(whole.Authorities) - 1 {
		torn := whole
		torn.Authorities = whole.Authorities[:n]
		if believe(torn, rooted, now, now) == nil {
			t.Errorf("authorities of %d of %d bytes: believed at once", n, len(whole.Authorities))
		}
		got := believe(torn, rooted, now.Add(-settled), now) == nil
		if want := n == boundary || n == boundary-1; got != want {
			t.Errorf("authorities of %d of %d bytes that rest: believed %v, want %v", n, len(whole.Authorities), got, want)
		}
	}
}

func FuzzValidate(f *testing.F) {
	a := newTestAuthority(f, "a")
	p := a.issue(f, 7)
	f.Add(p.Certificate, p.Key, p.Authorities)
	f.Add(p.Certificate[:len(p.Certificate)/2], p.Key, p.Authorities)
	f.Add(append([]byte("\xef\xbb\xbf"), p.Certificate...), p.Key, append([]byte("root\n"), p.Authorities...))
	f.Add(append(p.Key, p.Certificate...), append(p.Certificate, p.Key...), []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, certificate, key, authorities []byte) {
		p := Pair{certificate, key, authorities}
		if believe(p, nil, time.Time{}, time.Now()) != nil {
			return
		}
		id := understood(t, p).identity
		if state := shake(t, &tls.Config{Certificates: []tls.Certificate{*id.Certificate}}, &tls.Config{InsecureSkipVerify: true}); generation(state.PeerCertificates[0]) != id.Generation {
			t.Error("what was believed is not what a handshake shows")
		}
	})
}

// shake makes a handshake over the loopback interface, has the server send a byte, and says what the client saw.
func shake(t testing.TB, server, client *tls.Config) tls.ConnectionState {
	t.Helper()
	state, err := attempt(t, server, client)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func attempt(t testing.TB, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		raw, err := listener.Accept()
		if err != nil {
			return
		}
		defer raw.Close()
		conn := tls.Server(raw, server)
		conn.Write([]byte{1})
		io.Copy(io.Discard, conn)
	}()
	conn, err := tls.Dial("tcp", listener.Addr().String(), client)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	_, err = io.ReadFull(conn, make([]byte, 1)) // the server has verified the client, and its ticket has arrived
	conn.Close()
	<-done
	return conn.ConnectionState(), err
}
