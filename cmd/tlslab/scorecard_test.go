package main

import (
	"slices"
	"testing"
)

func TestWords(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{" a  b\tc ", []string{"a", "b", "c"}},
		{`a 'b c' "d e"`, []string{"a", "b c", "d e"}},
		{`a'b c'd ''`, []string{"ab cd", ""}},
		{`a\ b "c\"d" 'e\f'`, []string{"a b", `c"d`, `e\f`}},
		{"sh -c 'echo {cert} $HOME'", []string{"sh", "-c", "echo {cert} $HOME"}},
	} {
		if got, err := words(tc.text); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, %v, want %q", tc.text, got, err, tc.want)
		}
	}
	for _, text := range []string{`a "b`, "a 'b", `a\`} {
		if got, err := words(text); err == nil {
			t.Errorf("%s: got %q, want an error", text, got)
		}
	}
}
