package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
)

func TestCalibration(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	kept := calibration{Schema: calibrationSchema, When: now, Host: "0123456789abcdef", Block: 0.3, Spread: map[string]float64{"server_cpu": 0.013}}
	cache := t.TempDir()
	if _, err := kept.keep(cache); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		host  string
		now   time.Time
		known bool
	}{
		{"at once", kept.Host, now, true},
		{"in time", kept.Host, now.AddDate(0, 0, 90), true},
		{"too late", kept.Host, now.AddDate(0, 0, 91), false},
		{"on another machine", "fedcba9876543210", now, false},
	} {
		c, err := readCalibration(cache)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.spread(test.host, test.now)["server_cpu"] == 0.013; got != test.known {
			t.Errorf("%s: known %t, want %t", test.name, got, test.known)
		}
	}
	kept.Schema++
	if kept.spread(kept.Host, now) != nil {
		t.Error("a calibration of another schema was believed")
	}
}

func TestCalibrated(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("TLSLAB_CACHE", cache)
	if got := calibrated(); got != nil {
		t.Errorf("before any calibration: got %v", got)
	}
	host, err := lab.Host(cache)
	if err != nil {
		t.Fatal(err)
	}
	c := calibration{Schema: calibrationSchema, When: time.Now(), Host: host, Spread: map[string]float64{"server_cpu": 0.013}}
	name, err := c.keep(cache)
	if err != nil {
		t.Fatal(err)
	}
	if got := machine().Spread["server_cpu"]; got != 0.013 {
		t.Errorf("the planner knows a spread of %v, want 0.013", got)
	}
	if err := os.WriteFile(filepath.Join(cache, filepath.Base(name)), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := calibrated(); got != nil {
		t.Errorf("half a file was believed: %v", got)
	}
}
