package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/variant"
)

// Machine is what a plan must know of the machine that will run it. The command fills it in.
type Machine struct {
	GOOS      string
	GOARCH    string
	HasCgo    bool     // cgo can build here
	CgoReason string   // why it cannot
	Level     int      // highest GOAMD64 that the CPU runs, 1 to 4: accel.CPU.Level
	Features  []string // of the CPU, in the words of accel.CPU.Features

	Spread map[string]float64 // by metric: standard deviation of a group's log-ratio, from tlslab selftest aa; nil: never calibrated
}

// unavailable is why a variant cannot be built or started on a machine, or "".
func unavailable(v Variant, m Machine) string {
	for _, why := range []string{noBackend(v, m), noLevel(v, m), noErasing(v, m), noFeature(v, m), noOption(v, m), noSigner(v, m)} {
		if why != "" {
			return why
		}
	}
	return ""
}

func noBackend(v Variant, m Machine) string {
	platform := m.GOOS + "/" + m.GOARCH
	switch {
	case v.Build.Backend != variant.BoringCrypto:
		return ""
	case platform != "linux/amd64" && platform != "linux/arm64":
		return "boringcrypto is built on linux/amd64 and linux/arm64 only, and this is " + platform
	case !m.HasCgo:
		return "boringcrypto needs cgo: " + or(m.CgoReason, "there is none here")
	}
	return ""
}

func noLevel(v Variant, m Machine) string {
	level := v.Build.GOAMD64
	switch {
	case level == "":
		return ""
	case m.GOARCH != "amd64":
		return fmt.Sprintf("GOAMD64=%s is for amd64, and this is %s", level, m.GOARCH)
	case level > fmt.Sprintf("v%d", m.Level):
		return fmt.Sprintf("GOAMD64=%s is above this CPU's v%d", level, m.Level)
	}
	return ""
}

// noErasing is why the experiment runtimesecret would erase nothing: elsewhere it is built and changes nothing.
func noErasing(v Variant, m Machine) string {
	platform := m.GOOS + "/" + m.GOARCH
	if slices.Contains(v.Build.Experiment, "runtimesecret") && platform != "linux/amd64" && platform != "linux/arm64" {
		return "runtimesecret erases on linux/amd64 and linux/arm64 only, and this is " + platform
	}
	return ""
}

func noFeature(v Variant, m Machine) string {
	missing := slices.DeleteFunc(slices.Clone(v.Requires), func(f string) bool { return slices.Contains(m.Features, f) })
	if len(missing) > 0 {
		return "it requires CPU features that are missing here: " + strings.Join(missing, ", ")
	}
	return ""
}

func noOption(v Variant, m Machine) string {
	known := accel.KnownOptions(m.GOARCH, v.Build.GOAMD64)
	for _, o := range debugOptions(v.Env["GODEBUG"]) {
		if strings.HasPrefix(o.name, "cpu.") && !slices.Contains(known, o.name) {
			return fmt.Sprintf("GODEBUG %s is unknown to Go on %s", o.name, m.GOARCH)
		}
	}
	return ""
}

// refusal is why a variant's server cannot run a cell on any machine, or "".
func refusal(v Variant, s handshake.Spec) string {
	fips := fipsMode(v)
	hybrid := s.Group == handshake.X25519MLKEM768 || secp(s.Group)
	switch {
	case fips && s.Group == handshake.X25519:
		return "FIPS 140-3 mode refuses pure X25519"
	case fips && s.Suite == handshake.ChaCha20Poly1305:
		return "FIPS 140-3 mode refuses ChaCha20-Poly1305"
	case hybrid && godebug(v, "tlsmlkem") == "0":
		return "GODEBUG tlsmlkem=0 turns " + s.Group.String() + " off"
	case secp(s.Group) && godebug(v, "tlssecpmlkem") == "0":
		return "GODEBUG tlssecpmlkem=0 turns " + s.Group.String() + " off"
	case (s.Kind == handshake.Resumed || s.Kind == handshake.Early) && !v.Server.Tickets:
		return "its server issues no tickets, so nothing can be resumed"
	case s.ALPN == http3 && v.Build.Backend == variant.BoringCrypto:
		return "quic-go 0.65.0 serves no QUIC under BoringCrypto: its tokens take a GCM that is Go's own"
	case s.ALPN != "" && v.Offer == nil && !slices.Contains(v.Server.ALPN, s.ALPN):
		return fmt.Sprintf("its server does not offer the ALPN protocol %q", s.ALPN)
	}
	return or(notItsKey(v, s), notItsApp(v, s))
}

func secp(g handshake.Group) bool {
	return g == handshake.SecP256r1MLKEM768 || g == handshake.SecP384r1MLKEM1024
}

// fipsMode says whether a variant's process starts in FIPS 140-3 mode: by GODEBUG where that says so, else by its
// build. crypto/tls applies its FIPS policy in every mode but off.
func fipsMode(v Variant) bool {
	switch godebug(v, "fips140") {
	case "on", "only", "debug":
		return true
	case "off":
		return false
	}
	return v.Build.Backend == variant.FIPS140
}
