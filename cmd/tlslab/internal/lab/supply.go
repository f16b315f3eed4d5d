package lab

import (
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// supply is the generations of one authority. A generation is the same in every block: what a key costs to make is paid
// once, and variants rotate to the same ones.
type supply struct {
	authority *rotation.Authority
	client    pki.Pair

	mu     sync.Mutex
	issued []rotation.Material // from generation 1 on
}

func newSupply(sig handshake.Signature, now time.Time) (*supply, error) {
	authority, err := rotation.NewAuthority(now, sig, serverName)
	if err != nil {
		return nil, err
	}
	client, err := authority.Client(1)
	if err != nil {
		return nil, err
	}
	return &supply{authority: authority, client: pki.Pair{Certificate: client.Certificate, Key: client.Key}}, nil
}

// generation is the one with that number, from 1 on.
func (s *supply) generation(number uint64) (rotation.Material, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := uint64(len(s.issued)); n < number; n++ {
		m, err := s.authority.Issue(n + 1)
		if err != nil {
			return rotation.Material{}, err
		}
		s.issued = append(s.issued, m)
	}
	return s.issued[number-1], nil
}
