//go:build !linux

package server

import (
	"context"
	"encoding/json"
	"errors"
)

var systemSeeds = map[string]func(context.Context, Plant, *plants) (*growth, error){
	"user": onLinux, "kernel": onLinux, "blocked": onLinux, "run queue": onLinux, "file": onLinux,
}

var errOnLinux = errors.New("it can be planted on Linux only")

func onLinux(context.Context, Plant, *plants) (*growth, error) { return nil, errOnLinux }

func preempt(*json.Encoder) error { return errOnLinux }
