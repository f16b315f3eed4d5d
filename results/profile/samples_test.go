package profile

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

const period = 200 * time.Microsecond

// sampledStacks are two stacks that share their root, as the eBPF sampler gives them.
func sampledStacks() []account.Sample {
	root := []account.Frame{
		{Function: "crypto/tls.(*Conn).serverHandshake", Module: "go", Address: 0x600010},
		{Function: "runtime.goexit", Module: "go", Address: 0x480000},
	}
	sign := append([]account.Frame{
		{Function: "ecp_nistz256_sqr_mont", Module: "c", Address: 0x410000},
		{Module: "c", Address: 0x7f0000001000}, // no symbol
		{Function: "crypto/internal/boring._Cfunc__goboringcrypto_ECDSA_sign", Module: "go", Address: 0x500000},
	}, root...)
	write := append([]account.Frame{
		{Function: "tcp_sendmsg", Module: "kernel", Address: 0xffffffff81000000},
		{Function: "net.(*conn).Write", Module: "go", Address: 0x510000},
	}, root...)
	return []account.Sample{
		{Stack: sign, Phase: "sendServerCertificate", Window: 0, Count: 30},
		{Stack: sign, Phase: "sendServerCertificate", Window: 1, Count: 20},
		{Stack: write, Window: 1, Count: 10},
	}
}

func TestFromSamples(t *testing.T) {
	data, err := FromSamples(sampledStacks(), period, map[string]string{"variant": "boringcrypto"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if p.Samples != 60 || p.CPU != 60*period || p.Period != period {
		t.Errorf("got %d samples of %v: %v", p.Samples, p.Period, p.CPU)
	}
	for label, want := range map[string][]string{
		PhaseLabel: {"sendServerCertificate"}, WindowLabel: {"0", "1"}, "variant": {"boringcrypto"},
	} {
		if got := p.Labels[label]; !slices.Equal(got, want) {
			t.Errorf("label %s: got %v, want %v", label, got, want)
		}
	}
	phases := p.Operations(PhaseLabel)
	if got := phases["sign"]["sendServerCertificate"]; got != 50*period {
		t.Errorf("signing: got %v, want %v", got, 50*period)
	}
	if got := phases["network"][""]; got != 10*period {
		t.Errorf("network outside of handshakes: got %v, want %v", got, 10*period)
	}
	for _, l := range p.raw.Location {
		if l.Mapping.File == "kernel" && l.Address != 0 {
			t.Errorf("the profile tells that the kernel lies at %#x", l.Address)
		}
	}
	if len(p.raw.Location) != 7 || len(p.raw.Function) != 6 {
		t.Errorf("%d locations and %d functions, want 7 and 6: the root is shared", len(p.raw.Location), len(p.raw.Function))
	}
}

func TestFromSamplesRefuses(t *testing.T) {
	if _, err := FromSamples(sampledStacks(), 0, nil); err == nil {
		t.Error("took samples without a period")
	}
	if _, err := FromSamples(sampledStacks(), period, map[string]string{"variant": ""}); err == nil {
		t.Error("took a label without a value")
	}
	if _, err := FromSamples(nil, period, nil); err != nil {
		t.Error("no samples make no profile: ", err)
	}
}

// What is written is for "go tool pprof".
func TestPprofOpens(t *testing.T) {
	data, err := FromSamples(sampledStacks(), period, nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cpu.pb.gz")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for report, wants := range map[string][]string{
		"-top":  {"10ms", "ecp_nistz256_sqr_mont", "tcp_sendmsg"},
		"-tags": {"tls_phase", "sendServerCertificate", "window"},
	} {
		out, err := exec.Command("go", "tool", "pprof", report, file).CombinedOutput()
		if err != nil {
			t.Fatalf("pprof %s: %v\n%s", report, err, out)
		}
		for _, want := range wants {
			if !strings.Contains(string(out), want) {
				t.Errorf("pprof %s shows no %q:\n%s", report, want, out)
			}
		}
	}
}

func TestSamplesSurvive(t *testing.T) {
	want := []account.Sample{
		{Stack: []account.Frame{{Function: "_goboringcrypto_p256", Module: "c", Address: 7}, {Function: "runtime.goexit", Module: "go", Address: 9}}, Phase: "certificate", Window: 3, Count: 5},
		{Stack: []account.Frame{{Module: "go", Address: 11}}, Count: 1},
	}
	data, err := FromSamples(want, time.Millisecond, map[string]string{"variant": "std"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Samples(data)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
