/* Goroutines: where a handshake takes and leaves a thread. Part of account.c. */

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
