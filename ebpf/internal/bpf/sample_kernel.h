/* What sample.c needs of the kernel beyond kernel.h. Types of the kernel carry the suffix ___sample: CO-RE ignores
 * three underscores and what follows, so each program declares only the fields that it reads. */
#ifndef SAMPLE_KERNEL_H
#define SAMPLE_KERNEL_H

#define RELOCATED __attribute__((preserve_access_index))
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* Helpers by their numbers in include/uapi/linux/bpf.h. */
static void *(*lookup)(void *map, const void *key) = (void *)1;
static long (*get_stack)(void *context, void *to, __u32 size, __u64 flags) = (void *)67;
static long (*read_user)(void *to, __u32 size, const void *from) = (void *)112;
static long (*output)(void *ring, void *data, __u64 size, __u64 flags) = (void *)130;
static __u64 (*pending)(void *ring, __u64 what) = (void *)134;
static void *(*storage)(void *map, void *task, void *value, __u64 flags) = (void *)156;
static struct task_struct___sample *(*current_task)(void) = (void *)158;
static struct pt_regs___sample *(*user_registers)(void *task) = (void *)175;
static long (*repeat)(__u32 times, void *body, void *context, __u64 flags) = (void *)181; /* since Linux 5.17 */

#define NO_WAKEUP 1    /* BPF_RB_NO_WAKEUP */
#define FORCE_WAKEUP 2 /* BPF_RB_FORCE_WAKEUP */
#define AVAILABLE 0    /* BPF_RB_AVAIL_DATA */

#if defined(__TARGET_ARCH_x86)

struct thread_struct___sample {
	unsigned long fsbase;
} RELOCATED;

struct pt_regs___sample {
	unsigned long ip, sp, bp;
} RELOCATED;

/* What a program of perf events is given: include/uapi/linux/bpf_perf_event.h, asm/ptrace.h. */
struct interrupted {
	unsigned long other[17], cs, flags, sp, ss;
};
#define IN_KERNEL(context) (((context)->cs & 3) == 0)
#define PC(regs) ((regs)->ip)
#define SP(regs) ((regs)->sp)
#define FP(regs) ((regs)->bp)

#elif defined(__TARGET_ARCH_arm64)

struct thread_struct___sample {
	unsigned long fault_address; /* nothing of it is read */
} RELOCATED;

struct pt_regs___sample {
	__u64 regs[31], sp, pc;
} RELOCATED;

struct interrupted {
	__u64 regs[31], sp, pc, pstate;
};
#define IN_KERNEL(context) (((context)->pstate & 15) != 0)
#define PC(regs) ((regs)->pc)
#define SP(regs) ((regs)->sp)
#define FP(regs) ((regs)->regs[29])

#endif

struct task_struct___sample {
	int tgid;
	struct thread_struct___sample thread;
} RELOCATED;

#endif
