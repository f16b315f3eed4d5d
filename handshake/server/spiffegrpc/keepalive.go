package spiffegrpc

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// minClientPing is how often clients may ask whether the server is there.
const minClientPing = 10 * time.Millisecond

// keepalive is how long connections last and how often idle ones are asked whether the peer is there. grpc-go spreads
// the age by a tenth and takes one second as the shortest pause between pings; who does not answer within a pause, at
// most twenty seconds, is gone.
func (o Options) keepalive() []grpc.ServerOption {
	s := o.SPIFFE
	options := []grpc.ServerOption{grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minClientPing, PermitWithoutStream: true})}
	if s.MaxAge == 0 && s.Keepalive == 0 {
		return options
	}
	return append(options, grpc.KeepaliveParams(keepalive.ServerParameters{
		MaxConnectionAge: s.MaxAge, MaxConnectionAgeGrace: s.Grace,
		Time: s.Keepalive, Timeout: min(s.Keepalive, 20*time.Second),
	}))
}
