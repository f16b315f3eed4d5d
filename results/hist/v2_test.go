package hist

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func theirs(t *testing.T, digits int, all []int64) *hdrhistogram.Histogram {
	t.Helper()
	h := hdrhistogram.New(1, math.MaxInt64, digits)
	for _, v := range all {
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// same compares by what a reader of the other side sees.
func same(t *testing.T, name string, ours *Histogram, theirs *hdrhistogram.Histogram) {
	t.Helper()
	if uint64(theirs.TotalCount()) != ours.Count() {
		t.Errorf("%s: they count %d, we %d", name, theirs.TotalCount(), ours.Count())
	}
	for _, q := range []float64{0.01, 0.1, 0.5, 0.9, 0.99, 0.999} {
		got, want := theirs.ValueAtPercentile(100*q), ours.Quantile(q)
		if got != want && want != ours.Max() { // our quantiles stop at the true maximum
			t.Errorf("%s: quantile %g: theirs is %d, ours %d", name, q, got, want)
		}
	}
}

func TestTheyReadOurs(t *testing.T) {
	for _, d := range digits {
		for _, n := range []int{1, 1000, 50_000} {
			all := values(uint64(n), n)
			h := recorded(t, d.layout, all)
			read, err := hdrhistogram.Decode(h.EncodeV2())
			if err != nil {
				t.Fatalf("%d values, %d digits: %v", n, d.digits, err)
			}
			same(t, "decoded", &h, read)
			if !slices.Equal(read.Distribution(), theirs(t, int(d.digits), all).Distribution()[:len(read.Distribution())]) {
				t.Errorf("%d values, %d digits: not what they record", n, d.digits)
			}
		}
	}
}

func TestWeReadTheirs(t *testing.T) {
	for _, d := range digits {
		all := values(5, 20_000)
		text, err := theirs(t, int(d.digits), all).Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeV2(text)
		if err != nil {
			t.Fatal(err)
		}
		want := recorded(t, d.layout, all)
		if got.Layout() != d.layout || !reflect.DeepEqual(got.counts, want.counts) || got.Check() != nil {
			t.Errorf("%d digits: %d bits, other counts, or %v", d.digits, got.Layout(), got.Check())
		}
	}
}

func TestEncodeOtherLayout(t *testing.T) {
	want := recorded(t, 3, values(2, 5000))
	finer, err := DecodeV2(want.EncodeV2())
	if err != nil {
		t.Fatal(err)
	}
	got, err := finer.Coarsen(3)
	if err != nil || !reflect.DeepEqual(got.counts, want.counts) {
		t.Errorf("3 bits through the encoding of %d: other counts, %v", finer.Layout(), err)
	}
}

// encoded is an encoding by hand.
func encoded(head header, counts ...int64) []byte {
	var stream []byte
	for _, n := range counts {
		stream = binary.AppendVarint(stream, n)
	}
	if head.Length == 0 {
		head.Length = int32(len(stream))
	}
	body := deflate(append(pack(head), stream...))
	return []byte(base64.StdEncoding.EncodeToString(append(pack(envelope{compressedCookie, int32(len(body))}), body...)))
}

func TestDecodeV2Refuses(t *testing.T) {
	good := header{Cookie: plainCookie, Digits: 3, Lowest: 1, Highest: 1 << 40, Ratio: 1}
	if h, err := DecodeV2(encoded(good, -7, 5, 0, 2)); err != nil || h.Count() != 7 || h.Min() != 7 || h.Max() != 9 {
		t.Fatalf("the good one: %+v, %v", h, err)
	}
	with := func(change func(*header), counts ...int64) []byte {
		head := good
		change(&head)
		return encoded(head, counts...)
	}
	room := int64(Fine.Len())
	tests := []struct {
		name string
		text []byte
		want string
	}{
		{"empty", nil, "envelope"},
		{"not base64", []byte("%%%"), "base64"},
		{"cookie", []byte(base64.StdEncoding.EncodeToString(make([]byte, 60))), "cookie is 0x00000000"},
		{"cut off", encoded(good, 1)[:40], "envelope says"},
		{"not zlib", []byte(base64.StdEncoding.EncodeToString(pack(envelope{Cookie: compressedCookie}))), "EOF"},
		{"inner cookie", with(func(h *header) { h.Cookie = 1 }), "inner cookie"},
		{"four digits", with(func(h *header) { h.Digits = 4 }), "4 significant digits"},
		{"lowest value", with(func(h *header) { h.Lowest = 1000 }), "lowest value 1000"},
		{"ratio", with(func(h *header) { h.Ratio = 2 }), "ratio 2"},
		{"length too small", with(func(h *header) { h.Length = 1 }, 1, 1, 1), "announces 1"},
		{"length too large", with(func(h *header) { h.Length = 9 }, 1, 1, 1), "announces 9"},
		{"length negative", with(func(h *header) { h.Length = -9 }, 1), "want 0 to"},
		{"length huge", with(func(h *header) { h.Length = math.MaxInt32 }, 1), "want 0 to"},
		{"zeros beyond the end", encoded(good, -room-1), "reach beyond"},
		{"count beyond the end", encoded(good, -room, 1), "reach beyond"},
		{"least zero run", encoded(good, math.MinInt64), "reach beyond"},
		{"too many", encoded(good, 1<<61, 1<<61), "too many"},
		{"more than an integer", encoded(good, math.MaxInt64), "too many"},
	}
	for _, tt := range tests {
		if _, err := DecodeV2(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestDecodeV2DoesNotInflateBombs(t *testing.T) {
	head := header{Cookie: plainCookie, Length: 100, Digits: 3, Lowest: 1, Highest: 1 << 40, Ratio: 1}
	bomb := deflate(append(pack(head), make([]byte, 16<<20)...))
	text := []byte(base64.StdEncoding.EncodeToString(append(pack(envelope{compressedCookie, int32(len(bomb))}), bomb...)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := DecodeV2(text)
	runtime.ReadMemStats(&after)
	if err == nil {
		t.Error("no error")
	}
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<20); got > most {
		t.Errorf("a bomb of 16 MiB costs %d bytes, want at most %d", got, most)
	}
}

func TestTheyReadOurLog(t *testing.T) {
	start := time.Date(2026, 3, 4, 5, 6, 7, 250e6, time.UTC)
	a, b := recorded(t, Fine, values(1, 1000)), recorded(t, Fine, values(2, 2000))
	var log bytes.Buffer
	err := WriteLog(&log, Interval{"std/handshake", start, 10 * time.Second, &a},
		Interval{"", start.Add(11 * time.Second), 5 * time.Second, &b})
	if err != nil {
		t.Fatal(err)
	}
	reader := hdrhistogram.NewHistogramLogReader(&log)
	for _, want := range []struct {
		tag        string
		h          *Histogram
		begin, end time.Time
	}{
		{"std/handshake", &a, start, start.Add(10 * time.Second)},
		{"", &b, start.Add(11 * time.Second), start.Add(16 * time.Second)},
	} {
		got, err := reader.NextIntervalHistogram()
		if err != nil || got == nil {
			t.Fatalf("%q: %v, %v", want.tag, got, err)
		}
		same(t, want.tag, want.h, got)
		if got.Tag() != want.tag || got.StartTimeMs() != want.begin.UnixMilli() || got.EndTimeMs() != want.end.UnixMilli() {
			t.Errorf("got tag %q from %d to %d, want %q from %d to %d", got.Tag(), got.StartTimeMs(), got.EndTimeMs(),
				want.tag, want.begin.UnixMilli(), want.end.UnixMilli())
		}
	}
	if more, err := reader.NextIntervalHistogram(); more != nil || err != nil {
		t.Errorf("after the last: %v, %v", more, err)
	}
}

func TestWriteLogRefuses(t *testing.T) {
	start := time.Unix(1000, 0)
	var empty Histogram
	good := Interval{"a", start, time.Second, &empty}
	tests := []struct {
		name      string
		intervals []Interval
	}{
		{"none", nil},
		{"comma", []Interval{{"a,b", start, time.Second, &empty}}},
		{"line break", []Interval{{"a\nb", start, time.Second, &empty}}},
		{"before the first", []Interval{good, {"a", start.Add(-1), time.Second, &empty}}},
		{"negative length", []Interval{{"a", start, -1, &empty}}},
	}
	for _, tt := range tests {
		var log bytes.Buffer
		if err := WriteLog(&log, tt.intervals...); err == nil || log.Len() > 0 {
			t.Errorf("%s: got %v and %d bytes, want an error and none", tt.name, err, log.Len())
		}
	}
}

func FuzzDecodeV2(f *testing.F) {
	h := recorded(f, Fine, values(1, 100))
	f.Add(h.EncodeV2())
	f.Add([]byte("HISTFAAAAB542pNpmSzMwMDABMSMQMwMxAwMDAwAAAD//w=="))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := DecodeV2(text)
		if err != nil {
			return
		}
		if err := h.Check(); err != nil {
			t.Fatal(err)
		}
		again, err := DecodeV2(h.EncodeV2())
		if err != nil || !reflect.DeepEqual(again, h) {
			t.Fatalf("another histogram after encoding: %v", err)
		}
	})
}

// FuzzReadPlain is behind base64, zlib and its checksum, where a fuzzer does not get by chance.
func FuzzReadPlain(f *testing.F) {
	head := pack(header{Cookie: plainCookie, Length: 3, Digits: 3, Lowest: 1, Highest: 1 << 40, Ratio: 1})
	f.Add(append(head, 1, 4, 2))
	f.Fuzz(func(t *testing.T, plain []byte) {
		h, err := readPlain(bytes.NewReader(plain))
		if err == nil {
			err = h.Check()
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
