//go:build !linux

package loadgen

import (
	"net/netip"
	"syscall"
)

// canSpread says whether source addresses can be chosen: only Linux answers to all of 127.0.0.0/8.
func canSpread(netip.Addr) bool { return false }

func bindLate(_, _ string, _ syscall.RawConn) error { return nil }
