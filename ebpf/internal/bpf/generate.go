// Package bpf holds the programs that run in the kernel: account.c keeps the time of one process's threads and
// handshakes, sample.c takes stacks. The objects are compiled for amd64 and arm64 and committed, so that users need
// no compiler; make bpf compiles them again (clang 14 or later; no headers of the system are used).
package bpf

//go:generate go tool bpf2go -tags linux -target amd64,arm64 -cflags "-O2 -g -Wall -Werror -mcpu=v3" -type counters -type latency -type handshake -type connection -type use -type name -type command -type bucket_test Account account.c
