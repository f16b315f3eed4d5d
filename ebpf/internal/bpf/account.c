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
};

struct told ended;

struct counters {
	__u64 calls[SLOTS];
	__u64 spent[SLOTS]; /* ns */
	__u64 hits[HOOKS];
	__u64 phases[PHASES]; /* hits by phase */
	__u64 others;     /* ns that other processes had a CPU that we waited for */
	__u64 drops;      /* records and map entries that found no room */
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
 * one that it ran on comes to say that it left. */
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

const struct handshake blank = {.leg = 2, .fd = -1};

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

/* ---- counting ---- */

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

/* ---- threads ---- */

inline int ours(void)
{
	return current_pid_tgid() >> 32 == process && recording;
}

/* The state of a thread; one seen for the first time begins now, in the given class. */
inline struct thread *state(struct task_struct *task, __u8 class, __u64 now)
{
	struct thread *t = storage(&threads, task, 0, CREATE);
	if (!t) {
		drop();
		return 0;
	}
	if (!t->since) {
		t->phase = NO_PHASE;
		t->class = class;
		t->since = now;
	}
	return t;
}

/* Closes the open interval and opens the next. Only tracepoints call it. */
inline void become(struct thread *t, __u8 class, __u64 now)
{
	t->turns++;
	barrier();
	t->time[t->class & 3] += now - t->since;
	t->since = now;
	t->class = class;
	barrier();
	t->turns++;
}

/* A thread's time up to now. */
struct moment {
	__u64 now;
	__u64 time[ON_THREAD];
};

inline void moment_of(struct thread *t, struct moment *m)
{
	__u64 since = 0;
	__u8 class = USER;
	for (int try = 0; try < 4; try++) {
		__u32 turns = *(volatile __u32 *)&t->turns;
		barrier();
		m->now = clock();
		since = t->since;
		class = t->class;
		for (int c = 0; c < ON_THREAD; c++)
			m->time[c] = t->time[c];
		barrier();
		if (turns == *(volatile __u32 *)&t->turns && !(turns & 1))
			break;
	}
	for (int c = 0; c < ON_THREAD; c++)
		if (c == class)
			m->time[c] += m->now - since;
}

/* ---- sockets and files ---- */

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFIFO 0010000

inline struct file *file_of(__u32 fd, __u16 *mode)
{
	struct task_struct *task = current_task();
	struct files_struct *table = 0;
	struct fdtable *fdt = 0;
	struct file **array = 0, *file = 0;
	struct inode *inode = 0;
	__u32 max = 0;
	*mode = 0;
	READ(table, task->files);
	READ(fdt, table->fdt);
	READ(max, fdt->max_fds);
	if (fd >= max)
		return 0;
	READ(array, fdt->fd);
	READ(file, array[fd]);
	READ(inode, file->f_inode);
	READ(*mode, inode->i_mode);
	return file;
}

inline __u64 sock_of(__u32 fd)
{
	__u16 mode;
	struct socket *socket = 0;
	struct sock *sk = 0;
	struct file *file = file_of(fd, &mode);
	if (!file || (mode & S_IFMT) != S_IFSOCK)
		return 0;
	READ(socket, file->private_data);
	READ(sk, socket->sk);
	return (__u64)sk;
}

inline struct connection *connection_of(__u64 sk)
{
	struct connection *c = lookup(&connections, &sk), fresh = {};
	if (c)
		return c;
	if (update(&connections, &sk, &fresh, 0))
		drop();
	return lookup(&connections, &sk);
}

inline void on_accept(__u32 fd, __u64 now)
{
	__u32 row = ACCEPT_WAIT;
	__u64 sk = sock_of(fd);
	struct connection *c = sk ? connection_of(sk) : 0;
	struct latency *l = lookup(&latencies, &row);
	if (!c)
		return;
	c->accepted = now;
	if (l && c->established)
		count(l, 0, now - c->established);
}

/* A file or FIFO gets known by its name; pipes have none. */
inline void on_open(__u32 fd)
{
	__u16 mode;
	struct name name = {};
	struct dentry *dentry = 0;
	const unsigned char *text = 0;
	struct file *file = file_of(fd, &mode);
	__u16 type = mode & S_IFMT;
	if (!file || (type != S_IFREG && type != S_IFIFO))
		return;
	READ(dentry, file->f_path.dentry);
	READ(text, dentry->d_name.name);
	read_kernel_string(name.text, NAME, text);
	if (!name.text[0])
		return;
	if (lookup(&opened, &fd) == 0)
		__sync_fetch_and_add(&open_files, 1);
	if (update(&opened, &fd, &name, 0)) {
		__sync_fetch_and_add(&open_files, -1);
		drop();
	}
}

inline void on_close(__u32 fd)
{
	if (open_files && !forget(&opened, &fd))
		__sync_fetch_and_add(&open_files, -1);
}

inline void use_file(__u32 fd, __u64 reads, __u64 bytes, __u64 time)
{
	struct name *name = open_files ? lookup(&opened, &fd) : 0;
	struct use first = {reads, bytes, time}, *use;
	if (!name)
		return;
	use = lookup(&files, name);
	if (use) {
		__sync_fetch_and_add(&use->count, reads);
		__sync_fetch_and_add(&use->bytes, bytes);
		__sync_fetch_and_add(&use->time, time);
	} else if (update(&files, name, &first, 0)) {
		drop();
	}
}

/* A handshake begins to read. Data that comes from here on has not been asked for yet: clearing the stamp when the
 * read returns would race with it. */
inline void on_read(struct thread *t, __u32 fd)
{
	struct handshake *h = lookup(&handshakes, &t->g);
	struct connection *c;
	if (!h)
		return;
	if (fd != h->fd) {
		h->fd = fd;
		h->from = sock_of(fd);
		if (h->from && !h->sock) {
			struct sock *sk = (void *)h->from;
			h->sock = h->from;
			READ(h->port, sk->__sk_common.skc_dport);
		}
	}
	c = h->from ? connection_of(h->from) : 0;
	if (c)
		c->arrived = 0;
}

/* ---- system calls ---- */

SEC("tp_btf/sys_enter")
int sys_enter(__u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	__u64 number = ctx[1], now;
	struct thread *t;
	if (!ours())
		return 0;
	now = clock();
	t = state(current_task(), USER, now);
	if (!t)
		return 0;
	become(t, KERNEL, now);
	t->syscall = 1;
	for (int c = KERNEL; c < ON_THREAD; c++)
		t->before[c] = t->time[c];
	t->slot = number < SYSCALLS ? slots[number] : 0;
	t->kind = number < SYSCALLS ? kinds[number] : ORDINARY;
	if (t->kind == ORDINARY)
		return 0;
	t->fd = FIRST_ARGUMENT(regs);
	if (t->kind == READING && t->phase != NO_PHASE)
		on_read(t, t->fd);
	return 0;
}

inline void finish_call(struct thread *t, __u64 time, long result, __u64 now)
{
	if (t->kind == CLOSING)
		on_close(t->fd);
	if (result < 0)
		return;
	if (t->kind == READING && open_files)
		use_file(t->fd, 1, result, time);
	if (t->kind == OPENING)
		on_open(result);
	if (t->kind == ACCEPTING) {
		__u32 zero = 0;
		struct counters *c = lookup(&sums, &zero);
		if (c)
			c->accepts++;
		on_accept(result, now);
	}
}

#define EAGAIN 11

SEC("tp_btf/sys_exit")
int sys_exit(__u64 *ctx)
{
	long result = ctx[1];
	__u64 now, kernel, queued, blocked, time;
	struct thread *t;
	struct counters *c;
	struct latency *l;
	__u32 row;
	if (!ours())
		return 0;
	t = storage(&threads, current_task(), 0, 0);
	if (!t || !t->since)
		return 0;
	now = clock();
	become(t, USER, now);
	if (!t->syscall)
		return 0;
	t->syscall = 0;
	kernel = t->time[KERNEL] - t->before[KERNEL];
	queued = t->time[RUN_QUEUE] - t->before[RUN_QUEUE];
	blocked = t->time[BLOCKED] - t->before[BLOCKED];
	time = kernel + queued + blocked;
	row = t->slot;
	c = hit(ON_SYS_EXIT);
	if (c && t->slot < SLOTS) {
		c->calls[t->slot & (SLOTS - 1)]++;
		c->spent[t->slot & (SLOTS - 1)] += time;
	}
	l = lookup(&latencies, &row);
	if (l) {
		if (result == -EAGAIN)
			l->again++;
		else if (result < 0)
			l->errors++;
		count(l, 0, time);
		count(l, KERNEL, kernel);
		count(l, RUN_QUEUE, queued);
		count(l, BLOCKED, blocked);
	}
	if (t->kind != ORDINARY)
		finish_call(t, time, result, now);
	return 0;
}

/* ---- the scheduler ---- */

#define TASK_RUNNING 0
#define TASK_DEAD 0x80

#define FIELD_EXISTS 2

/* The run queue's clock of a task's CPU; 0 where it cannot be had. */
inline __u64 clock_of(struct task_struct *task, int of_task)
{
	struct rq *rq;
	if (!__builtin_preserve_field_info(task->se.cfs_rq, FIELD_EXISTS))
		return 0;
	rq = task->se.cfs_rq->rq;
	return of_task ? rq->clock_task : rq->clock;
}

inline void book_wait(struct thread *t, struct task_struct *task, __u64 now)
{
	t->books.queued = clock_of(task, 0);
	t->books.began = now;
}

inline void book_arrival(struct thread *t, struct task_struct *task, __u64 now)
{
	if (t->books.queued)
		t->books.run_queue += clock_of(task, 0) - t->books.queued;
	t->books.queued = 0;
	t->books.arrived = clock_of(task, 1);
	t->books.began = now;
}

/* Once in some thousands the kernel does not tell that a thread has arrived. */
inline void book_departure(struct thread *t, struct task_struct *task, struct counters *c)
{
	if (t->books.arrived)
		t->books.on_cpu += clock_of(task, 1) - t->books.arrived;
	else if (t->books.queued && c)
		c->drops++;
	t->books.arrived = t->books.queued = 0;
}

/* Whoever had the CPU last is charged with the whole wait. Idle is nobody. */
inline void blame(struct task_struct *prev, __u64 waited, struct counters *c)
{
	struct command command = {};
	__u64 *sum;
	if (prev->pid == 0 || prev->tgid == process)
		return;
	if (c)
		c->others += waited;
	READ(command.name, prev->comm);
	sum = lookup(&preemptors, &command);
	if (sum)
		__sync_fetch_and_add(sum, waited);
	else if (update(&preemptors, &command, &waited, 0))
		drop();
}

inline void leave_cpu(struct task_struct *prev, __u32 forced, __u32 how, struct counters *c, __u64 now)
{
	struct thread *t = state(prev, USER, now);
	if (!t)
		return;
	book_departure(t, prev, c);
	become(t, forced || how == TASK_RUNNING ? RUN_QUEUE : BLOCKED, now);
	if (t->class == RUN_QUEUE)
		book_wait(t, prev, now);
	if (!forced && (how & TASK_DEAD)) {
		t->gone = 1;
		for (int i = 0; i < ON_THREAD; i++)
			__sync_fetch_and_add(&ended.time[i], t->time[i]);
		__sync_fetch_and_add(&ended.on_cpu, t->books.on_cpu);
		__sync_fetch_and_add(&ended.run_queue, t->books.run_queue);
	}
}

inline void take_cpu(struct task_struct *next, struct task_struct *prev, struct counters *c, __u64 now)
{
	struct thread *t = state(next, RUN_QUEUE, now);
	if (!t)
		return;
	if (t->class == RUN_QUEUE)
		blame(prev, now - t->since, c);
	book_arrival(t, next, now);
	become(t, t->syscall ? KERNEL : USER, now);
}

SEC("tp_btf/sched_switch")
int sched_switch(__u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	int leaves = prev->tgid == process, takes = next->tgid == process;
	struct counters *c;
	__u64 now;
	if ((!leaves && !takes) || !recording)
		return 0;
	now = clock();
	c = hit(ON_SCHED_SWITCH);
	if (leaves)
		leave_cpu(prev, ctx[0], state_given ? ctx[3] : prev->__state, c, now);
	if (takes)
		take_cpu(next, prev, c, now);
	return 0;
}

/* The task that is woken counts, not the one that wakes it. */
inline void wake(struct task_struct *task, enum hook hook)
{
	struct thread *t;
	__u64 now;
	if (task->tgid != process || !recording)
		return;
	hit(hook);
	now = clock();
	t = state(task, BLOCKED, now);
	if (t && t->class == BLOCKED) {
		become(t, RUN_QUEUE, now);
		book_wait(t, task, now);
	}
}

SEC("tp_btf/sched_wakeup")
int sched_wakeup(__u64 *ctx)
{
	wake((void *)ctx[0], ON_SCHED_WAKEUP);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int sched_wakeup_new(__u64 *ctx)
{
	wake((void *)ctx[0], ON_SCHED_WAKEUP_NEW);
	return 0;
}

/* ---- the network ---- */

#define TCP_ESTABLISHED 1
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7
#define TCP_CLOSE_WAIT 8

inline void arrive(__u64 sk)
{
	struct connection *c = lookup(&connections, &sk);
	if (c && !c->arrived)
		c->arrived = clock();
}

SEC("tp_btf/sk_data_ready")
int sk_data_ready(__u64 *ctx)
{
	if (!recording)
		return 0;
	hit(ON_SK_DATA_READY);
	arrive(ctx[0]);
	return 0;
}

/* An end of the connection wakes its reader as data does. */
SEC("tp_btf/inet_sock_set_state")
int inet_sock_set_state(__u64 *ctx)
{
	__u64 sk = ctx[0];
	int before = ctx[1], after = ctx[2];
	if (!recording)
		return 0;
	hit(ON_INET_SOCK_SET_STATE);
	if (before == TCP_SYN_RECV && after == TCP_ESTABLISHED) {
		struct connection fresh = {.established = clock()};
		if (update(&connections, &sk, &fresh, 0))
			drop();
	} else if (after == TCP_CLOSE || after == TCP_CLOSE_WAIT) {
		arrive(sk);
	}
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int tcp_retransmit_skb(__u64 *ctx)
{
	__u64 sk = ctx[0];
	struct connection *c = recording ? lookup(&connections, &sk) : 0;
	if (!c)
		return 0;
	hit(ON_TCP_RETRANSMIT_SKB);
	__sync_fetch_and_add(&c->retransmits, 1);
	return 0;
}

/* ---- goroutines ---- */

/* What runtime.g.atomicstatus says. */
#define G_RUNNABLE 1
#define G_WAITING 4
#define G_DEAD 6
#define G_SCAN 0x1000

/* Gives the handshake what its thread's time has grown by since last time. */
inline void pass(struct thread *t, struct handshake *h, struct moment *m)
{
	__u32 phase = h->phase;
	keep(phase);
	if (phase >= PHASES)
		return;
	for (int c = 0; c < ON_THREAD; c++) {
		h->time[phase][c] += m->time[c] - t->passed[c];
		t->passed[c] = m->time[c];
	}
	h->told = m->now;
}

inline void start_leg(struct thread *t, struct handshake *h, struct moment *m)
{
	for (int c = 0; c < ON_THREAD; c++)
		t->passed[c] = m->time[c];
	t->leg = h->leg;
	h->told = m->now;
}

inline void add(struct handshake *h, __u32 phase, __u32 class, __s64 time)
{
	keep(phase);
	keep(class);
	if (phase < PHASES && class < CLASSES)
		__sync_fetch_and_add(&h->time[phase][class], time);
}

inline __u32 status_of(__u64 g)
{
	__u32 status = 0;
	read_user(&status, sizeof(status), (void *)(g + g_status));
	return status & ~G_SCAN;
}

inline __u8 waits_for(__u64 g, __u32 status, struct handshake *h)
{
	__u8 reason = 0;
	if (status != G_WAITING)
		return RUNNABLE;
	read_user(&reason, sizeof(reason), (void *)(g + g_reason));
	if (reason == io_wait)
		return h->from ? NETWORK : BLOCKED;
	return preempted && reason == preempted ? RUNNABLE : GOROUTINE;
}

inline void unfinished(__u64 g)
{
	__u32 zero = 0;
	struct counters *c = lookup(&sums, &zero);
	if (c)
		c->unfinished++;
	forget(&handshakes, &g);
}

/* Another thread takes the goroutine up while the one that it ran on, having parked it, has not come to say so: the
 * system may even have put that thread to sleep in between. Its time is not known yet, and is guessed. */
inline void take_away(struct handshake *h, __u32 leg, __u64 now)
{
	h->taken = now;
	h->taken_phase = h->phase;
	h->guessed = now - h->told;
	add(h, h->phase, USER, h->guessed);
	barrier();
	h->taken_leg = leg;
}

/* The late thread says what its time was. What lies after the taking is not the handshake's: it was on the way here,
 * on the CPU or, where it takes longer, in the run queue. */
inline void correct_guess(struct thread *t, struct handshake *h, struct moment *m)
{
	__u64 late = m->now - h->taken;
	__u64 queued = m->time[RUN_QUEUE] - t->passed[RUN_QUEUE];
	__u64 user = m->time[USER] - t->passed[USER];
	if (h->taken_leg != t->leg || (queued < late && user < late))
		return;
	for (int c = 0; c < ON_THREAD; c++)
		add(h, h->taken_phase, c, m->time[c] - t->passed[c]);
	add(h, h->taken_phase, USER, -h->guessed);
	add(h, h->taken_phase, queued < late ? USER : RUN_QUEUE, -late);
}

/* The goroutine has left its thread. */
inline void leave_thread(struct thread *t)
{
	__u64 g = t->g;
	__u8 phase = t->phase;
	struct handshake *h;
	struct moment m;
	__u32 status;
	t->g = 0;
	t->phase = NO_PHASE;
	if (!g || phase == NO_PHASE)
		return;
	h = lookup(&handshakes, &g);
	if (!h)
		return;
	moment_of(t, &m);
	if (h->leg != t->leg) {
		correct_guess(t, h, &m);
		return;
	}
	status = status_of(g);
	if (status == G_DEAD) {
		unfinished(g);
		return;
	}
	for (int c = 0; c < ON_THREAD; c++)
		h->spent[c] = m.time[c] - t->passed[c];
	h->waits = waits_for(g, status, h);
	h->parked = m.now;
	if (__sync_val_compare_and_swap(&h->leg, t->leg, t->leg + 1) != t->leg)
		correct_guess(t, h, &m);
}

/* The time on the thread that it left, and the time between threads: waiting until what it waited for had come,
 * runnable from then on. */
inline void close_gap(struct handshake *h, __u64 now)
{
	__u64 came = h->woken, split;
	if (h->waits == NETWORK) {
		struct connection *c = lookup(&connections, &h->from);
		if (c && c->arrived && (!came || c->arrived < came))
			came = c->arrived;
		if (!came) {
			__u32 zero = 0;
			struct counters *n = lookup(&sums, &zero);
			if (n)
				n->unstamped++;
		}
	}
	if (h->waits == BLOCKED)
		use_file(h->fd, 0, 0, now - h->parked);
	split = h->waits == RUNNABLE ? h->parked : came ? came : now;
	if (split < h->parked)
		split = h->parked;
	if (split > now)
		split = now;
	for (int c = 0; c < ON_THREAD; c++)
		add(h, h->phase, c, h->spent[c]);
	add(h, h->phase, h->waits, split - h->parked);
	add(h, h->phase, RUNNABLE, now - split);
}

inline struct thread *here(enum hook hook)
{
	if (!recording)
		return 0;
	hit(hook);
	return state(current_task(), USER, clock());
}

SEC("uprobe.multi")
int schedule(user_regs *ctx)
{
	struct thread *t = here(ON_SCHEDULE);
	if (t)
		leave_thread(t);
	return 0;
}

/* Coming back from a system call or from C without a P, the goroutine is left behind here and not in schedule. */
SEC("uprobe.multi")
int stopm(user_regs *ctx)
{
	struct thread *t = here(ON_STOPM);
	if (t)
		leave_thread(t);
	return 0;
}

inline void take_up(struct thread *t, struct handshake *h, struct moment *m)
{
	__u32 leg = h->leg;
	if (!(leg & 1)) {
		if (t->phase != NO_PHASE && t->leg == leg) { /* it never left this thread */
			pass(t, h, m);
			return;
		}
		if (__sync_val_compare_and_swap(&h->leg, leg, leg + 2) == leg) {
			take_away(h, leg, m->now);
			return;
		}
		leg++; /* it left just now */
	}
	close_gap(h, m->now);
	h->leg = leg + 1;
}

SEC("uprobe.multi")
int execute(user_regs *ctx)
{
	__u64 g = GP(ctx);
	struct thread *t = here(ON_EXECUTE);
	struct handshake *h;
	struct moment m;
	if (!t)
		return 0;
	if (t->g != g)
		leave_thread(t);
	h = lookup(&handshakes, &g);
	if (!h) {
		t->phase = NO_PHASE;
		t->g = g;
		return 0;
	}
	moment_of(t, &m);
	take_up(t, h, &m);
	start_leg(t, h, &m);
	h->woken = 0;
	t->g = g;
	t->phase = h->phase;
	return 0;
}

SEC("uprobe.multi")
int ready(user_regs *ctx)
{
	__u64 g = GP(ctx);
	struct handshake *h;
	if (!recording)
		return 0;
	hit(ON_READY);
	h = lookup(&handshakes, &g);
	if (h && !h->woken)
		h->woken = clock();
	return 0;
}

/* ---- handshakes ---- */

SEC("uprobe.multi")
int begin(user_regs *ctx)
{
	__u64 g = G(ctx);
	struct thread *t = here(ON_BEGIN);
	struct handshake *h;
	struct moment m;
	if (!t)
		return 0;
	if (lookup(&handshakes, &g))
		unfinished(g);
	if (update(&handshakes, &g, &blank, 0)) {
		drop();
		return 0;
	}
	h = lookup(&handshakes, &g);
	if (!h)
		return 0;
	moment_of(t, &m);
	start_leg(t, h, &m);
	h->begin = m.now;
	t->g = g;
	t->phase = 0;
	return 0;
}

SEC("uprobe.multi")
int phase(user_regs *ctx)
{
	__u64 g = G(ctx);
	struct thread *t = here(ON_PHASE);
	struct handshake *h = t ? lookup(&handshakes, &g) : 0;
	__u64 next = cookie(ctx);
	__u32 zero = 0;
	struct counters *c = lookup(&sums, &zero);
	struct moment m;
	keep(next);
	if (!h || !c || next >= PHASES)
		return 0;
	moment_of(t, &m);
	pass(t, h, &m);
	h->phase = t->phase = next;
	c->phases[next]++;
	return 0;
}

inline void finish_handshake(struct thread *t, __u64 g, __u8 failed)
{
	struct handshake *h = lookup(&handshakes, &g);
	struct connection *c;
	struct moment m;
	if (!h)
		return;
	moment_of(t, &m);
	pass(t, h, &m);
	t->phase = NO_PHASE;
	h->end = m.now;
	h->failed = failed;
	c = h->sock ? lookup(&connections, &h->sock) : 0;
	if (c) {
		h->established = c->established;
		h->accepted = c->accepted;
		h->retransmits = c->retransmits;
	}
	if (output(&records, h, sizeof(*h), ring_state(&records, AVAILABLE) < WAKE_AT ? NO_WAKEUP : FORCE_WAKEUP))
		drop();
	forget(&handshakes, &g);
}

/* The error that the last phase returned is in registers: its first word is in that of the first result, or of the
 * second where the cookie says so. */
SEC("uprobe.multi")
int end(user_regs *ctx)
{
	struct thread *t = here(ON_END);
	__u64 first = GP(ctx), second = GP2(ctx);
	keep(first);
	keep(second);
	if (t)
		finish_handshake(t, G(ctx), (cookie(ctx) ? second : first) != 0);
	return 0;
}

SEC("uprobe.multi")
int failed(user_regs *ctx)
{
	struct thread *t = here(ON_FAILED);
	if (t)
		finish_handshake(t, G(ctx), 1);
	return 0;
}

/* ---- asked by user space ---- */

inline __u8 class_of(struct task_struct *task)
{
	if (task->on_cpu)
		return IN_SYSCALL(user_registers(task)) ? KERNEL : USER;
	return task->__state == TASK_RUNNING ? RUN_QUEUE : BLOCKED;
}

/* Hands out each thread's time, open intervals included, and makes new ones known. */
SEC("iter/task")
int snapshot(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct told told = {};
	struct thread *t;
	struct moment m;
	if (!task || task->tgid != process)
		return 0;
	t = storage(&threads, task, 0, CREATE);
	if (!t || t->gone)
		return 0;
	if (!t->since) {
		t->phase = NO_PHASE;
		t->class = class_of(task);
		t->syscall = IN_SYSCALL(user_registers(task));
		t->since = clock();
		if (t->class <= KERNEL)
			book_arrival(t, task, t->since);
		else if (t->class == RUN_QUEUE)
			book_wait(t, task, t->since);
	}
	moment_of(t, &m);
	for (int c = 0; c < ON_THREAD; c++)
		told.time[c] = m.time[c];
	told.on_cpu = t->books.on_cpu;
	told.run_queue = t->books.run_queue;
	if (t->books.arrived)
		told.on_cpu += m.now - t->books.began;
	else if (t->books.queued)
		told.run_queue += m.now - t->books.began;
	write_seq(ctx->meta->seq, &told, sizeof(told));
	return 0;
}

/* Finds the tgid, in the first pid namespace, of a process that a namespace knows by another number. */
SEC("iter/task")
int find(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct pid *pid;
	if (!task || task->pid != task->tgid)
		return 0;
	pid = task->thread_pid;
	if (!pid)
		return 0;
	for (__u32 level = 0; level < 32 && level <= pid->level; level++) {
		struct upid *number = (void *)&pid->numbers[0] + level * sizeof(struct upid);
		struct pid_namespace *namespace = 0;
		__u32 inum = 0;
		int nr = 0;
		READ(nr, number->nr);
		READ(namespace, number->ns);
		READ(inum, namespace->ns.inum);
		if (nr == wanted_pid && inum == wanted_namespace) {
			int tgid = task->tgid;
			write_seq(ctx->meta->seq, &tgid, sizeof(tgid));
			return 0;
		}
	}
	return 0;
}

struct bucket_test {
	__u64 value, bucket;
};

/* Lets a test compare bucket_of with package hist. */
SEC("syscall")
int bucket(struct bucket_test *test)
{
	test->bucket = bucket_of(test->value);
	return 0;
}
