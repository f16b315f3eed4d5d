//go:build ignore

/* The CPU sampler: on each tick of a CPU's clock, the stack of the observed process, from the kernel down through C
 * to the goroutine, is written to a ring.
 *
 * Go keeps frame pointers: at fp lies the caller's fp, above it the return address. Three kinds of code break this
 * chain, and each has its cure:
 *  - C (BoringCrypto) uses the register for its own ends. It runs on the thread's system stack, and the goroutine
 *    that called it has saved its frame pointer in g.sched: the walk goes on there.
 *  - The runtime clears it where it grows a stack: the same cure.
 *  - Go's assembly may use it once it has saved it. Where such code keeps the return address is known for each of
 *    its instructions; user space gives the table. */
#include "thread.h"
#include "sample_kernel.h"

#define KERNEL_FRAMES 64
#define USER_FRAMES 128
#define SEARCH 12 /* steps, for 2^12 ranges of assembly: a Go program with TLS has some 800 */

char granted[] __attribute__((section("license"), used)) = "Dual MIT/GPL";

/* Of the observed process, set before loading. Offsets of fields are zero where they are unknown. */
const volatile int process;          /* its tgid in the first pid namespace */
const volatile __u64 text, text_end; /* Go's code */
const volatile __u32 g_m, m_curg, g_sched_bp;

/* A range of assembly reaches to the next one's start. */
struct assembly {
	__u32 start; /* from text */
	__u32 above; /* bytes from the stack pointer up to the return address; NOT_ASSEMBLY: no assembly */
};
#define NOT_ASSEMBLY 0xffffffff
const volatile struct assembly assembly[1 << SEARCH];
volatile __u32 ranges; /* not constant: the verifier would follow every search that there is */

volatile __u32 window; /* of the common time grid, set by user space */
volatile __u64 lost;   /* samples for which the ring had no room */

struct sample {
	__u32 window;
	__u8 phase;
	__u8 kernel, user; /* how many frames of each; the kernel's first */
	__u8 unused;
	__u64 frames[256]; /* innermost first */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sample);
} scratch SEC(".maps");

/* A walk over the stack of a thread. */
struct walk {
	__u64 fp;
	__u64 low, high; /* the goroutine's stack */
	__u64 saved;     /* the frame pointer in g.sched; 0: not to be used, or already used */
	__u32 leaps;     /* to another stack */
	struct sample *sample;
	__u32 base, frames; /* frames in the sample: when the climb began, and now */
};

static __always_inline int is_go(__u64 pc) { return pc >= text && pc < text_end; }

static __always_inline int on_goroutine(struct walk *w, __u64 address)
{
	return address >= w->low && address < w->high;
}

static __always_inline __u64 word(__u64 address)
{
	__u64 value = 0;
	read_user(&value, sizeof(value), (void *)address);
	return value;
}

static __always_inline struct thread *thread_of(struct task_struct___sample *task)
{
	return storage(&threads, task, 0, 0);
}

/* The runtime.g of the stack that the thread is on: a goroutine's or the system's; 0: unknown. */
static __always_inline __u64 current_g(struct task_struct___sample *task, struct pt_regs___sample *regs)
{
#if defined(__TARGET_ARCH_x86)
	return word(task->thread.fsbase - 8); /* where Go keeps it in an executable */
#elif defined(__TARGET_ARCH_arm64)
	return is_go(PC(regs)) ? regs->regs[28] : 0;
#endif
}

/* The goroutine that the thread runs, also while the thread is on its system stack; 0: none, or unknown. */
static __always_inline __u64 goroutine(struct task_struct___sample *task, __u64 g)
{
	if (g)
		return word(word(g + g_m) + m_curg);
	struct thread *thread = thread_of(task);
	return thread ? thread->g : 0;
}

struct search {
	__u32 offset, low, high;
};

static long halve(__u32 i, struct search *s)
{
	__u32 middle = ((s->low + s->high) / 2) & ((1 << SEARCH) - 1);
	if (assembly[middle].start <= s->offset)
		s->low = middle;
	else
		s->high = middle;
	return 0;
}

/* How far above the stack pointer the return address lies, where pc is in assembly. */
static __always_inline __u32 return_address(__u64 pc)
{
	struct search s = {.offset = pc - text, .high = ranges};
	if (!ranges)
		return NOT_ASSEMBLY;
	repeat(SEARCH, halve, &s, 0);
	return assembly[s.low & ((1 << SEARCH) - 1)].above;
}

