//go:build amd64 || arm64

package ebpf

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/results/account"
)

// Each plant is found in its class, and hardly elsewhere.
func TestPlants(t *testing.T) {
	const size = 5 * time.Millisecond
	fifo := filepath.Join(t.TempDir(), "certificate.pem")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		plant string
		want  account.Class
	}{
		{"burn", account.User},
		{"kernel", account.Kernel},
		{"nanosleep", account.Blocked},
		{"fifo", account.Blocked},
		{"sleep", account.Goroutine},
		{"lock", account.Goroutine},
		{"late client", account.Network},
	}
	for _, tt := range tests {
		t.Run(tt.plant, func(t *testing.T) {
			t.Parallel()
			delay, args := time.Duration(0), []string{tt.plant, size.String()}
			if tt.want == account.Network {
				delay, args = size, nil
			}
			s := start(t, []string{"FIFO=" + fifo}, args...)
			o := watch(t, Options{PID: s.pid, Layers: everything})
			load(t, s.address, 1, 25, delay)
			a := stop(t, o)
			if len(a.Handshakes) != 25 {
				t.Fatalf("%d handshakes, want 25", len(a.Handshakes))
			}
			checkPlant(t, a, tt.want, size)
			if tt.plant == "fifo" {
				checkFIFO(t, a, size)
			}
		})
	}
}

// checkPlant finds the plant in its class and in no other. Other tests run at the same time, so threads wait for a CPU,
// goroutines for a thread, and the server for its client.
func checkPlant(t *testing.T, a *account.Account, want account.Class, size time.Duration) {
	t.Helper()
	got := median(a, func(h account.Handshake) float64 { return (h.Time[want] + h.Time[account.RunQueue]).Seconds() })
	within(t, "seconds in the class", got, 0.8*size.Seconds(), 3*size.Seconds())
	for _, class := range []account.Class{account.User, account.Kernel, account.Blocked, account.Goroutine} {
		if class == want {
			continue
		}
		leaked := median(a, func(h account.Handshake) float64 { return h.Time[class].Seconds() })
		within(t, fmt.Sprintf("seconds in class %d", class), leaked, 0, 0.4*size.Seconds())
	}
}

func checkFIFO(t *testing.T, a *account.Account, size time.Duration) {
	for _, file := range a.Files {
		if file.Path == "certificate.pem" {
			within(t, "reads of the FIFO", float64(file.Count), 25, 25)
			within(t, "seconds for them", file.Time.Seconds(), 25*0.7*size.Seconds(), 25*3*size.Seconds())
			return
		}
	}
	t.Errorf("the FIFO is not among the files: %+v", a.Files)
}
