package spiffe

import "fmt"

// Fault is a way for an agent to misbehave.
type Fault int

const (
	None          Fault = iota
	Reset               // every call and stream fails as unavailable; new connections are closed at once
	Empty               // an answer holds no identity
	Deny                // nobody is attested
	Slow                // answers come late
	TwoSVIDs            // another identity, /decoy, comes first
	NoBundle            // identities come without their bundle
	ForeignDomain       // identities are of another trust domain
)

func (f Fault) String() string {
	names := []string{"none", "reset", "empty", "deny", "slow", "two-svids", "no-bundle", "foreign-domain"}
	if f < 0 || int(f) >= len(names) {
		return fmt.Sprintf("fault %d", int(f))
	}
	return names[f]
}
