package identity

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/staple"
)

// stapling is how the experiment staples goes.
type stapling struct {
	attempts int           // handshakes of each client with each staple
	validity time.Duration // of the staples that are refreshed
	load     time.Duration // how long handshakes go on meanwhile
}

func staples() experiment.Experiment {
	s := stapling{attempts: 20, validity: 2 * time.Second, load: 20 * time.Second}
	return experiment.Experiment{
		Name:  "staples",
		Title: "Staples that should be refused, and what a good one costs",
		Doc: "A server whose certificate must be stapled (RFC 7633) shows a good staple, none, and such as an attacker may hold, to the client of crypto/tls as it is and to one that verifies. " +
			"Then a stapler fetches staples that are valid for 2 s from a responder over HTTP, while a client makes handshakes in closed loop.",
		Takes: 45 * time.Second,
		Run:   s.run,
	}
}

func (s stapling) run(ctx context.Context, b experiment.Bench) (arms []experiment.Arm, err error) {
	o, err := openNotary()
	if err != nil {
		return nil, err
	}
	shown, err := o.staples(time.Now())
	if err != nil {
		return nil, err
	}
	cost, err := o.cost(ctx, shown[0].bytes)
	if err != nil {
		return nil, err
	}
	for _, arm := range []struct {
		experiment.Arm
		client *tls.Config
	}{
		{experiment.Arm{Name: "default", Role: experiment.Control, Doc: "the client of crypto/tls as it is"}, o.client()},
		{experiment.Arm{Name: "verifying", Role: experiment.Reference, Doc: "the client demands a good staple on every connection"}, staple.Demand(o.client())},
	} {
		b.Speak("staples: " + arm.Name)
		for _, st := range shown {
			if err := s.accepted(ctx, o, arm.client, st, &arm.Arm); err != nil {
				return arms, err
			}
		}
		refreshed, err := s.refreshes(ctx, o, arm.client)
		if err != nil {
			return arms, err
		}
		arm.Measures = append(append(arm.Measures, refreshed...), cost)
		arms = append(arms, arm.Arm)
	}
	return arms, ctx.Err()
}

// accepted counts the handshakes that a client accepts with one staple, and notes why it refuses.
func (s stapling) accepted(ctx context.Context, o *notary, client *tls.Config, st shownStaple, a *experiment.Arm) error {
	d, err := openDoor(o.server(func() []byte { return st.bytes }), nil)
	if err != nil {
		return err
	}
	defer d.close()
	accepted := 0
	var refusal error
	for range s.attempts {
		if _, err := knock(ctx, d.address(), client); err != nil {
			refusal = err
			continue
		}
		accepted++
	}
	if refusal != nil {
		a.Notes = append(a.Notes, st.name+": "+refusal.Error())
	}
	a.Measures = append(a.Measures, experiment.Count("accepted_"+st.name, "handshakes", accepted, s.attempts))
	return nil
}

// refreshes has a client make handshakes while a stapler fetches staples from a responder over HTTP.
func (s stapling) refreshes(ctx context.Context, o *notary, client *tls.Config) ([]experiment.Measure, error) {
	responder, err := o.responder(s.validity)
	if err != nil {
		return nil, err
	}
	office, err := openRegistry(responder)
	if err != nil {
		return nil, err
	}
	defer office.close()
	traffic := &http.Client{Transport: &http.Transport{}}
	defer traffic.CloseIdleConnections()
	fetch, err := staple.Post(traffic, office.url(), o.leaf.Leaf, o.root)
	if err != nil {
		return nil, err
	}
	stapler := staple.NewStapler(o.leaf.Leaf, o.root, fetch)
	stapler.Refresh(ctx)
	d, err := openDoor(o.server(stapler.Staple), nil)
	if err != nil {
		return nil, err
	}
	defer d.close()
	keeping, cancel := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() { defer close(kept); stapler.Run(keeping) }()
	made, failed := s.closedLoop(ctx, d.address(), client)
	cancel()
	<-kept
	refreshed, missed := stapler.Counts()
	return []experiment.Measure{
		experiment.Count("refreshes", "staples", refreshed, refreshed+missed),
		experiment.Count("failed_handshakes", "handshakes", failed, made),
	}, nil
}

// closedLoop makes handshakes for as long as the load lasts.
func (s stapling) closedLoop(ctx context.Context, address string, client *tls.Config) (made, failed int) {
	for end := time.Now().Add(s.load); time.Now().Before(end) && ctx.Err() == nil; made++ {
		if _, err := knock(ctx, address, client); err != nil {
			failed++
		}
	}
	return made, failed
}
