package loadgen

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"golang.org/x/sys/unix"
)

func TestConnectChoosesPortLate(t *testing.T) {
	stock, err := NewStock(serve(t, nil).job(handshake.Spec{}, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := stock.connect(t.Context(), sources+2, time.Now().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := conn.LocalAddr().String(); got[:10] != "127.1.0.3:" {
		t.Errorf("got source %s, want 127.1.0.3", got)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if late, err := unix.GetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT); late != 1 {
			t.Errorf("got IP_BIND_ADDRESS_NO_PORT %d, %v, want 1", late, err)
		}
	})
}

func TestSourceAvoidsTarget(t *testing.T) {
	for _, tc := range []struct{ target, want string }{
		{"127.0.0.1", "127.1.0.1"}, {"127.1.0.1", "127.2.0.1"}, {"127.2.0.1", "127.1.0.1"},
	} {
		if got := source(netip.MustParseAddr(tc.target), 0).Addr().String(); got != tc.want {
			t.Errorf("target %s: got source %s, want %s", tc.target, got, tc.want)
		}
	}
}

func TestOnlyLoopbackIsSpread(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1": true, "127.9.9.9": true, "::1": false, "192.0.2.1": false} {
		if got := canSpread(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
}
