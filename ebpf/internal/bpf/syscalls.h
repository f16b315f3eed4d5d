/* System calls: where a thread changes between user mode and the kernel. Part of account.c. */

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
	if (t->kind == CLOSING) /* by the time it has returned, another thread may have been given the number */
		on_close(t->fd);
	return 0;
}

inline void finish_call(struct thread *t, __u64 time, long result, __u64 now)
{
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
