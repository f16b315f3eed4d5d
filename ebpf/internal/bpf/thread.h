/* What the programs know of one thread of the observed process: shared by account.c, which keeps it, and sample.c,
 * which reads it. */
#ifndef THREAD_H
#define THREAD_H

#include "kernel.h"

enum class { /* as package account counts them */
	USER,
	KERNEL,
	RUN_QUEUE,
	BLOCKED,
	NETWORK,
	GOROUTINE,
	RUNNABLE,
	CLASSES,
};

#define ON_THREAD 4 /* the first four are a thread's */
#define NO_PHASE 255

/* The same time as the scheduler books it. Its clock is read where it decides, which is a little earlier than where it
 * tells, is not always brought up to date (a thread that preempts another counts as running since it was woken), and
 * stands still while a hypervisor has the CPU. */
struct books {
	__u64 on_cpu, run_queue; /* closed intervals */
	__u64 arrived, queued;   /* the open one, on the scheduler's clock; 0: there is none */
	__u64 began;             /* the same on CLOCK_MONOTONIC */
};

struct thread {
	__u64 since;  /* when the open interval began, ns of CLOCK_MONOTONIC; 0: the thread was never seen */
	__u64 g;      /* the goroutine on it, address of its runtime.g; 0: none is known */
	__u8 class;   /* of the open interval: USER to BLOCKED */
	__u8 phase;   /* of the handshake that g is in; NO_PHASE: none */
	__u8 syscall; /* it is in a system call */
	/* What only account.c needs: */
	__u8 kind;               /* what is special about the system call */
	__u16 slot;              /* its row of the table */
	__u16 gone;              /* the thread has ended */
	__u32 turns;             /* odd while time is being charged */
	__u32 leg;               /* of the handshake's way over threads; see struct handshake */
	__u32 fd;                /* the system call's first argument */
	__u64 time[ON_THREAD];   /* in each class, closed intervals */
	__u64 before[ON_THREAD]; /* time when the system call began */
	__u64 passed[ON_THREAD]; /* time that its goroutines' handshakes were told of */
	struct books books;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

#endif
