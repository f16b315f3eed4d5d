package standalone

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	plain "github.com/tlslab/tlslab/handshake/server"

	"github.com/tlslab/tlslab/handshake/reload"
)

func TestParseCrash(t *testing.T) {
	for _, test := range []struct {
		line string
		want crash
		err  string
	}{
		{"BY kill", crash{"", "kill"}, ""},
		{"AT validated BY panic", crash{reload.Validated, "panic"}, ""},
		{"AT journaled BY exit", crash{reload.Journaled, "exit"}, ""},
		{"BY fire", crash{}, `unknown way to crash "fire"`},
		{"AT noon BY kill", crash{}, `unknown point "noon"`},
		{"AT read", crash{}, "a crash is CRASH [AT POINT] BY HOW"},
		{"AT read kill", crash{}, "a crash is CRASH [AT POINT] BY HOW"},
		{"BY kill please", crash{}, "a crash is CRASH [AT POINT] BY HOW"},
	} {
		got, err := parseCrash(strings.Fields(test.line))
		if text := errorText(err); text != test.err || err == nil && got != test.want {
			t.Errorf("%s: got %v, %q, want %v, %q", test.line, got, text, test.want, test.err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Whatever is sent, it is a command or an error of one short line.
func FuzzParse(f *testing.F) {
	for line := range commands {
		f.Add(line)
	}
	f.Add("CRASH AT read BY kill")
	f.Add("CRASH BY")
	f.Add("select 1;\r\x00\xff")
	f.Fuzz(func(t *testing.T, line string) {
		do, err := parse(line)
		if (do == nil) == (err == nil) {
			t.Fatalf("%q: got a command %t and %v", line, do != nil, err)
		}
		if err == nil {
			return
		}
		if text := refusal(err); strings.ContainsAny(text, "\n\r") || len(text) > 400 {
			t.Errorf("%q: got %q", line, text)
		}
	})
}

// One connection, many commands; an error is an answer as well.
func TestAdmin(t *testing.T) {
	l := newLab(t, reload.CommandBoot)
	l.serve(t)
	info, err := os.Stat(l.Admin)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("admin socket: got %v, %v, want mode 0600", info.Mode(), err)
	}
	conn := l.admin(t)
	answers := bufio.NewReader(conn)
	for _, test := range []struct{ command, want string }{
		{"", `ERR unknown command ""`},
		{"show tables\r", `ERR unknown command "show tables"`},
		{"CRASH BY fire", `ERR unknown way to crash "fire"`},
		{"CRASH AT committed BY kill", "OK"}, // which command-boot never comes to
		{"  RELOAD   TLS ", "OK generation 1 epoch 2"},
		{strings.Repeat("x", 100), `ERR unknown command "` + strings.Repeat("x", shown) + `"`},
		{strings.Repeat("x", longestCommand), "ERR a command is shorter than 4096 bytes"},
	} {
		if _, err := io.WriteString(conn, test.command+"\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := answers.ReadString('\n'); got != test.want+"\n" || err != nil {
			t.Errorf("%s: got %q, %v, want %q", test.command, got, err, test.want)
		}
	}
	if _, err := answers.ReadByte(); err == nil {
		t.Error("a connection that sends no lines is open still")
	}
}

func (l *lab) admin(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", l.Admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patient))
	return conn
}

func TestRefusedReload(t *testing.T) {
	l := newLab(t, reload.CommandBoot)
	l.serve(t)
	if err := os.Remove(l.Reload.Files.Key); err != nil {
		t.Fatal(err)
	}
	l.want(t, "RELOAD TLS", "ERR RELOAD TLS failed: 2 TLS files are present. Expected: 3")
	got := know[Status](t, l, "SHOW TLS")
	if got.Generation != 1 || got.Failing != "a file is missing" || got.Reloads["failed: a file is missing"] != 1 || got.Reloads["ok"] != 1 {
		t.Errorf("got %+v", got)
	}
	if got.PID != os.Getpid() || got.Strategy != reload.CommandBoot || got.NotAfter.Before(time.Now()) || got.LoadedAt.After(time.Now()) {
		t.Errorf("got %+v", got)
	}
	other := newLab(t, reload.Static)
	other.serve(t)
	other.want(t, "RELOAD TLS", "ERR static does not reload by command")
}

func TestMetrics(t *testing.T) {
	l := newLab(t, reload.Static)
	l.serve(t)
	conn := l.admin(t)
	io.WriteString(conn, "METRICS\nPUBLISHED\nPUBLISHED\n")
	lines := bufio.NewScanner(conn)
	seen := false
	for lines.Scan() && lines.Text() != "# EOF" {
		seen = seen || lines.Text() == "tlslab_certificate_generation 1"
	}
	if !seen {
		t.Error("no generation in the metrics")
	}
	for _, want := range []string{`[{"generation":1,`, `[]`} { // taken out the first time
		if lines.Scan(); !strings.HasPrefix(lines.Text(), want) {
			t.Errorf("got %s, want %s...", lines.Text(), want)
		}
	}
}

func TestPublished(t *testing.T) {
	l := newLab(t, reload.CommandBoot)
	l.serve(t)
	l.rotate(t, l.authority, 2)
	l.want(t, "RELOAD TLS", "OK generation 2 epoch 2")
	got := know[[]plain.Published](t, l, "PUBLISHED")
	if len(got) != 2 || got[0].Generation != 1 || got[1].Generation != 2 || got[1].At <= got[0].At || got[1].Took <= 0 {
		t.Errorf("got %+v", got)
	}
}

func TestCrowd(t *testing.T) {
	l := newLab(t, reload.Static)
	l.serve(t)
	for range mostAdmins {
		conn := l.admin(t)
		io.WriteString(conn, "SHOW TLS\n")
		if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	got, err := bufio.NewReader(l.admin(t)).ReadString('\n')
	if want := "ERR more than 16 connections\n"; got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// What a dead server left is no obstacle; a live server and any other file are.
func TestAdminPath(t *testing.T) {
	l := newLab(t, reload.Static)
	left, err := net.Listen("unix", l.Admin)
	if err != nil {
		t.Fatal(err)
	}
	left.(*net.UnixListener).SetUnlinkOnClose(false)
	left.Close()
	_, stop := l.serve(t)
	if _, err := l.listen(); err == nil || !strings.Contains(err.Error(), "a server listens there already") {
		t.Errorf("beside a live server: got %v", err)
	}
	stop()
	if _, err := os.Stat(l.Admin); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end: got %v", err)
	}
	if err := os.WriteFile(l.Admin, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.listen(); err == nil {
		t.Error("in the place of a file: listens")
	}
	if got, err := os.ReadFile(l.Admin); string(got) != "mine" || err != nil {
		t.Errorf("got %q, %v: a file of somebody is gone", got, err)
	}
}
