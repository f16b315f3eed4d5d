package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/tlslab/tlslab/results/account"
)

// Observed keeps the account of an observed block, or of anything else that has a name: observed/NAME.json,
// observed/NAME.jsonl.gz with its handshakes and, where there is one, observed/NAME.pb.gz with its CPU profile.
func (w *Writer) Observed(name string, a *account.Account, profile []byte) error {
	books, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("account of %s: %w", name, err)
	}
	var handshakes bytes.Buffer
	if err := account.WriteHandshakes(&handshakes, a.Handshakes); err != nil {
		return fmt.Errorf("account of %s: %w", name, err)
	}
	err = errors.Join(
		w.Put(observedDir+name+".json", append(books, '\n')),
		w.Put(observedDir+name+".jsonl.gz", handshakes.Bytes()),
	)
	if err != nil {
		return err
	}
	if profile == nil { // of an earlier, interrupted try there may be one
		return w.remove(observedDir + name + ".pb.gz")
	}
	return w.Put(observedDir+name+".pb.gz", profile)
}

// ObservedName is the name of a block's account.
func ObservedName(index int) string { return fmt.Sprintf("%04d", index) }

// Observed reads what [Writer.Observed] kept; the profile is nil where there is none. What an observer could not have
// seen is [ErrCorrupt].
func (b *Bundle) Observed(name string) (*account.Account, []byte, error) {
	books, err := b.Member(observedDir + name + ".json")
	if err != nil {
		return nil, nil, err
	}
	a := &account.Account{}
	if err := errors.Join(decode(books, a), a.Check()); err != nil {
		return nil, nil, corrupt(observedDir+name+".json", "%w", err)
	}
	handshakes, err := b.Member(observedDir + name + ".jsonl.gz")
	if err != nil {
		return nil, nil, err
	}
	if a.Handshakes, err = account.ReadHandshakes(bytes.NewReader(handshakes)); err != nil {
		return nil, nil, corrupt(observedDir+name+".jsonl.gz", "%w", err)
	}
	profile, err := b.Member(observedDir + name + ".pb.gz")
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil, nil
	}
	return a, profile, err
}

// PlantsName is the name of the account of the handshakes that delays of one kind were planted into.
func PlantsName(component account.Class) string {
	return "plants-" + strings.ReplaceAll(component.String(), " ", "-")
}
