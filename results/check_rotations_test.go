package results

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
)

// rotated is a block during which two generations followed the first.
func rotated() Block {
	b := block(1)
	ms := time.Millisecond
	b.Rotations = []Rotation{
		{Generation: 2, By: rotation.Rename, Began: 99 * ms, At: 100 * ms},
		{Generation: 3, By: rotation.Rename, Began: 199 * ms, At: 200 * ms},
	}
	b.Client.Began = 50 * ms
	b.Client.Generations = []loadgen.Generation{{Number: 1, Seen: 2, Last: 60 * ms}, {Number: 3, Seen: 1, First: 160 * ms, Last: 160 * ms}}
	b.Client.Timeline = []loadgen.Slot{
		{Length: ms, Confirmed: 1, Median: ms, Worst: ms, Oldest: 1, Newest: 1},
		{At: 5 * ms, Length: ms, Confirmed: 2, Failed: 1, Median: ms, Worst: 2 * ms, Oldest: 1, Newest: 3},
	}
	b.Server.Reload = &server.Reload{
		Generation: 3, NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Reloads: map[string]uint64{"ok": 2}, Events: map[string]uint64{"create": 4},
		Published: []server.Published{{Generation: 2, At: 120 * ms, Took: ms}, {Generation: 3, At: 221 * ms, Took: ms}},
	}
	return b
}

func TestRotatedBlockSurvives(t *testing.T) {
	want := rotated()
	want.Index, want.Group, want.Order = 4, 1, 1
	m := reloading()
	m.Blocks = 5
	dir := writtenWith(t, m, func(w *Writer) error { return w.Block(want) })
	if got := must[*Bundle](t)(Open(os.DirFS(dir))).Blocks[4]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestRotatedBlockNamesNoDirectory(t *testing.T) {
	b := rotated()
	b.Server.Reload.Failing = "open /home/alice/tls.key: permission denied"
	dir := writtenWith(t, reloading(), func(w *Writer) error { return errors.Join(w.Discard(1), w.Block(b)) })
	if found := must[[]string](t)(Leaks(os.DirFS(dir), "alice")); found != nil {
		t.Errorf("found %q", found)
	}
	if got := must[*Bundle](t)(Open(os.DirFS(dir))).Blocks[1].Server.Reload.Failing; got != "open tls.key: permission denied" {
		t.Errorf("got %q", got)
	}
}

func TestRotatedBlockRefuses(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(*Block)
	}{
		{"rotation 0 ended before it began", func(b *Block) { b.Rotations[0].Began = time.Second }},
		{"generation 2, after 2", func(b *Block) { b.Rotations[1].Generation = 2 }},
		{"rotation 1", func(b *Block) { b.Rotations[1].Began, b.Rotations[1].At = 0, 1 }},
		{"seen 0 times", func(b *Block) { b.Client.Generations[0].Seen = 0 }},
		{"seen 1 times, from 160ms to 0s", func(b *Block) { b.Client.Generations[1].Last = 0 }},
		{"generation 1 after 1", func(b *Block) { b.Client.Generations[1].Number = 1 }},
		{"401 slots", func(b *Block) { b.Client.Timeline = make([]loadgen.Slot, 401) }},
		{"slot 1 of the timeline has the length 2ms", func(b *Block) { b.Client.Timeline[1].Length *= 2 }},
		{"slot 0 of the timeline has the length 0s", func(b *Block) { b.Client.Timeline[0].Length = 0 }},
		{"begins within", func(b *Block) { b.Client.Timeline[1].At = 0 }},
		{"generations 9 to 3", func(b *Block) { b.Client.Timeline[1].Oldest = 9 }},
		{"response 1s of 2ms", func(b *Block) { b.Client.Timeline[1].Median = time.Second }},
		{"publication 1", func(b *Block) { b.Server.Reload.Published[1].At = 0 }},
		{"publication 0", func(b *Block) { b.Server.Reload.Published[0].Took = -1 }},
	} {
		w := must[*Writer](t)(Create(t.TempDir(), reloading()))
		b := rotated()
		c.change(&b)
		if err := w.Block(b); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
		w.Close()
	}
}
