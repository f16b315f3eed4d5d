package lab

import (
	"os"
	"strings"
	"testing"
)

func TestStepAside(t *testing.T) {
	allowed := allowedCPUs()
	if len(allowed) < 2 {
		t.Skip("needs two CPUs")
	}
	before := bindings(t)
	back := stepAside(allowed[:1])
	for thread, cpus := range bindings(t) {
		if cpus != list(allowed[:1]) {
			t.Errorf("thread %s may run on %s, want %d", thread, cpus, allowed[0])
		}
	}
	back()
	for thread, cpus := range bindings(t) {
		if was, known := before[thread]; known && was != cpus {
			t.Errorf("thread %s may run on %s, want %s as before", thread, cpus, was)
		}
	}
}

// bindings are the CPUs that each thread of this process may run on, as the kernel tells them.
func bindings(t *testing.T) map[string]string {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, thread := range threads {
		text, err := os.ReadFile("/proc/self/task/" + thread.Name() + "/status")
		if err != nil {
			continue
		}
		_, after, _ := strings.Cut(string(text), "Cpus_allowed_list:\t")
		all[thread.Name()], _, _ = strings.Cut(after, "\n")
	}
	return all
}
