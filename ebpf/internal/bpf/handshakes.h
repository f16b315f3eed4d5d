/* Handshakes: where they begin, change phase and end. Part of account.c. */

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
	h->leg = (__u32)m.now << 1;
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
