package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestUsage(t *testing.T) {
	pair := "reload --cert tls.crt --key tls.key "
	for _, test := range []struct {
		args string
		code int
		want string // on stderr
	}{
		{"serve", usage, `unknown command "serve"`},
		{"reload", usage, "a server needs --cert and --key"},
		{"reload --help", 0, "one of static, notify-described"},
		{pair + "--strategy hope", usage, `unknown strategy "hope"`},
		{pair + "--node :1", usage, "--node and --peer need --authorities"},
		{pair + "--peer :1", usage, "--node and --peer need --authorities"},
		{pair + "--interval -1s", usage, "a duration is negative"},
		{pair + "--exit-hook true", usage, "--exit-hook needs --supervise"},
		{pair + "more", usage, `unexpected argument "more"`},
		{pair + "--colour red", usage, "flag provided but not defined: -colour"},
		{pair + "--strategy static", failed, "no such file"},
		{pair + "--strategy static --supervise", failed, "no such file"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(test.args), &stdout, &stderr)
		if code != test.code || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("%s: got %d, %s, want %d, %q", test.args, code, &stderr, test.code, test.want)
		}
		if stdout.Len() > 0 {
			t.Errorf("%s: got %q on stdout", test.args, &stdout)
		}
	}
}

func TestFlags(t *testing.T) {
	got, err := parse(strings.Fields(`--strategy poll-shipped --cert c --key k --authorities a --state s --interval 1s
		--debounce 2s --slow-stat 3s --listen l:1 --node n:1 --admin d --peer p:1 --peer-every 4s --tickets=false --supervise
		--exit-hook h`), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	var want arguments
	want.supervise, want.hook = true, "h"
	s, r := &want.settings, &want.settings.Reload
	r.Strategy, r.State, r.Interval, r.Debounce, r.SlowStat = "poll-shipped", "s", time.Second, 2*time.Second, 3*time.Second
	r.Files.Certificate, r.Files.Key, r.Files.Authorities = "c", "k", "a"
	s.Listen, s.Node, s.Admin, s.Peer, s.PeerEvery = "l:1", "n:1", "d", "p:1", 4*time.Second
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
