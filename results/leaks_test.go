package results

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tlslab/tlslab/results/hist"
)

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

func zipped(text string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

func TestLeaks(t *testing.T) {
	standard, url := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	for name, content := range map[string]string{
		"plain":               "on falcon, yesterday",
		"gzip":                gzipped("on falcon"),
		"gzip after a header": "header" + gzipped("on falcon"),
		"zlib":                zipped("on falcon"),
		"base64":              `{"key":"` + standard([]byte("on falcon")) + `"}`,
		"base64 for URLs":     `x=` + url([]byte("?>?>on falcon")),
		"gzip in base64":      standard([]byte(gzipped("on falcon"))),
		"zlib in base64, length before it": "#[header]\n1,2,3," +
			standard([]byte("\x1c\x84\x93\x14\x00\x00\x00\x1f"+zipped("on falcon"))),
		"base64 in gzip": gzipped(`"` + standard([]byte("on falcon")) + `"`),
		"cut gzip":       gzipped("on falcon" + strings.Repeat("x", 1000))[:24],
	} {
		files := fstest.MapFS{"a/b": &fstest.MapFile{Data: []byte(content)}}
		got, err := Leaks(files, "alice", "falcon", "")
		if want := []string{`a/b: "falcon"`}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, want)
		}
	}
	named := fstest.MapFS{"falcon.txt": &fstest.MapFile{}}
	if got, err := Leaks(named, "falcon"); err != nil || len(got) != 1 {
		t.Errorf("in a name: got %v, %v", got, err)
	}
}

func TestNoLeaks(t *testing.T) {
	var h hist.Histogram
	for v := range int64(20_000) {
		h.Record(v * v)
	}
	files := loaded(t)
	files["more"] = &fstest.MapFile{Data: h.EncodeV2()}
	got, err := Leaks(files, "falcon", "PRIVATE KEY", "CLIENT_RANDOM")
	if err != nil || got != nil {
		t.Errorf("got %v, %v", got, err)
	}
}
