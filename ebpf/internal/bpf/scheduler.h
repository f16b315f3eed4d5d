/* The scheduler: where a thread gets and loses a CPU. Part of account.c. */

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
		c->missed++;
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
		__sync_fetch_and_add(&ended.threads, 1);
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
