//go:build !amd64 || purego

package vaesgcm

import "testing"

func TestUnavailable(t *testing.T) {
	if a, err := New(make([]byte, 16)); a != nil || err == nil {
		t.Errorf("New: %v, %v", a, err)
	}
}
