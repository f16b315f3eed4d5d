/* What user space runs itself. Part of account.c. */

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
	struct told told = {.threads = 1};
	struct thread *t;
	struct moment m;
	if (!task || task->tgid != process)
		return 0;
	t = storage(&threads, task, 0, CREATE);
	if (!t || t->gone)
		return 0;
	if (!t->since) {
		__sync_fetch_and_add(&known, 1);
		t->phase = NO_PHASE;
		t->class = class_of(task);
		t->syscall = IN_SYSCALL(user_registers(task));
		t->slot = SLOTS; /* a call whose begin was not seen is no call of any row */
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
