package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// derived is a config that was made of another one.
type derived struct {
	from   *tls.Config
	order  *[]string
	config *tls.Config
}

// configure makes the config that TCP serves, and QUIC with another ALPN list, by the settings.
func (g *Gateway) configure(config *tls.Config) error {
	if config.WrapSession == nil {
		config.WrapSession = config.EncryptTicket // with the keys of this config, in every copy of it
	}
	if config.UnwrapSession == nil {
		config.UnwrapSession = config.DecryptTicket
	}
	g.watchCertificates(config)
	g.config = config
	return g.watchHellos(config)
}

// watchCertificates notes which leaf a handshake is served with.
func (g *Gateway) watchCertificates(config *tls.Config) {
	choose := config.GetCertificate
	if choose == nil {
		return
	}
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		served, err := choose(hello)
		if v := visitOf(hello.Context()); v != nil && served != nil && served.Leaf != nil {
			v.leaf.Store(served.Leaf)
		}
		return served, err
	}
}

// watchHellos lets a handshake wait for its turn and gives it its config.
func (g *Gateway) watchHellos(config *tls.Config) error {
	derive, err := g.deriver(config)
	if err != nil {
		return err
	}
	if derive == nil && g.slots == nil {
		return nil
	}
	choose := config.GetConfigForClient
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (from *tls.Config, err error) {
		if err := g.enter(hello.Context()); err != nil {
			return nil, err
		}
		if choose != nil {
			from, err = choose(hello)
		}
		if err != nil || derive == nil {
			return from, err
		}
		if from == nil {
			from = config
		}
		return derive(from), nil
	}
	return nil
}

// deriver is how a handshake's config is made of the one that it would have otherwise; nil: it has that one.
func (g *Gateway) deriver(config *tls.Config) (func(from *tls.Config) *tls.Config, error) {
	if g.Prefer != "" && g.Prefer != preferHealth {
		return nil, fmt.Errorf("unknown preference %q", g.Prefer)
	}
	switch g.Config {
	case "", "none":
		if g.Prefer == "" {
			return nil, nil
		}
		return g.swapped, nil
	case "swapped":
		return g.swapped, nil
	case "clone":
		return g.derive, nil
	case "static":
		if g.Reloads || g.Prefer != "" {
			return nil, errors.New("config static: one config cannot follow what changes")
		}
		one := g.derive(config)
		return func(*tls.Config) *tls.Config { return one }, nil
	}
	return nil, fmt.Errorf("unknown config %q", g.Config)
}

// derive copies a config and gives it the ALPN list of now.
func (g *Gateway) derive(from *tls.Config) *tls.Config { return with(from, g.order.Load()) }

// swapped is the copy that was made last, if what it was made of is what there is now.
func (g *Gateway) swapped(from *tls.Config) *tls.Config {
	order := g.order.Load()
	if d := g.newest.Load(); d != nil && d.from == from && d.order == order {
		return d.config
	}
	d := &derived{from, order, with(from, order)}
	g.newest.Store(d)
	return d.config
}

func with(from *tls.Config, order *[]string) *tls.Config {
	config := from.Clone()
	config.GetConfigForClient = nil
	config.NextProtos = *order
	return config
}
