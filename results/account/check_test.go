package account

import (
	"bytes"
	"compress/gzip"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	const second = time.Second
	for _, test := range []struct {
		name, want string
		edit       func(*Account)
	}{
		{"as it is", "", func(*Account) {}},
		{"nothing seen", "", func(a *Account) { *a = Account{Tier: Runtime} }},
		{"unknown books", "", func(a *Account) { a.Books = Books{-1, -1, -1, -1, -second, 0, 0, 0, 0} }},
		{"no tier", "unknown tier", func(a *Account) { a.Tier = "" }},
		{"negative length", "lasts", func(a *Account) { a.Length = -1 }},
		{"negative begin", "it began at", func(a *Account) { a.Began = -1 }},
		{"overlapping windows", "window 1 does not begin where", func(a *Account) { a.Windows[1].At-- }},
		{"windows out of order", "window 1", func(a *Account) { a.Windows[0], a.Windows[1] = a.Windows[1], a.Windows[0] }},
		{"empty window", "window 0 begins at", func(a *Account) { a.Windows[0].Length = 0 }},
		{"endless window", "window 1 begins at", func(a *Account) { a.Windows[1].Length = math.MaxInt64 }},
		{"negative class", "window 0: a class", func(a *Account) { a.Windows[0].Threads[User] = -1 }},
		{"unfinished", "-1 handshakes are unfinished", func(a *Account) { a.Unfinished = -1 }},
		{"phases", "more than any observer", func(a *Account) { a.Phases = make([]string, 65) }},
		{"files", "more than any observer", func(a *Account) { a.Files = make([]FileRead, 5000) }},
		{"no hertz", "sampling", func(a *Account) { a.Sampling = &Sampling{} }},
		{"negative books", "books", func(a *Account) { a.Books.OnCPU = -2 }},
	} {
		a := Account{Tier: Full, Length: 2 * second, Windows: []Window{{Length: second}, {At: second, Length: second}}}
		test.edit(&a)
		switch err := a.Check(); {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

func TestHandshakesSurvive(t *testing.T) {
	want := []Handshake{{End: 3, Time: Times{User: 3}}, {Begin: 2, End: 5, Phases: []Times{{Kernel: 1}, {}}, Port: 4000, Failed: true}}
	var file bytes.Buffer
	if err := WriteHandshakes(&file, want); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadHandshakes(&file); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReadHandshakesRefuses(t *testing.T) {
	for lines, want := range map[string]string{
		`{"begin_ns":-1}`:                                     "line 1: it lasts from",
		"{}\n" + `{"begin_ns":2,"end_ns":1}`:                  "line 2: it lasts from",
		`{"end_ns":9000000000000000000}`:                      "it lasts from",
		`{"time_ns":[0,-1]}`:                                  "impossible time",
		`{"phases_ns":[[9000000000000000000]]}`:               "impossible time",
		`{"phases_ns":[` + strings.Repeat("[],", 64) + `[]]}`: "65 phases",
		`{"port":70000}`:                                      "line 1: json",
		`{`:                                                   "line 1: unexpected EOF",
	} {
		var file bytes.Buffer
		z := gzip.NewWriter(&file)
		_, _ = z.Write([]byte(lines))
		z.Close()
		if _, err := ReadHandshakes(&file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want %q", lines, err, want)
		}
	}
	if _, err := ReadHandshakes(strings.NewReader("plain")); err == nil {
		t.Error("read what is not packed")
	}
}
