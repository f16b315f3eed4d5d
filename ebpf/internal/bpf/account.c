//go:build ignore

/* Where the time of one process goes, kept in the kernel: what class each thread is in (tp_btf programs), and for
 * each handshake of TLS what its goroutine went through (uprobes).
 *
 * Who writes what: a thread's class and time are written by the tracepoints alone, which cannot be preempted. Uprobes
 * can be, so they only read them, under a sequence number, and keep what they learned in fields of their own.
 *
 * A handshake's time on a thread is not added up event by event. When its goroutine takes a thread, its phase changes
 * or it leaves, the thread's sums tell how much has passed since last time. So a system call outside of a handshake
 * costs the same as one inside, and classes add up by construction. */
#include "thread.h"
#include "helpers.h"

char terms[] SEC("license") = "Dual MIT/GPL";

#define SLOTS 64
#define ACCEPT_WAIT 63 /* the row of latencies that no system call has */
#define BUCKETS 304    /* up to 2^40 ns, 18 minutes */
#define PARTS 4        /* the whole, then kernel, run queue, blocked */
#define PHASES 12
#define SYSCALLS 512
#define NAME 64

enum kind { ORDINARY, READING, ACCEPTING, OPENING, CLOSING };

enum hook {
	ON_SYS_ENTER,
	ON_SYS_EXIT,
	ON_SCHED_SWITCH,
	ON_SCHED_WAKEUP,
	ON_SCHED_WAKEUP_NEW,
	ON_SK_DATA_READY,
	ON_INET_SOCK_SET_STATE,
	ON_TCP_RETRANSMIT_SKB,
	ON_SCHEDULE,
	ON_STOPM,
	ON_EXECUTE,
	ON_READY,
	ON_BEGIN,
	ON_PHASE,
	ON_END,
	ON_FAILED,
	HOOKS,
};

/* Set before loading. */
const volatile int process;          /* the observed tgid, in the first pid namespace */
const volatile __u8 as_client;       /* the process's own connections are watched, not those that it accepts */
const volatile __u8 state_given;     /* sched_switch tells the state (Linux 5.18) */
const volatile __u8 slots[SYSCALLS]; /* system call number to row; 0: all others */
const volatile __u8 kinds[SYSCALLS];
const volatile __u32 g_status, g_reason; /* offsets in Go's runtime.g */
const volatile __u8 io_wait, preempted;  /* values of Go's runtime.waitReason */
const volatile int wanted_pid;           /* for find: a process, as its namespace calls it */
const volatile __u32 wanted_namespace;

volatile __u32 recording;
volatile __u32 open_files;     /* entries of opened: with none, reads cost nothing more */

/* What is told of each thread, and kept of those that are gone. */
struct told {
	__u64 time[ON_THREAD];
	__u64 on_cpu, run_queue; /* as the scheduler books them */
	__u64 threads;           /* how many this is of */
};

struct told ended;
__u64 known; /* threads that were ever seen; one that is about to end is neither in ended nor told of any more */

struct counters {
	__u64 calls[SLOTS];
	__u64 spent[SLOTS]; /* ns */
	__u64 hits[HOOKS];
	__u64 phases[PHASES]; /* hits by phase */
	__u64 others;     /* ns that other processes had a CPU that we waited for */
	__u64 drops;      /* records and map entries that found no room */
	__u64 missed;     /* arrivals of threads on a CPU that were not told */
	__u64 unstamped;  /* parks on a socket that ended without data being seen */
	__u64 accepts;    /* connections */
	__u64 unfinished; /* handshakes whose end was not seen */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} sums SEC(".maps");

struct latency {
	__u64 errors, again;
	__u64 time[PARTS];
	__u32 counts[PARTS][BUCKETS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct latency);
} latencies SEC(".maps");

struct command {
	char name[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct command);
	__type(value, __u64);
} preemptors SEC(".maps");

/* A connection, by the address of its sock. */
struct connection {
	__u64 established, accepted;
	__u64 arrived; /* when data first came since the last read began; 0: none */
	__u32 retransmits;
	__u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps");

struct name {
	char text[NAME];
};

struct use {
	__u64 count, bytes, time;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct name);
} opened SEC(".maps"); /* by file descriptor */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct name);
	__type(value, struct use);
} files SEC(".maps");

/* A handshake, by the address of its goroutine's runtime.g, which stays the same while it lasts. Threads take turns
 * at it. A turn is a leg: leg is even while the goroutine is on a thread and odd while it is on none, and whoever
 * changes it does so by compare and swap. For a goroutine that has parked may be taken up by another thread before the
 * one that it ran on comes to say that it left. Legs count from where no handshake before has been, so that a thread
 * that comes as late as in the goroutine's next handshake is not taken for the one that runs that. */
struct handshake {
	__u64 begin, end;
	__u64 established, accepted;
	__u64 sock; /* the connection */
	__u64 from; /* the socket that it last read; 0: that was no socket */
	__u64 told; /* up to here its time on threads is in time */
	__u64 time[PHASES][CLASSES];
	/* Written by the thread that it leaves, for the one that takes it up: */
	__u64 parked;            /* when it left */
	__u64 spent[ON_THREAD];  /* what the thread's time had grown by since told */
	/* Written by the one that wakes it: */
	__u64 woken; /* when another goroutine made it ready; 0: not yet */
	/* Written by the thread that takes it up too early, for the one that is late: */
	__u64 taken;   /* when */
	__u64 guessed; /* how much time was then charged to USER, for want of better */
	__u32 taken_leg;
	__u32 leg;
	__u32 fd; /* that it last read */
	__u32 retransmits;
	__u16 port; /* of the peer, in the network's byte order */
	__u8 phase;
	__u8 waits; /* what it parked for: NETWORK to RUNNABLE, or BLOCKED */
	__u8 failed;
	__u8 taken_phase;
	__u8 unused[2];
};

const struct handshake blank;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct handshake);
} handshakes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} records SEC(".maps");

#define WAKE_AT (64 << 10) /* bytes pending: a wake-up costs ten times what a record does */

inline struct counters *hit(enum hook hook)
{
	__u32 zero = 0;
	struct counters *c = lookup(&sums, &zero);
	if (c)
		c->hits[hook]++;
	return c;
}

inline void drop(void)
{
	__u32 zero = 0;
	struct counters *c = lookup(&sums, &zero);
	if (c)
		c->drops++;
}

/* The bucket of a value: package hist, layout of 3 bits. The highest set bit is found by halving. */
inline __u32 bucket_of(__u64 v)
{
	__u64 top = v;
	__u32 shift = 0;
	if (v < 16)
		return v;
	if (top >> 32) { top >>= 32; shift += 32; }
	if (top >> 16) { top >>= 16; shift += 16; }
	if (top >> 8) { top >>= 8; shift += 8; }
	if (top >> 4) { top >>= 4; shift += 4; }
	if (top >> 2) { top >>= 2; shift += 2; }
	if (top >> 1) { shift += 1; }
	shift -= 3;
	return (shift << 3) + (__u32)(v >> shift);
}

inline void count(struct latency *l, __u32 part, __u64 v)
{
	__u32 i = bucket_of(v);
	if (i >= BUCKETS)
		i = BUCKETS - 1;
	l->counts[part][i]++;
	l->time[part] += v;
}

#include "charge.h"
#include "files.h"
#include "syscalls.h"
#include "scheduler.h"
#include "network.h"
#include "goroutines.h"
#include "handshakes.h"
#include "asked.h"
