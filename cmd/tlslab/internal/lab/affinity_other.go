//go:build !linux

package lab

func allowedCPUs() []int { return nil }
