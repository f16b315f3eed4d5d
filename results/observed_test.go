package results

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

func observedAccount() *account.Account {
	a := &account.Account{Tier: account.Full, Began: time.Hour, Length: 200 * time.Millisecond, Phases: []string{"client-hello"},
		Windows: []account.Window{{Length: 100 * time.Millisecond}, {At: 100 * time.Millisecond, Length: 100 * time.Millisecond, GCCycles: 2}}}
	for i := range time.Duration(3) {
		h := account.Handshake{Begin: i * 50 * time.Millisecond, End: i*50*time.Millisecond + time.Millisecond, Port: 4000 + uint16(i)}
		h.Time[account.User] = time.Millisecond
		h.Phases = []account.Times{h.Time}
		a.Handshakes = append(a.Handshakes, h)
	}
	return a
}

func TestObservedSurvives(t *testing.T) {
	dir := t.TempDir()
	w := must[*Writer](t)(Create(dir, draft()))
	want := observedAccount()
	for _, one := range []struct {
		name    string
		profile []byte
	}{
		{ObservedName(1), []byte("profile")},
		{ObservedName(3), []byte("of an interrupted try")},
		{ObservedName(3), nil},
		{PlantsName(account.RunQueue), nil},
	} {
		if err := w.Observed(one.name, want, one.profile); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 {
		if err := w.Block(block(i)); err != nil {
			t.Fatal(err)
		}
	}
	b := must[*Bundle](t)(w.Finish(draft()))
	for name, profile := range map[string][]byte{"0001": []byte("profile"), "0003": nil, "plants-run-queue": nil} {
		got, cpu, err := b.Observed(name)
		if err != nil || !reflect.DeepEqual(got, want) || !bytes.Equal(cpu, profile) {
			t.Errorf("%s: got %+v, profile %q, %v", name, got, cpu, err)
		}
	}
	if _, _, err := b.Observed("0002"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no account: got %v", err)
	}
	if found, err := Leaks(os.DirFS(dir), "client-hello"); err != nil || len(found) != 3 || !strings.HasPrefix(found[0], "observed/0001.json") {
		t.Errorf("a name in the accounts was found in %q, %v", found, err)
	}
}
