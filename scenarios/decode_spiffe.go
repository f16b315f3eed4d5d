package scenarios

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/handshake"
)

// spiffe decodes how the app spiffegrpc and its clients deal with identities, over what they inherit. Who issues them is
// the lab's choice.
func (d *decoder) spiffe(n *yaml.Node, s *Server) {
	p := defaultSPIFFE()
	if s.SPIFFE != nil {
		p = *s.SPIFFE
	}
	before := len(d.found)
	d.mapping(n, "spiffe",
		field{"ttl", value(d, &p.TTL, readSpan)},
		field{"resumption", value(d, &p.Resumption, unless("default", oneOf("resumption", "default", "off", "recheck", "epoch")))},
		field{"max_age", value(d, &p.MaxAge, readSpan)},
		field{"grace", value(d, &p.Grace, readSpan)},
		field{"keepalive", value(d, &p.Keepalive, readSpan)},
		field{"expiry", d.boolean(&p.Expiry)},
		field{"policy", value(d, &p.Policy, unless("none", oneOf("policy", "none", "function", "opa")))},
		field{"tracing", value(d, &p.Tracing, unless("none", oneOf("tracing", "none", "otel")))},
		field{"audit", d.boolean(&p.Audit)},
		field{"breaker", d.boolean(&p.Breaker)},
		field{"jwt", d.boolean(&p.JWT)},
		field{"peer", value(d, &p.Peer, readID(p.Domain))},
	)
	s.SPIFFE = &p
	if grace := under(n, "grace"); grace != nil && p.MaxAge == 0 && len(d.found) == before {
		d.add(at(grace), "set max_age, too", "connections have no maximum age, so there is no grace after it")
	}
}

// defaultSPIFFE is what a server of the app spiffegrpc starts from.
func defaultSPIFFE() handshake.SPIFFE { return handshake.SPIFFE{Domain: "lab.example"} }

// readID reads a SPIFFE ID of a trust domain (SPIFFE-ID, section 2).
func readID(domain string) func(string) (string, error) {
	return func(s string) (string, error) {
		path, ok := strings.CutPrefix(s, "spiffe://"+domain)
		for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
			ok = ok && idShape.MatchString(segment) && strings.Trim(segment, ".") != ""
		}
		if !ok || path[0] != '/' {
			return "", wrong("write \"spiffe://"+domain+"/server\"", "%q is no SPIFFE ID of the trust domain %s", clip(s), domain)
		}
		return s, nil
	}
}
