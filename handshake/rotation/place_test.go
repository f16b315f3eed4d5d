package rotation_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// generations are the first n of one authority, whose files of authorities differ as well.
func generations(t *testing.T, n uint64) (all []rotation.Material) {
	t.Helper()
	a, err := rotation.NewAuthority(time.Now(), handshake.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	for g := range n {
		m, err := a.Issue(g + 1)
		if err != nil {
			t.Fatal(err)
		}
		m.Authorities = fmt.Appendf(nil, "of generation %d\n%s", g+1, m.Authorities)
		all = append(all, m)
	}
	return all
}

func prepared(t *testing.T, method rotation.Method, m rotation.Material) rotation.Place {
	t.Helper()
	p := rotation.Place{Dir: t.TempDir(), Method: method}
	if err := p.Prepare(m); err != nil {
		t.Fatal(err)
	}
	return p
}

func take(t *testing.T, steps []rotation.Step) {
	t.Helper()
	if _, err := rotation.Take(steps); err != nil {
		t.Fatal(err)
	}
}

// state is a letter for each file: of the old generation, of the new one, a part of the new one, empty, or missing.
func state(t *testing.T, files reload.Files, old, new rotation.Material) string {
	t.Helper()
	letter := func(path string, old, new []byte) string {
		text, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "-"
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(text, old):
			return "o"
		case bytes.Equal(text, new):
			return "n"
		case len(text) == 0:
			return "e"
		case bytes.HasPrefix(new, text):
			return "p"
		}
		return "?"
	}
	return letter(files.Certificate, old.Certificate, new.Certificate) +
		letter(files.Key, old.Key, new.Key) +
		letter(files.Authorities, old.Authorities, new.Authorities)
}

// Certificate, key, authorities after each step of a writer that dies there: see state.
var prefixes = []struct {
	method rotation.Method
	want   string
}{
	{rotation.Rename, "ooo: write .tls.crt.next, write .tls.key.next, write .ca.crt.next; noo: rename tls.crt; nno: rename tls.key; nnn: rename ca.crt"},
	{rotation.InPlace, "eoo: truncate tls.crt; poo: write half of tls.crt; noo: write rest of tls.crt, close tls.crt; " +
		"neo: truncate tls.key; npo: write half of tls.key; nno: write rest of tls.key, close tls.key; " +
		"nne: truncate ca.crt; nnp: write half of ca.crt; nnn: write rest of ca.crt, close ca.crt"},
	{rotation.Symlink, "ooo: make ..2, write ..2/tls.crt, write ..2/tls.key, write ..2/ca.crt, link ..data_tmp; nnn: rename ..data, remove what ..data was"},
	{rotation.Directory, "ooo: make next, write next/tls.crt, write next/tls.key, write next/ca.crt; nnn: exchange live"},
	{rotation.HardLink, "ooo: link tls.crt.old, link tls.key.old, link ca.crt.old, write .tls.crt.next, write .tls.key.next, write .ca.crt.next; " +
		"noo: rename tls.crt; nno: rename tls.key; nnn: rename ca.crt"},
	{rotation.Descriptor, "ooo: open tls.crt, open tls.key, open ca.crt, write .tls.crt.next, write .tls.key.next, write .ca.crt.next; " +
		"noo: rename tls.crt; nno: rename tls.key; nnn: rename ca.crt, close tls.crt, close tls.key, close ca.crt"},
}

func TestPrefixes(t *testing.T) {
	all := generations(t, 3)
	for _, tt := range prefixes {
		var got, last string
		count := len(prepared(t, tt.method, all[0]).Steps(all[1]))
		for n := range count {
			p := prepared(t, tt.method, all[0])
			steps := p.Steps(all[1])
			take(t, rotation.Until(steps, steps[n].Name))
			switch s := state(t, p.Files(), all[0], all[1]); s {
			case last:
				got += ", " + steps[n].Name
			default:
				got += "; " + s + ": " + steps[n].Name
				last = s
			}
			take(t, p.Steps(all[2])) // over whatever the dead writer left
			if s := state(t, p.Files(), all[0], all[2]); s != "nnn" {
				t.Errorf("%s: died after %s: the next writer leaves %s", tt.method, steps[n].Name, s)
			}
		}
		if got = strings.TrimPrefix(got, "; "); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.method, got, tt.want)
		}
	}
	if len(prefixes) != len(rotation.Methods()) {
		t.Errorf("%d of %d methods are in the table", len(prefixes), len(rotation.Methods()))
	}
}

func TestUntilUnknown(t *testing.T) {
	all := generations(t, 2)
	if got := rotation.Until(prepared(t, rotation.Rename, all[0]).Steps(all[1]), "rename tls.cert"); got != nil {
		t.Errorf("%d steps until a step that there is not", len(got))
	}
}

func TestRotations(t *testing.T) {
	all := generations(t, 4)
	for _, method := range rotation.Methods() {
		p := prepared(t, method, all[0])
		for i, m := range all[1:] {
			take(t, p.Steps(m))
			if got := state(t, p.Files(), all[i], m); got != "nnn" {
				t.Errorf("%s: generation %d: files are %s", method, m.Generation, got)
			}
		}
		if info, err := os.Stat(p.Files().Key); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: key: %v, %v", method, info.Mode(), err)
		}
		if got, want := leftovers(t, p), backups(method); !slices.Equal(got, want) {
			t.Errorf("%s: leaves %q, want %q", method, got, want)
		}
	}
}

// leftovers are the files of a place that are not served.
func leftovers(t *testing.T, p rotation.Place) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(p.Files().Certificate))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains([]string{"tls.crt", "tls.key", "ca.crt", "..data", "..4"}, e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

func backups(method rotation.Method) []string {
	if method == rotation.HardLink {
		return []string{"ca.crt.old", "tls.crt.old", "tls.key.old"}
	}
	return nil
}

func TestStepError(t *testing.T) {
	all := generations(t, 2)
	p := prepared(t, rotation.Rename, all[0])
	if err := errors.Join(os.Remove(p.Files().Certificate), os.Mkdir(p.Files().Certificate, 0o755)); err != nil {
		t.Fatal(err)
	}
	_, err := rotation.Take(p.Steps(all[1]))
	var step *rotation.StepError
	if !errors.As(err, &step) || step.Step != "rename tls.crt" {
		t.Fatalf("got %v, want that a file is not renamed over a directory", err)
	}
	if _, err := os.Lstat(filepath.Join(p.Dir, ".tls.crt.next")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the new certificate still lies beside its place: %v", err)
	}
	if _, err := rotation.Take(rotation.Place{Dir: p.Dir, Method: "by-hand"}.Steps(all[1])); err == nil {
		t.Error("an unknown method rotates")
	}
}
