package reload

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"time"
)

// grant is under what a session may be resumed. It travels inside the ticket, sealed with it.
type grant struct {
	epoch uint64
	until time.Time
}

// grantMark begins a grant among what others have put into a session.
var grantMark = []byte("tlslab/handshake/reload/grant 1\n")

// grantTo is for a session with a peer: it ends with the first of the two leaves that the handshake was about. What a
// resumed handshake grants counts from the identity that is served then, but the client's leaf is the old one.
func grantTo(peer tls.ConnectionState, id *Identity) grant {
	g := grant{id.Epoch, id.Certificate.Leaf.NotAfter}
	if len(peer.PeerCertificates) > 0 && peer.PeerCertificates[0].NotAfter.Before(g.until) {
		g.until = peer.PeerCertificates[0].NotAfter
	}
	return g
}

func (g grant) bytes() []byte {
	b := binary.BigEndian.AppendUint64(bytes.Clone(grantMark), g.epoch)
	return binary.BigEndian.AppendUint64(b, uint64(g.until.Unix()))
}

// grantOf is that of a session; one without was granted until the beginning of time.
func grantOf(session *tls.SessionState) (g grant) {
	for _, extra := range session.Extra {
		if b, ours := bytes.CutPrefix(extra, grantMark); ours && len(b) == 16 {
			return grant{binary.BigEndian.Uint64(b), time.Unix(int64(binary.BigEndian.Uint64(b[8:])), 0)}
		}
	}
	return grant{}
}

func (g grant) holds(epoch uint64, now time.Time) bool {
	return g.epoch == epoch && !now.After(g.until)
}

// clock is the time by a config.
func clock(config *tls.Config) time.Time {
	if config.Time != nil {
		return config.Time()
	}
	return time.Now()
}
