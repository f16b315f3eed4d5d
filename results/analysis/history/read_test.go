package history

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func text(t testing.TB, points ...Point) string {
	t.Helper()
	var all strings.Builder
	for _, p := range points {
		line, err := encode(p)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(line)
	}
	return all.String()
}

func TestRead(t *testing.T) {
	want := []Point{point(0), point(1), point(2)}
	whole := text(t, want...)
	for _, c := range []struct {
		name, text string
		want       []Point
		torn       int
	}{
		{"nothing", "", nil, 0},
		{"whole", whole, want, 0},
		{"without the last newline", strings.TrimSuffix(whole, "\n"), want, 0},
		{"torn", whole + `{"schema":1,"wh`, want, 15},
		{"torn by the file system", whole + "\x00\x00\x00\x00", want, 4},
		{"torn at once", "{", nil, 1},
	} {
		got, torn, err := Read(strings.NewReader(c.text))
		if err != nil || torn != c.torn || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, %d bytes torn, %v; want %+v, %d", c.name, got, torn, err, c.want, c.torn)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	good := text(t, point(0))
	for _, c := range []struct{ says, line string }{
		{"line 2: cut short", "\n"},
		{"line 2: cut short", `{"schema":1` + "\n"},
		{`line 2: json: unknown field "mood"`, strings.Replace(good, "{", `{"mood":1,`, 1)},
		{"line 2: schema 2; this tlslab reads schema 1", strings.Replace(good, `"schema":1`, `"schema":2`, 1)},
		{"line 2: something follows the point", strings.TrimSuffix(good, "\n") + good},
		{"line 2: json: cannot unmarshal", strings.Replace(good, `"seed":0`, `"seed":-1`, 1)},
		{"line 2: server_cpu of fips in full", strings.Replace(good, `"lo":1.04`, `"lo":2`, 1)},
	} {
		_, _, err := Read(strings.NewReader(good + c.line + good))
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
	}
	if _, _, err := Read(iotest.ErrReader(errors.New("no disk"))); err == nil || errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

// FuzzRead: whatever is read is what would be written again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(text(f, point(0), point(1))))
	f.Add([]byte(text(f, point(0)) + `{"schema":1`))
	f.Add([]byte("{}\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		points, torn, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		if torn > len(data) || torn > 0 && bytes.IndexByte(data[len(data)-torn:], '\n') >= 0 {
			t.Fatalf("%d bytes are torn of %q", torn, data)
		}
		again, _, err := Read(strings.NewReader(text(t, points...)))
		if err != nil || len(again) != len(points) {
			t.Errorf("wrote %d points, read %d, %v", len(points), len(again), err)
		}
		SeriesOf(points)
	})
}
