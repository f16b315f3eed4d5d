package identity

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// border is between two trust domains: a server of the near one, clients of the far one, and an endpoint for each
// one's bundle.
type border struct {
	near, far realm
	door      *door
	shown     *x509svid.SVID // by the clients; nil: what the agent gave
	following context.CancelFunc
	followers sync.WaitGroup
}

// realm is one side.
type realm struct {
	*estate
	live     *spiffe.Live // of its workload
	endpoint *spiffe.Endpoint
}

func openBorder(ctx context.Context, b experiment.Bench) (o *border, err error) {
	o = &border{following: func() {}}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	if err := o.near.open(ctx, b, trustDomain, serverPath); err != nil {
		return o, err
	}
	if err := o.far.open(ctx, b, foreignDomain, clientPath); err != nil {
		return o, err
	}
	server, err := spiffe.ServerConfig(o.near.live, tlsconfig.AuthorizeMemberOf(o.far.domain.Name()), spiffe.Off)
	if err != nil {
		return o, err
	}
	o.door, err = openDoor(server, nil)
	return o, err
}

// open starts a domain, its agent and its endpoint.
func (r *realm) open(ctx context.Context, b experiment.Bench, name, path string) (err error) {
	if r.estate, err = foundAs(b, name, spiffe.Entry{Path: path, UID: -1}); err != nil {
		return err
	}
	if r.live, err = r.source(ctx, path, spiffe.Reference()); err != nil {
		return err
	}
	now := time.Now()
	svid, err := r.domain.SVID(endpointPath, 1, now.Add(-time.Minute), now.Add(time.Hour))
	if err != nil {
		return err
	}
	own := &spiffe.Memory{}
	own.Set(svid)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.endpoint, err = spiffe.Publish(l, r.domain, spiffe.SPIFFEProfile(own))
	return err
}

func (r *realm) close() {
	if r.endpoint != nil {
		r.endpoint.Close()
	}
	if r.live != nil {
		r.live.Close()
	}
	if r.estate != nil {
		r.agent.Stop()
	}
}

func (o *border) close() {
	o.unfollow()
	if o.door != nil {
		o.door.close()
	}
	o.far.close()
	o.near.close()
}

// federate has each agent follow the other's endpoint, and waits until both workloads have the present bundles. An
// agent begins with the bundle that it has of the other domain, or with one that was brought to it.
func (o *border) federate(ctx context.Context) error {
	follow, cancel := context.WithCancel(ctx)
	o.following = cancel
	o.near.follow(follow, &o.far, &o.followers)
	o.far.follow(follow, &o.near, &o.followers)
	if !until(ctx, 2*knockTime, func() bool { return o.near.has(&o.far) && o.far.has(&o.near) }) {
		return errors.New("the bundles were not exchanged")
	}
	return ctx.Err()
}

func (o *border) unfollow() {
	o.following()
	o.followers.Wait()
}

func (r *realm) follow(ctx context.Context, other *realm, followers *sync.WaitGroup) {
	name := other.domain.Name()
	first, err := r.live.GetX509BundleForTrustDomain(name)
	if err != nil {
		first = other.domain.Bundle().X509Bundle()
	}
	foreign := spiffe.Foreign{
		Domain: name, URL: other.endpoint.URL(), First: first,
		Endpoint: spiffeid.RequireFromPath(name, endpointPath),
		Refresh:  100 * time.Millisecond,
	}
	followers.Go(func() {
		_ = spiffe.Follow(ctx, foreign, func(b *spiffebundle.Bundle) { r.agent.Federate(b) }, nil) // ends with ctx
	})
}

// has says whether the workload has the present bundle of the other domain.
func (r *realm) has(other *realm) bool {
	b, err := r.live.GetX509BundleForTrustDomain(other.domain.Name())
	return err == nil && b.Equal(other.domain.Bundle().X509Bundle())
}

// replace rotates the far authority, without an overlap, and waits until the clients have an identity of the new one.
func (o *border) replace(ctx context.Context) error {
	if err := o.far.domain.Prepare(time.Now()); err != nil {
		return err
	}
	o.far.domain.Activate()
	o.far.domain.Retire()
	generation := o.far.agent.Rotate()
	if !until(ctx, knockTime, func() bool { return o.far.live.Serial() >= generation && o.far.has(&o.far) }) {
		return errors.New("the far workload has no new identity")
	}
	return nil
}

// honest is a client that takes the server only by the bundle that its agent has of the server's domain.
func (o *border) honest() (*tls.Config, error) {
	config, err := spiffe.ClientConfig(o.far.live, tlsconfig.AuthorizeID(spiffeid.RequireFromPath(o.near.domain.Name(), serverPath)), spiffe.Off)
	if err == nil && o.shown != nil {
		config.GetClientCertificate = tlsconfig.GetClientCertificate(o.shown)
	}
	return config, err
}

// bold is a client that takes any server.
func (o *border) bold() *tls.Config {
	if o.shown != nil {
		return keeper(o.shown, nil)
	}
	config := keeper(nil, nil)
	config.GetClientCertificate = tlsconfig.GetClientCertificate(o.far.live)
	return config
}

// cross makes one handshake with the near server.
func (o *border) cross(ctx context.Context, client *tls.Config) error {
	_, err := knock(ctx, o.door.address(), client)
	return err
}

// chainOnly is a server that asks of clients that their chain leads to the near domain's root.
func (o *border) chainOnly() *tls.Config {
	roots := x509.NewCertPool()
	for _, c := range o.near.domain.Bundle().X509Authorities() {
		roots.AddCert(c)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots,
		GetCertificate: tlsconfig.GetCertificate(o.near.live), SessionTicketsDisabled: true,
	}
}

// foundAs is [found] for a trust domain of another name.
func foundAs(b experiment.Bench, name string, entries ...spiffe.Entry) (*estate, error) {
	dir, err := os.MkdirTemp(b.Dir, "")
	if err != nil {
		return nil, err
	}
	domain, err := spiffe.NewDomain(name, handshake.ECDSAP256, time.Now())
	if err != nil {
		return nil, err
	}
	agent, err := spiffe.NewAgent(spiffe.AgentOptions{Socket: filepath.Join(dir, "api"), Domain: domain, Entries: entries, Seed: b.Seed})
	if err != nil {
		return nil, err
	}
	return &estate{domain: domain, agent: agent}, agent.Start()
}
