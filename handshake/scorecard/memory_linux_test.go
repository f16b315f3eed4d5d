package scorecard

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
)

func issue(t *testing.T, generations uint64) (all []rotation.Material) {
	t.Helper()
	a, err := rotation.NewAuthority(time.Now(), handshake.ECDSAP256, name)
	if err != nil {
		t.Fatal(err)
	}
	for g := range generations {
		m, err := a.Issue(g + 1)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func TestForms(t *testing.T) {
	keys := issue(t, 3)
	x, err := indexOf(keys)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(keys[1].Key)
	secret, err := secretOf(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	limbs := bytes.Clone(secret)
	for i := range limbs {
		limbs[i] = secret[len(secret)-1-i]
	}
	for _, tc := range []struct {
		name   string
		memory []byte
		want   string // form; empty: nothing
	}{
		{"scalar", secret, formScalar},
		{"limbs", limbs, formLimbs},
		{"DER", block.Bytes, formDER},
		{"PEM", keys[1].Key, formPEM},
		{"half a scalar", secret[:16], ""},
		{"certificate", keys[1].Certificate, ""},
	} {
		f := &found{map[int]bool{}, map[string]int{}}
		memory := bytes.Join([][]byte{make([]byte, 13), tc.memory, make([]byte, 13)}, nil)
		x.search(memory, 0, len(memory), f)
		if got := f.copies[tc.want]; tc.want == "" && len(f.copies) > 0 || tc.want != "" && (got != 1 || len(f.copies) != 1 || !f.keys[1]) {
			t.Errorf("%s: got %v of %v, want one %q", tc.name, f.copies, f.keys, tc.want)
		}
	}
}

// TestScan searches another process, which holds one key and has wiped another.
func TestScan(t *testing.T) {
	keys := issue(t, 2)
	var secrets []any
	for _, m := range keys {
		block, _ := pem.Decode(m.Key)
		secret, err := secretOf(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, hex.EncodeToString(secret))
	}
	child := forgetful(t, secrets)
	x, err := indexOf(keys)
	if err != nil {
		t.Fatal(err)
	}
	f := &found{map[int]bool{}, map[string]int{}}
	scanned, err := x.scan(child, f)
	if err != nil {
		t.Fatal(err)
	}
	if !f.keys[0] || f.keys[1] || scanned == 0 {
		t.Errorf("got keys %v in %d bytes, want the first one", f.keys, scanned)
	}
}

// forgetful starts a process that knows the secrets, and returns its number once it has forgotten the second.
func forgetful(t *testing.T, secrets []any) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "remember")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	fmt.Fprintln(in, secrets...)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("got %q, %v, want a process that is ready", line, err)
	}
	return cmd.Process.Pid
}

func TestMembers(t *testing.T) {
	r := Resources{unknown, unknown, unknown, unknown, unknown, unknown}
	r.count([]int{os.Getpid()})
	if r.Descriptors < 3 || r.Watches != 0 || r.Resident < 1<<20 || r.Goroutines != unknown {
		t.Errorf("got %+v of this process", r)
	}
}
