package gateway

import (
	"crypto/tls"
	"encoding/json"
	"net/http"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
)

// Identity is the answer of GET /identity.
type Identity struct {
	Protocol string          `json:"protocol"` // HTTP/1.1, HTTP/2.0, HTTP/3.0
	ALPN     string          `json:"alpn"`     // negotiated; empty: none
	TLS      string          `json:"tls"`      // version
	Group    handshake.Group `json:"group"`
	Resumed  bool            `json:"resumed"`
	SNI      string          `json:"sni"`            // empty: the client named no server
	Leaf     uint64          `json:"leaf,omitempty"` // serial number of the certificate that this handshake was served with; zero: more than 64 bits, or resumed
}

// answers is the handler for all protocols.
func (g *Gateway) answers() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		g.arrive(w, r)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /identity", func(w http.ResponseWriter, r *http.Request) {
		v := g.arrive(w, r)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(g.identity(v, r))
	})
	return mux
}

// arrive notes that a request is answered, before the client can know it.
func (g *Gateway) arrive(w http.ResponseWriter, r *http.Request) *visit {
	v := visitOf(r.Context())
	v.answered.Store(true)
	if r.ProtoMajor == 3 {
		server.EnterConfirmation(r.TLS.DidResume)
	} else if g.altSvc != "" {
		w.Header().Set("Alt-Svc", g.altSvc)
	}
	return v
}

func (g *Gateway) identity(v *visit, r *http.Request) Identity {
	is := Identity{
		Protocol: r.Proto,
		ALPN:     r.TLS.NegotiatedProtocol,
		TLS:      tls.VersionName(r.TLS.Version),
		Group:    handshake.Group(r.TLS.CurveID),
		Resumed:  r.TLS.DidResume,
		SNI:      r.TLS.ServerName,
	}
	leaf := v.leaf.Load()
	if leaf == nil {
		leaf = g.Leaf
	}
	if leaf != nil && !is.Resumed && leaf.SerialNumber.IsUint64() {
		is.Leaf = leaf.SerialNumber.Uint64()
	}
	return is
}
