/* What a thread is doing, and its time. Part of account.c. */

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
		__sync_fetch_and_add(&known, 1);
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
