package profile

import "testing"

func TestTLSShare(t *testing.T) {
	for name, tt := range map[string]struct {
		stacks []sampled
		want   float64
	}{
		"of the library":         {[]sampled{stack(10, "crypto/tls.(*Conn).Write", "main.serve")}, 1},
		"what it calls":          {[]sampled{stack(30, "runtime.cgocall", "crypto/internal/boring._Cfunc__goboringcrypto_ECDSA_sign", "crypto/tls.(*Conn).HandshakeContext", "net/http.(*conn).serve"), stack(10, "net/http.(*conn).serve")}, 0.75},
		"a package beneath":      {[]sampled{stack(10, "crypto/tls/internal/fips140tls.Required", "main.serve")}, 1},
		"QUIC's packets":         {[]sampled{stack(10, "crypto/aes.encrypt", "github.com/quic-go/quic-go/internal/handshake.(*updatableAEAD).Seal", "github.com/quic-go/quic-go.(*Conn).run"), stack(10, "github.com/quic-go/quic-go.(*Conn).run")}, 0.5},
		"written by a compiler":  {[]sampled{stack(10, "type:.eq.crypto/tls.Config", "main.serve")}, 1},
		"another's cryptography": {[]sampled{stack(10, "crypto/ecdsa.SignASN1", "main.token"), stack(10, "crypto/tlsx.Do", "main.serve")}, 0},
	} {
		got, ok := timeOf(t, encoded(t, tt.stacks...)).TLSShare()
		if !ok || got != tt.want {
			t.Errorf("%s: got %v, %v, want %v", name, got, ok, tt.want)
		}
	}
	if _, ok := (&Time{}).TLSShare(); ok {
		t.Error("no sample has a share")
	}
}

func TestTLSShareOfSeveral(t *testing.T) {
	var sum Time
	sum.Add(timeOf(t, encoded(t, stack(10, "crypto/tls.(*Conn).Write"))))
	sum.Add(timeOf(t, encoded(t, stack(30, "main.serve"))))
	if got, _ := sum.TLSShare(); got != 0.25 {
		t.Errorf("got %v, want 0.25: weighted by samples", got)
	}
}