/* Steps out of assembly, whose frame pointer cannot be trusted; gives its return address, 0 where it is not assembly. */
static __always_inline __u64 leave_assembly(struct walk *w, __u64 pc, __u64 sp)
{
	__u32 above = return_address(pc);
	if (above == NOT_ASSEMBLY)
		return 0;
	if (above >= 8) {
		__u64 fp = word(sp + above - 8);
		if (fp > sp && fp - sp < 1 << 20)
			w->fp = fp;
	}
	__u64 back = word(sp + above);
	return is_go(back) ? back : 0;
}

/* One frame outwards: its return address, 0 where the chain ends or breaks. Frames rise, but for two leaps: from the
 * system's stack to the goroutine's, and, while that is being moved, from the new one to the old one. */
static __always_inline __u64 step(struct walk *w)
{
	struct {
		__u64 fp, back;
	} frame;
	if (!w->fp || read_user(&frame, sizeof(frame), (void *)w->fp) || !is_go(frame.back))
		return 0;
	if (on_goroutine(w, frame.fp) || on_goroutine(w, w->fp))
		w->saved = 0;
	if (frame.fp <= w->fp && ++w->leaps > 2)
		frame.fp = 0;
	w->fp = frame.fp;
	return frame.back;
}

/* One frame outwards, by way of g.sched where the chain breaks; ends the loop where there is none. */
static long climb(__u32 i, struct walk *w)
{
	__u64 back = step(w);
	if (!back && w->saved) {
		w->fp = w->saved;
		w->saved = 0;
		back = step(w);
	}
	if (!back)
		return 1;
	w->sample->frames[(w->base + i) & 255] = back;
	w->frames = w->base + i + 1;
	return 0;
}

static __always_inline void find_goroutine(struct walk *w, struct task_struct___sample *task,
					   struct pt_regs___sample *regs)
{
	__u64 current = g_m ? current_g(task, regs) : 0;
	__u64 g = goroutine(task, current);
	if (!g)
		return;
	w->low = word(g);
	w->high = word(g + 8);
	/* The vDSO runs on the system stack too, but for the goroutine, which has saved nothing. */
	if (g_sched_bp && g != current && !on_goroutine(w, SP(regs)))
		w->saved = word(g + g_sched_bp);
}

/* The user's frames, after those of the kernel; gives how many there are now. */
static __always_inline __u32 walk_user(struct sample *s, __u32 frames, struct task_struct___sample *task)
{
	struct pt_regs___sample *regs = user_registers(task);
	struct walk w = {.fp = FP(regs), .sample = s};
	__u64 pc = PC(regs);
	find_goroutine(&w, task, regs);
	s->frames[frames++ & 255] = pc;
	if (is_go(pc)) {
		__u64 back = leave_assembly(&w, pc, SP(regs));
		if (back)
			s->frames[frames++ & 255] = back;
	} else if (w.saved) {
		w.fp = 0; /* C */
	}
	w.base = w.frames = frames;
	repeat(USER_FRAMES - 2, climb, &w, 0);
	return w.frames;
}

SEC("perf_event")
int on_sample(struct interrupted *context)
{
	struct task_struct___sample *task = current_task();
	__u32 zero = 0;
	if (task->tgid != process)
		return 0;
	struct sample *s = lookup(&scratch, &zero);
	if (!s)
		return 0;
	struct thread *thread = thread_of(task);
	s->window = window;
	s->phase = thread ? thread->phase : NO_PHASE;
	s->unused = 0;
	__u32 kernel = 0;
	if (IN_KERNEL(context)) {
		long size = get_stack(context, s->frames, KERNEL_FRAMES * 8, 0);
		if (size > 0 && size <= KERNEL_FRAMES * 8)
			kernel = (__u32)size / 8;
	}
	__u32 frames = walk_user(s, kernel, task) & 255;
	s->kernel = kernel;
	s->user = frames - kernel;
	__u64 flags = pending(&samples, AVAILABLE) < 256 << 10 ? NO_WAKEUP : FORCE_WAKEUP;
	if (output(&samples, s, 8 + frames * 8, flags))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}
