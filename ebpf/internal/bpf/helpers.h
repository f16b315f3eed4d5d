/* The kernel's functions that account.c calls, by their numbers in include/uapi/linux/bpf.h. */
#ifndef HELPERS_H
#define HELPERS_H

#include "kernel.h"

static void *(*lookup)(void *map, const void *key) = (void *)1;
static long (*update)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static long (*forget)(void *map, const void *key) = (void *)3;
static __u64 (*clock)(void) = (void *)5;
static __u64 (*current_pid_tgid)(void) = (void *)14;
static long (*read_user)(void *to, __u32 size, const void *from) = (void *)112;
static long (*read_kernel)(void *to, __u32 size, const void *from) = (void *)113;
static long (*read_kernel_string)(void *to, __u32 size, const void *from) = (void *)115;
static long (*write_seq)(struct seq_file *to, const void *data, __u32 size) = (void *)127;
static long (*output)(void *ring, void *data, __u64 size, __u64 flags) = (void *)130;
static __u64 (*ring_state)(void *ring, __u64 what) = (void *)134;
static void *(*storage)(void *map, struct task_struct *task, void *value, __u64 flags) = (void *)156;
static struct task_struct *(*current_task)(void) = (void *)158;
static __u64 (*cookie)(void *context) = (void *)174;
static struct pt_regs *(*user_registers)(struct task_struct *task) = (void *)175;

#define CREATE 1       /* BPF_LOCAL_STORAGE_GET_F_CREATE */
#define NO_WAKEUP 1    /* BPF_RB_NO_WAKEUP */
#define FORCE_WAKEUP 2 /* BPF_RB_FORCE_WAKEUP */
#define AVAILABLE 0    /* BPF_RB_AVAIL_DATA */

#define inline static inline __attribute__((always_inline))
#define barrier() asm volatile("" ::: "memory")
#define keep(x) asm volatile("" : "+r"(x)) /* in one register, so that the verifier sees its bounds */

/* Field by field along untrusted pointers; zero where a page is not there. */
#define READ(to, from) read_kernel(&(to), sizeof(to), &(from))

#if defined(__TARGET_ARCH_x86)
#define FIRST_ARGUMENT(r) ((r)->di)
#define IN_SYSCALL(r) ((long)(r)->orig_ax >= 0)
#define user_regs struct pt_regs
#define G(r) ((r)->r14) /* Go's ABI: the running goroutine */
#define GP(r) ((r)->ax) /* Go's ABI: the first argument or result */
#define GP2(r) ((r)->bx) /* and the second */
#elif defined(__TARGET_ARCH_arm64)
#define FIRST_ARGUMENT(r) ((r)->regs[0])
#define IN_SYSCALL(r) ((r)->syscallno >= 0)
#define user_regs struct user_pt_regs
#define G(r) ((r)->regs[28])
#define GP(r) ((r)->regs[0])
#define GP2(r) ((r)->regs[1])
#endif

#endif
