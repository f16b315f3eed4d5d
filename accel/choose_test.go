package accel

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
)

func TestChoose(t *testing.T) {
	full, old := readCPU(t, "zen4").features, readCPU(t, "core2").features
	tests := []struct {
		features []string
		build    Build
		want     string
	}{
		{full, Build{}, "AES_128_GCM_SHA256 X25519MLKEM768 ecdsa-p256 std"},
		{old, Build{}, "CHACHA20_POLY1305_SHA256 X25519MLKEM768 ecdsa-p256 std"},
		{old, Build{FIPS: true}, "AES_128_GCM_SHA256 X25519MLKEM768 ecdsa-p256 std"},
		{full, Build{GODEBUG: "cpu.pclmulqdq=off"}, "CHACHA20_POLY1305_SHA256 X25519MLKEM768 ecdsa-p256 std"},
		{full, Build{Tags: []string{"purego"}}, "AES_128_GCM_SHA256 X25519MLKEM768 ecdsa-p256 std"},
		{full, Build{GODEBUG: "tlsmlkem=0"}, "AES_128_GCM_SHA256 X25519 ecdsa-p256 std"},
		{full, Build{GODEBUG: "tlsmlkem=0,tlsmlkem=1"}, "AES_128_GCM_SHA256 X25519MLKEM768 ecdsa-p256 std"},
		{full, Build{GODEBUG: "tlsmlkem=0", FIPS: true}, "AES_128_GCM_SHA256 P-256 ecdsa-p256 std"},
		{full, Build{Backend: "boringcrypto", GODEBUG: "cpu.aes=off"}, "CHACHA20_POLY1305_SHA256 X25519MLKEM768 ecdsa-p256 std"},
		{full, Build{Backend: "boringcrypto"}, "AES_128_GCM_SHA256 X25519MLKEM768 ecdsa-p256 std"},
		{full, Build{Accel: "auto"}, "AES_128_GCM_SHA256 X25519MLKEM768 ecdsa-p384 lab-ifma8"},
		{full, Build{Accel: "lab-adx"}, "AES_128_GCM_SHA256 X25519MLKEM768 ecdsa-p384 lab-adx"},
		{old, Build{Accel: "lab-adx"}, "CHACHA20_POLY1305_SHA256 X25519MLKEM768 ecdsa-p384 std"},
		{full, Build{Accel: "auto", FIPS: true}, "AES_128_GCM_SHA256 X25519MLKEM768 ecdsa-p384 std"},
	}
	for _, tt := range tests {
		tt.build.GOOS, tt.build.GOARCH = "linux", "amd64"
		var picks []string
		for _, c := range Choose(tt.features, tt.build) {
			picks = append(picks, strings.TrimPrefix(c.Pick, "TLS_"))
			if c.Why == "" || slices.ContainsFunc(c.Instead, func(r Refusal) bool { return r.Because == "" || r.Code == c.Pick }) {
				t.Errorf("%+v: a choice without reasons, or against itself: %+v", tt.build, c)
			}
		}
		if got := strings.Join(picks, " "); got != tt.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", tt.build, got, tt.want)
		}
	}
}

// A server that follows the choice negotiates with a client that has nothing set what was chosen.
func TestChoiceIsNegotiated(t *testing.T) {
	build := thisBuild(t)
	choices := Choose(Detect().Features, build)
	if choices == nil {
		t.Skip("nothing is known of this architecture")
	}
	authority, err := pki.New(time.Now(), handshake.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	cs := negotiate(t, Config(choices), authority)
	suite, group := handshake.Suite(cs.CipherSuite).String(), handshake.Group(cs.CurveID).String()
	if want := chosen(choices, "suite").Pick; suite != want {
		t.Errorf("%+v: got %s, want %s", build, suite, want)
	}
	if want := chosen(choices, "group").Pick; group != want {
		t.Errorf("%+v: got %s, want %s", build, group, want)
	}
	if os.Getenv("TLSLAB_TEST_CHOICE") == "" {
		for _, setting := range []string{"cpu.aes=off", "cpu.all=off", "tlsmlkem=0", "fips140=on", "fips140=on,tlsmlkem=0"} {
			if !build.startsWith(setting) {
				continue
			}
			if said, complained, err := again(t, "-test.run=^TestChoiceIsNegotiated$", "TLSLAB_TEST_CHOICE=1", "GODEBUG="+setting); err != nil {
				t.Errorf("%s: %v: %s%s", setting, err, said, complained)
			}
		}
	}
}

func negotiate(t *testing.T, config *tls.Config, authority *pki.Authority) tls.ConnectionState {
	t.Helper()
	leaf, err := authority.Server("lab.test")
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.X509KeyPair(leaf.Certificate, leaf.Key)
	if err != nil {
		t.Fatal(err)
	}
	config.Certificates = []tls.Certificate{certificate}
	a, b := net.Pipe()
	server, client := tls.Server(a, config), tls.Client(b, &tls.Config{InsecureSkipVerify: true})
	t.Cleanup(func() { a.Close(); b.Close() })
	failed := make(chan error, 1)
	go func() { failed <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, client) // the session ticket
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return server.ConnectionState()
}

// The source compiles, and makes what Config makes.
func TestSource(t *testing.T) {
	features := readCPU(t, "zen4").features
	tests := []Build{{}, {GODEBUG: "tlsmlkem=0"}, {GODEBUG: "tlsmlkem=0", FIPS: true}, {Accel: "auto"}}
	program := "package main\n\nimport (\n\t\"crypto/tls\"\n\t\"fmt\"\n)\n\n"
	calls, want := "", ""
	for i, b := range tests {
		b.GOOS, b.GOARCH = "linux", "amd64"
		choices := Choose(features, b)
		name := fmt.Sprintf("serverConfig%d", i)
		program += strings.ReplaceAll(Source(choices), "serverConfig", name) + "\n"
		calls += fmt.Sprintf("\tfor _, c := range []*tls.Config{%s(tls.Certificate{})} {\n\t\tfmt.Println(c.MinVersion, c.CurvePreferences, len(c.Certificates))\n\t}\n", name)
		c := Config(choices)
		want += fmt.Sprintln(c.MinVersion, c.CurvePreferences, 1)
	}
	program += "func main() {\n" + calls + "}\n"
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("no go command: %v", err)
	}
	if said, err := exec.Command("gofmt", "-l", file).CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("gofmt would change it: %s%v\n%s", said, err, program)
	}
	run := exec.Command("go", "run", file)
	run.Env = append(os.Environ(), "GOOS=", "GOARCH=") // this machine's
	got, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, got, program)
	}
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
