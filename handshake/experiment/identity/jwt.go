package identity

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// Audiences of tokens.
const (
	ownAudience   = "spiffe://" + trustDomain + serverPath
	otherAudience = "spiffe://" + trustDomain + "/other"
)

// bearing is how the experiment jwt goes.
type bearing struct {
	attempts int // tokens of each kind
}

func jwt() experiment.Experiment {
	t := bearing{attempts: 50}
	return experiment.Experiment{
		Name:  "jwt",
		Title: "Tokens that should be refused",
		Doc: "A workload has JWT-SVIDs from its agent, or makes others out of them. A validator of go-spiffe judges them by the bundles that it follows at the same agent, " +
			"and so does the agent itself, by its Workload API.",
		Takes: 5 * time.Second,
		Run:   t.run,
	}
}

func (t bearing) run(ctx context.Context, b experiment.Bench) (arms []experiment.Arm, err error) {
	e, err := found(b, workloads(time.Hour)...)
	if err != nil {
		return nil, err
	}
	defer e.agent.Stop()
	k, err := openTokenDesk(ctx, e)
	if err != nil {
		return nil, err
	}
	defer k.close()
	stranger, err := spiffe.NewDomain(foreignDomain, handshake.ECDSAP256, time.Now())
	if err != nil {
		return nil, err
	}
	expired := func(d *spiffe.Domain, since time.Duration) func(context.Context, int) (string, error) {
		return func(context.Context, int) (string, error) {
			return d.JWT(clientPath, []string{ownAudience}, time.Now().Add(-since))
		}
	}
	for _, arm := range []struct {
		name, doc string
		token     func(ctx context.Context, attempt int) (string, error)
	}{
		{"good", "from the agent, for the validator", func(ctx context.Context, _ int) (string, error) { return k.token(ctx, ownAudience) }},
		{"wrong-audience", "from the agent, for somebody else", func(ctx context.Context, _ int) (string, error) { return k.token(ctx, otherAudience) }},
		{"expired", "two minutes ago", expired(e.domain, 2*time.Minute)},
		{"expired-lately", "half a minute ago: within what go-spiffe allows for clocks, which is a minute", expired(e.domain, 30*time.Second)},
		{"foreign-domain", "of a trust domain that is not federated", expired(stranger, -time.Minute)},
		{"tampered", "from the agent, with another subject, another signature, or none, in turn", k.tampered},
	} {
		a := experiment.Arm{Name: arm.name, Doc: arm.doc}
		if err := t.judge(ctx, k, arm.token, &a); err != nil {
			return arms, fmt.Errorf("%s: %w", arm.name, err)
		}
		arms = append(arms, a)
	}
	return arms, ctx.Err()
}

// judge shows tokens of one kind to both validators.
func (t bearing) judge(ctx context.Context, k *tokenDesk, next func(context.Context, int) (string, error), a *experiment.Arm) error {
	accepted, byAgent := 0, 0
	for attempt := range t.attempts {
		token, err := next(ctx, attempt)
		if err != nil {
			return err
		}
		if _, err := jwtsvid.ParseAndValidate(token, k.source, []string{ownAudience}); err == nil {
			accepted++
		} else if !slices.Contains(a.Notes, err.Error()) {
			a.Notes = append(a.Notes, err.Error())
		}
		if _, err := k.client.ValidateJWTSVID(ctx, token, ownAudience); err == nil {
			byAgent++
		}
	}
	a.Measures = []experiment.Measure{
		experiment.Count("accepted", "tokens", accepted, t.attempts),
		experiment.Count("refused", "tokens", t.attempts-accepted, t.attempts),
		experiment.Count("accepted_by_agent", "tokens", byAgent, t.attempts),
	}
	return nil
}

// tokenDesk is what a workload has at its agent to deal with tokens.
type tokenDesk struct {
	client *workloadapi.Client
	source *workloadapi.JWTSource
}

func openTokenDesk(ctx context.Context, e *estate) (*tokenDesk, error) {
	client, err := workloadapi.New(ctx, workloadapi.WithAddr(e.agent.Address()))
	if err != nil {
		return nil, err
	}
	source, err := workloadapi.NewJWTSource(ctx, workloadapi.WithClient(client))
	if err != nil {
		client.Close()
		return nil, err
	}
	return &tokenDesk{client, source}, nil
}

func (k *tokenDesk) close() {
	k.source.Close()
	k.client.Close()
}

// token is a new one of the client's for an audience.
func (k *tokenDesk) token(ctx context.Context, audience string) (string, error) {
	client := spiffeid.RequireFromString("spiffe://" + trustDomain + clientPath)
	svid, err := k.source.FetchJWTSVID(ctx, jwtsvid.Params{Subject: client, Audience: audience})
	if err != nil {
		return "", err
	}
	return svid.Marshal(), nil
}

// tampered is a token in compact form (RFC 7515, section 7.1) of which one part is not the agent's.
func (k *tokenDesk) tampered(ctx context.Context, attempt int) (string, error) {
	token, err := k.token(ctx, ownAudience)
	if err != nil {
		return "", err
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("a token of %d parts", len(parts))
	}
	part := attempt % len(parts)
	text, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		return "", err
	}
	switch part {
	case 0: // header
		text = bytes.ReplaceAll(text, []byte(`"ES256"`), []byte(`"none"`))
	case 1: // claims
		text = bytes.ReplaceAll(text, []byte(clientPath), []byte("/admin"))
	case 2: // signature
		text[0] ^= 1
	}
	parts[part] = base64.RawURLEncoding.EncodeToString(text)
	return strings.Join(parts, "."), nil
}
