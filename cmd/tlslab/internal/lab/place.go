package lab

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// placement is where a block's two processes run. Empty lists mean that nothing is pinned.
type placement struct {
	server, client []int
	why            string
}

// maxClientCPUs bounds the automatic choice: a stock client costs two to four times the server.
const maxClientCPUs = 4

// place keeps the server and the generator apart: disjoint cores, SMT siblings of either left idle. What the
// scenario asks for wins; the rest is chosen from the CPUs that this process may use.
func place(server, client []int) (placement, error) {
	allowed := allowedCPUs()
	for _, cpu := range slices.Concat(server, client) {
		if len(allowed) > 0 && !slices.Contains(allowed, cpu) {
			return placement{}, &Unusable{fmt.Errorf("cpu %d is not among those that this process may use (%s)", cpu, list(allowed))}
		}
	}
	return choose(allowed, siblings(allowed), server, client), nil
}

// Unusable is a request that this machine cannot serve. Exit 2.
type Unusable struct{ Err error }

func (u *Unusable) Error() string { return u.Err.Error() }
func (u *Unusable) Unwrap() error { return u.Err }

// choose is the arithmetic of [place]; core maps each CPU to the CPUs of its core.
func choose(allowed []int, core map[int][]int, server, client []int) placement {
	switch {
	case len(allowed) == 0:
		return placement{why: "not pinned: this system does not tell or set CPU affinity"}
	case len(allowed) == 1:
		return placement{allowed, allowed, "server and generator share the only CPU"}
	}
	why, doubt := "by the scenario", ""
	if server == nil {
		server, doubt = apart(allowed, client, core)
		server, why = lastCore(server, core), "chosen: server on the last core"
	}
	if client == nil {
		client, doubt = apart(allowed, server, core)
		client = firstThreads(client, core)
		client = client[:min(len(client), maxClientCPUs)]
	}
	return placement{server, client, fmt.Sprintf("%s; server %s, generator %s%s", why, list(server), list(client), doubt)}
}

// apart is what is left of allowed for one side when the other has taken some: other cores, else other threads of
// the same cores, else the same CPUs.
func apart(allowed, taken []int, core map[int][]int) (rest []int, doubt string) {
	if rest = without(allowed, taken, core); len(rest) > 0 {
		return rest, ""
	}
	if rest = without(allowed, taken, nil); len(rest) > 0 {
		return rest, "; they share a core, whose SMT siblings disturb each other"
	}
	return allowed, "; they share CPUs, as no others are left"
}

// without is allowed less the cores that taken touches.
func without(allowed, taken []int, core map[int][]int) []int {
	return slices.DeleteFunc(slices.Clone(allowed), func(cpu int) bool {
		return slices.ContainsFunc(taken, func(t int) bool { return slices.Contains(core[t], cpu) || t == cpu })
	})
}

func lastCore(cpus []int, core map[int][]int) []int {
	threads := firstThreads(cpus, core)
	return threads[max(len(threads)-1, 0):]
}

// firstThreads is one CPU for each core.
func firstThreads(cpus []int, core map[int][]int) (first []int) {
	for _, cpu := range cpus {
		if !slices.ContainsFunc(core[cpu], func(sibling int) bool { return slices.Contains(first, sibling) }) {
			first = append(first, cpu)
		}
	}
	return first
}

// siblings reads the SMT siblings of each CPU; a CPU of which nothing is known is its own core.
func siblings(cpus []int) map[int][]int {
	core := map[int][]int{}
	for _, cpu := range cpus {
		text, err := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu))
		if core[cpu] = parseList(string(text)); err != nil || len(core[cpu]) == 0 {
			core[cpu] = []int{cpu}
		}
	}
	return core
}

// parseList reads the kernel's list format, "0-3,6"; what is not a list is empty.
func parseList(text string) (cpus []int) {
	for part := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		low, high, ranged := strings.Cut(part, "-")
		from, err := strconv.Atoi(low)
		if err != nil {
			return nil
		}
		to := from
		if ranged {
			if to, err = strconv.Atoi(high); err != nil || to-from > 4096 {
				return nil
			}
		}
		for cpu := from; cpu <= to; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

func list(cpus []int) string {
	var words []string
	for _, cpu := range cpus {
		words = append(words, strconv.Itoa(cpu))
	}
	return strings.Join(words, ",")
}
