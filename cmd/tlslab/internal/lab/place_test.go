package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	alone := func(cpus ...int) map[int][]int {
		core := map[int][]int{}
		for _, cpu := range cpus {
			core[cpu] = []int{cpu}
		}
		return core
	}
	smt := map[int][]int{0: {0, 2}, 2: {0, 2}, 1: {1, 3}, 3: {1, 3}}
	tests := []struct {
		name           string
		allowed        []int
		core           map[int][]int
		server, client []int // as the scenario says
		want           string
	}{
		{"unknown system", nil, nil, nil, nil, "[] []"},
		{"one CPU", []int{0}, alone(0), nil, nil, "[0] [0]"},
		{"two cores", []int{0, 1}, alone(0, 1), nil, nil, "[1] [0]"},
		{"eight cores", []int{0, 1, 2, 3, 4, 5, 6, 7}, alone(0, 1, 2, 3, 4, 5, 6, 7), nil, nil, "[7] [0 1 2 3]"},
		{"siblings stay idle", []int{0, 1, 2, 3}, smt, nil, nil, "[1] [0]"},
		{"one core of two threads", []int{0, 2}, smt, nil, nil, "[0] [2]"},
		{"scenario says server", []int{0, 1}, alone(0, 1), []int{0}, nil, "[0] [1]"},
		{"scenario takes all", []int{0, 1}, alone(0, 1), []int{0, 1}, nil, "[0 1] [0 1]"},
		{"scenario says client", []int{0, 1}, alone(0, 1), nil, []int{1}, "[0] [1]"},
		{"scenario says both", []int{0, 1, 2, 3}, smt, []int{0, 2}, []int{3}, "[0 2] [3]"},
	}
	for _, tt := range tests {
		p := choose(tt.allowed, tt.core, tt.server, tt.client)
		if got := fmt.Sprint(p.server, p.client); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
		if p.why == "" {
			t.Errorf("%s: no reason", tt.name)
		}
	}
}

func TestPlaceRefusesForeignCPUs(t *testing.T) {
	if len(allowedCPUs()) == 0 {
		t.Skip("this system does not tell CPU affinity")
	}
	if _, err := place([]int{100000}, nil); err == nil || !strings.Contains(err.Error(), "cpu 100000") {
		t.Errorf("got %v", err)
	}
}

func TestParseList(t *testing.T) {
	tests := []struct {
		text string
		want []int
	}{
		{"0\n", []int{0}}, {"0-3,6", []int{0, 1, 2, 3, 6}}, {"", nil}, {"x", nil}, {"1-x", nil}, {"0-99999999", nil},
	}
	for _, tt := range tests {
		if got := parseList(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %v, want %v", tt.text, got, tt.want)
		}
	}
}
