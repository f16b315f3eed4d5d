package loadgen

import (
	"crypto/tls"
	"testing"
)

func TestTicketsNewestFirstAndOnce(t *testing.T) {
	var made [4]*tls.ClientSessionState
	supply := newTickets(3)
	for i := range made {
		made[i] = new(tls.ClientSessionState)
		supply.put(ticket{session: made[i], presented: i == 2})
	}
	for _, i := range []int{3, 2, 1} { // the oldest found no room
		got, ok := supply.take()
		if !ok || got.session != made[i] || got.presented != (i == 2) {
			t.Errorf("got %+v, %v, want ticket %d", got, ok, i)
		}
	}
	if got, ok := supply.take(); ok {
		t.Errorf("got %+v of an empty supply", got)
	}
}

func TestTicketsAllocateNothing(t *testing.T) {
	supply, one := newTickets(2), ticket{session: new(tls.ClientSessionState)}
	got := testing.AllocsPerRun(100, func() {
		supply.put(one)
		supply.take()
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
