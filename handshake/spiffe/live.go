package spiffe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/logger"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// DialOptions are how a client of the Workload API behaves.
type DialOptions struct {
	Path    string        // of the identity to pick; empty: the first one
	Backoff *Backoff      // after the agent was lost; nil: go-spiffe's, 1 s, 2 s, ... 30 s, and gRPC's
	Margin  time.Duration // before the identity expires, from which on the source is not ready; zero: a quarter of its life
}

// Live is a source that follows an agent, by go-spiffe's X509Source. During an outage it keeps what it has: an
// identity that has expired is still returned, without an error, as go-spiffe does. [Live.Ready] tells.
type Live struct {
	source *workloadapi.X509Source
	margin time.Duration
}

// Dial follows the agent at an address, such as unix:///run/agent.sock, with go-spiffe's own back-off. It waits for the
// first identity, until the context ends.
func Dial(ctx context.Context, address, path string) (*Live, error) {
	return DialWith(ctx, address, DialOptions{Path: path})
}

// DialWith is [Dial] with options. Its error tells the last reason for which the agent gave nothing.
func DialWith(ctx context.Context, address string, o DialOptions) (*Live, error) {
	var why complaint
	client := []workloadapi.ClientOption{workloadapi.WithAddr(address), workloadapi.WithLogger(&why)}
	client = append(client, o.Backoff.options()...)
	source, err := workloadapi.NewX509Source(ctx, workloadapi.WithClientOptions(client...),
		workloadapi.WithDefaultX509SVIDPicker(pick(o.Path)))
	if err != nil {
		return nil, fmt.Errorf("workload API at %s: %w", address, errors.Join(err, why.last()))
	}
	l := &Live{source, o.Margin}
	if _, err := l.GetX509SVID(); err != nil {
		return nil, errors.Join(fmt.Errorf("the agent has no identity %s for this process: %w", o.Path, err), l.Close())
	}
	return l, nil
}

// pick takes the identity whose hint is the path, or else the one whose ID has it.
func pick(path string) func([]*x509svid.SVID) *x509svid.SVID {
	return func(all []*x509svid.SVID) *x509svid.SVID {
		if path == "" {
			return all[0] // an answer without identities does not come here
		}
		i := slices.IndexFunc(all, func(s *x509svid.SVID) bool { return s.Hint == path })
		if i < 0 {
			i = slices.IndexFunc(all, func(s *x509svid.SVID) bool { return s.ID.Path() == path })
		}
		if i < 0 {
			return nil
		}
		return all[i]
	}
}

// complaint keeps the last error that go-spiffe logs.
type complaint struct{ text atomic.Pointer[string] }

var _ logger.Logger = &complaint{}

func (*complaint) Debugf(string, ...any) {}
func (*complaint) Infof(string, ...any)  {}
func (*complaint) Warnf(string, ...any)  {}
func (c *complaint) Errorf(format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	c.text.Store(&text)
}

func (c *complaint) last() error {
	if text := c.text.Load(); text != nil {
		return errors.New(*text)
	}
	return nil
}

// GetX509SVID is the present identity, expired or not.
func (l *Live) GetX509SVID() (*x509svid.SVID, error) { return l.source.GetX509SVID() }

// GetX509BundleForTrustDomain is the bundle as it was pushed last.
func (l *Live) GetX509BundleForTrustDomain(name spiffeid.TrustDomain) (*x509bundle.Bundle, error) {
	return l.source.GetX509BundleForTrustDomain(name)
}

// Updated is sent on when something was pushed. It holds one message, for one receiver.
func (l *Live) Updated() <-chan struct{} { return l.source.Updated() }

// Serial is the generation of the present identity; zero where there is none.
func (l *Live) Serial() uint64 {
	svid, err := l.GetX509SVID()
	if err != nil {
		return 0
	}
	return svid.Certificates[0].SerialNumber.Uint64()
}

// NotAfter is the last instant of the present identity; zero where there is none.
func (l *Live) NotAfter() time.Time {
	svid, err := l.GetX509SVID()
	if err != nil {
		return time.Time{}
	}
	return svid.Certificates[0].NotAfter
}

// Ready says whether the identity will do for longer than the margin. As an identity is renewed at half of its life, a
// source that is no longer ready has lost its agent, and has some time left before connections fail.
func (l *Live) Ready() bool {
	svid, err := l.GetX509SVID()
	if err != nil {
		return false
	}
	leaf := svid.Certificates[0]
	margin := l.margin
	if margin == 0 {
		margin = leaf.NotAfter.Sub(leaf.NotBefore) / 4
	}
	return time.Until(leaf.NotAfter) > margin
}

// Close leaves the agent. The source gives nothing from then on.
func (l *Live) Close() error { return l.source.Close() }
