package attribution

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// variantBlocks has one block in each group; the variant's handshakes have more of some classes.
func variantBlocks(groups int, seed uint64, more account.Times) (all []Observed) {
	for g := range groups {
		all = append(all, made{seed: seed + uint64(g), block: 2 * g, group: g, length: 2 * time.Second, rate: 300,
			extra: func(time.Duration, int, *rand.Rand) account.Times { return more }}.observed())
	}
	return all
}

func TestDifferFindsWhatWasAdded(t *testing.T) {
	more := account.Times{account.User: 93e3, account.RunQueue: 73e3, account.Network: 20e3}
	d := Differ(variantBlocks(8, 1, account.Times{}), variantBlocks(8, 100, more))
	if d.Groups != 8 || !d.Wall.Known || d.Wall.Low > 186e-6 || d.Wall.High < 186e-6 {
		t.Errorf("wall: got %+v of %d groups, want 186 us within the interval, of 8", d.Wall, d.Groups)
	}
	addUp(t, "difference", d.Wall, d.Parts)
	for _, p := range d.Parts {
		want := map[string]float64{"user": 93e-6, "run queue": 73e-6, "network": 20e-6}[p.Name]
		if width := p.Value.High - p.Value.Low; !near(p.Value.Value, want, 15e-6) || width > 40e-6 {
			t.Errorf("%s: got %+v, want %v", p.Name, p.Value, want)
		}
	}
	if got, want := fmt.Sprint(d.Parts[0].Name, ", ", d.Parts[2].Name), "user, run queue"; got != want {
		t.Errorf("order: got %s, want that of the classes", got)
	}
}

func TestDifferPairsOnlyWhatIsComparable(t *testing.T) {
	b, c := variantBlocks(4, 1, account.Times{}), variantBlocks(4, 9, account.Times{})
	c[0].Group = 77
	c[1].Account.Tier = account.Runtime
	c[2].Account.Handshakes = nil
	d := Differ(b, c)
	if d.Groups != 1 || d.Wall.Known {
		t.Errorf("got %d groups, interval known: %v; want 1 and false", d.Groups, d.Wall.Known)
	}
	if none := Differ(b, c[:1]); none.Groups != 0 || none.Parts != nil {
		t.Errorf("got %+v, want nothing", none)
	}
}

// A variant compared with itself differs in one run of twenty.
func TestDifferCoverage(t *testing.T) {
	const runs = 400
	for _, groups := range []int{6, 12} {
		alarms := 0
		for seed := range uint64(runs) {
			rng := rand.New(rand.NewPCG(seed, 3))
			pairs := make([]sides, groups)
			for i := range pairs {
				drift := rng.ExpFloat64()
				pairs[i].baseline.wall, pairs[i].candidate.wall = drift+rng.NormFloat64(), drift+rng.NormFloat64()
			}
			if d := paired(pairs, func(s side) float64 { return s.wall }); d.Low > 0 || d.High < 0 {
				alarms++
			}
		}
		if share := float64(alarms) / runs; share < 0.02 || share > 0.08 {
			t.Errorf("%d groups: got alarms in %.3f of the runs, want about 0.05", groups, share)
		}
	}
}

func TestSentence(t *testing.T) {
	of := func(us ...float64) *Difference {
		d := &Difference{Groups: 8}
		for i, v := range us {
			d.Wall.Value += v * 1e-6
			d.Parts = append(d.Parts, Part{account.Class(i).String(), Interval{v * 1e-6, (v - 5) * 1e-6, (v + 5) * 1e-6, true}, 0})
		}
		d.Wall = Interval{d.Wall.Value, d.Wall.Value - 20e-6, d.Wall.Value + 20e-6, true}
		return d
	}
	few := of(93, 0)
	few.Groups, few.Wall.Known, few.Parts[0].Value.Known, few.Parts[1].Value.Known = 3, false, false, false
	for _, tt := range []struct {
		d    *Difference
		want string
	}{
		{of(93, 5, 73, -27), "boring costs +144 µs [+124, +164] per handshake: user +93 µs [+88, +98], run queue +73 µs [+68, +78], blocked -27 µs [-32, -22], kernel +5 µs [0, +10]; the parts add up"},
		{of(10.4, 10.4, 10.4), "boring costs +31 µs [+11, +51] per handshake: user +11 µs [+5, +15], kernel +10 µs [+5, +15], run queue +10 µs [+5, +15]; the parts add up"},
		{of(1.23, 0.5), "boring may cost nothing, or +1.7 µs [-18.3, +21.7] per handshake: user +1.2 µs [-3.8, +6.2], kernel +0.5 µs [-4.5, +5.5]; the parts add up"},
		{few, "boring costs +93 µs per handshake: user +93 µs; the parts add up (no intervals: 3 of at least 6 groups)"},
		{of(0), "boring may cost nothing, or 0 µs [-20.0, +20.0] per handshake"},
		{&Difference{}, "boring: no group has observed handshakes of both variants"},
	} {
		if got := tt.d.Sentence("boring"); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

var printed = regexp.MustCompile(`[a-z ]+ ([+-][0-9.]+|0) µs`)

// What is printed adds up too, whatever is rounded.
func TestSentenceAddsUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		d, scale := &Difference{Groups: 3}, []float64{1e-6, 1e-5, 1e-3}[rng.IntN(3)]
		for c := range account.Class(7) {
			v := rng.NormFloat64() * scale
			d.Parts = append(d.Parts, Part{Name: c.String(), Value: Interval{Value: v}})
			d.Wall.Value += v
		}
		sentence := d.Sentence("x")
		head, tail, _ := strings.Cut(sentence, ":")
		var sum float64
		for _, m := range printed.FindAllStringSubmatch(tail, -1) {
			v, _ := strconv.ParseFloat(m[1], 64)
			sum += v
		}
		whole, err := strconv.ParseFloat(printed.FindStringSubmatch(head)[1], 64)
		if err != nil || !near(sum, whole, 1e-6) {
			t.Fatalf("%s: printed parts add up to %v", sentence, sum)
		}
	}
}
