package scorecard

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/variant"
)

func TestTrials(t *testing.T) {
	hangup := target(t, "serve-told")
	hangup.Reload = []string{"kill", "-HUP", "{pid}"}
	for _, tc := range []struct {
		target    Target
		injection string
		want      []string // begins of the defects; none: passed
	}{
		{target(t, "serve-fresh"), "rename", nil},
		{target(t, "serve-fresh"), "cert-before-key", nil},
		{target(t, "serve-fresh"), "burst", nil},
		{target(t, "serve-fresh"), "expired", []string{"rotation: adopted what it should refuse", "served a certificate outside of its dates", ""}},
		{target(t, "serve-static"), "rename", []string{"rotation: never adopted", "another rotation: never adopted"}},
		{hangup, "rename", nil},
		{target(t, "serve-doomed"), "rename", []string{"rotation: never adopted", "the server died: exit status 2: panic: another certificate", "", "dropped 8 of 8 connections"}},
	} {
		t.Run(tc.target.Name+"/"+tc.injection, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cards, err := Run(t.Context(), []Target{tc.target}, Options{Injections: []string{tc.injection}, Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			got := cards[0].Trials[0]
			if !slices.EqualFunc(got.Defects, tc.want, strings.HasPrefix) {
				t.Errorf("got defects %q, want %q", got.Defects, tc.want)
			}
			if got.Handshakes == 0 || len(got.Timeline) == 0 || got.Held != connections {
				t.Errorf("got %d handshakes, %d points, %d held, want some, some and %d", got.Handshakes, len(got.Timeline), got.Held, connections)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("got %v left behind, want nothing", left)
			}
		})
	}
}

// TestNoStart: a server that does not serve is an error with its last words, and a hint.
func TestNoStart(t *testing.T) {
	typo := target(t, "serve-fresh")
	typo.Command = append(typo.Command, "{cret}")
	absent := Target{Name: "absent", Command: []string{"/nowhere/server"}}
	for _, tc := range []struct {
		target Target
		want   string
	}{
		{target(t, "refuse"), "no certificate is good enough"},
		{typo, "unknown placeholder {cret}"},
		{absent, "no such file or directory"},
	} {
		_, err := Run(t.Context(), []Target{tc.target}, Options{Injections: []string{"rename"}, Dir: t.TempDir()})
		var hinted *variant.Error
		if !errors.As(err, &hinted) || hinted.Hint == "" || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q with a hint", tc.target.Name, err, tc.want)
		}
	}
}

// TestInterrupted: nothing runs and nothing lies about once Run has returned.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	sh := target(t, "sleep")
	sh.Command = append([]string{"sh", "-c", `echo $$ >"$0"/pid; "$@" & wait`, dir}, sh.Command...)
	go func() { // once the shell has said which group it leads
		for limit := time.After(20 * time.Second); ; {
			if text, _ := os.ReadFile(dir + "/pid"); strings.HasSuffix(string(text), "\n") {
				break
			}
			select {
			case <-time.After(5 * time.Millisecond):
			case <-limit:
				t.Error("the server was never started")
			}
		}
		cancel()
	}()
	_, err := Run(ctx, []Target{sh}, Options{Injections: []string{"rename"}, Dir: dir})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	text, err := os.ReadFile(dir + "/pid")
	if err != nil {
		t.Fatal(err)
	}
	group := 0
	for _, c := range strings.TrimSpace(string(text)) {
		group = group*10 + int(c-'0')
	}
	awaitNoGroup(t, group)
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("got %v left behind, want the shell's own file", left)
	}
}

// awaitNoGroup: a process that was killed is gone once its parent, or init, has heard of it.
func awaitNoGroup(t *testing.T, group int) {
	t.Helper()
	for limit := time.After(10 * time.Second); syscall.Kill(-group, 0) == nil; {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-limit:
			t.Fatalf("got a process left in group %d, want none", group)
		}
	}
}

func TestUnknownInjection(t *testing.T) {
	_, err := Run(t.Context(), nil, Options{Injections: []string{"rename", "renam"}})
	if err == nil || err.Error() != `unknown injection "renam"` {
		t.Errorf("got %v", err)
	}
}
