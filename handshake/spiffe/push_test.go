package spiffe

import (
	"testing"
	"time"
)

// TestPushIsOverWithTheLastStream writes to streams of different age.
func TestPushIsOverWithTheLastStream(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	for _, test := range []struct {
		name   string
		writes []uint64 // since which version each stream is open, or was written to last
		want   time.Time
	}{
		{"nobody", nil, time.Time{}},
		{"one that was open", []uint64{5}, at(0)},
		{"two that were open", []uint64{5, 2}, at(1)},
		{"the same once more", []uint64{5, 6}, at(0)},
		{"first one that came after", []uint64{6, 7}, at(0)},
	} {
		var l ledger
		p := l.begin("/a", 1, 5, 8)
		for i, since := range test.writes {
			p.wrote(since, at(i))
		}
		if got := p.At; !got.Equal(test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestLedgerIsBounded(t *testing.T) {
	const kept = 100
	var l ledger
	for i := range uint64(2*kept + 1) {
		l.begin("/a", i, i, kept)
	}
	if len(l) > kept || len(l) < kept/2 || l[len(l)-1].Serial != 2*kept {
		t.Errorf("%d pushes, the last of them %d", len(l), l[len(l)-1].Serial)
	}
}

func TestBackoff(t *testing.T) {
	b := (&Backoff{First: 100 * time.Millisecond, Most: time.Second}).NewBackoff()
	for range 2 {
		for _, want := range []time.Duration{100, 200, 400, 800, 1000, 1000} {
			if got := b.Next(); got != want*time.Millisecond {
				t.Errorf("wait %v, want %v", got, want*time.Millisecond)
			}
		}
		b.Reset()
	}
	moved := (&Backoff{First: time.Second, Most: time.Second, Jitter: 0.2}).NewBackoff()
	for range 1000 {
		if got := moved.Next(); got < 800*time.Millisecond || got > 1200*time.Millisecond {
			t.Fatalf("wait %v, want 1s and a fifth at most", got)
		}
	}
}
