package identity

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// firstWait is how long an external agent may take to give an identity.
const firstWait = 10 * time.Second

// external is the arm of an agent that is not the lab's, which cannot be told to misbehave: a server and a client take
// the first identity that it gives this process, and make a handshake.
func external(ctx context.Context, agent string) (a experiment.Arm, err error) {
	a = experiment.Arm{Name: "external", Doc: "an agent that is not the lab's own, as it is"}
	ctx, cancel := context.WithTimeout(ctx, firstWait)
	defer cancel()
	began := time.Now()
	source, err := spiffe.Dial(ctx, agent, "")
	if err != nil {
		a.Notes = []string{"ready_after: " + err.Error()}
		return a, nil
	}
	defer source.Close()
	identified := time.Since(began)
	serving, err := spiffe.ServerConfig(source, tlsconfig.AuthorizeAny(), spiffe.Off)
	if err != nil {
		return a, err
	}
	asking, err := spiffe.ClientConfig(source, tlsconfig.AuthorizeAny(), spiffe.Off)
	if err != nil {
		return a, err
	}
	served := 0
	door, err := openDoor(serving, func(tls.ConnectionState) { served++ })
	if err != nil {
		return a, err
	}
	_, err = knock(ctx, door.address(), asking)
	ready := time.Since(began)
	door.close()
	if err != nil {
		a.Notes = []string{"ready_after: " + err.Error()}
		return a, nil
	}
	a.Measures = []experiment.Measure{
		experiment.Seconds("identified_after", identified),
		experiment.Seconds("ready_after", ready),
		experiment.Count("served", "handshakes", served, 1),
	}
	return a, nil
}
