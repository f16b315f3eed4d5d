/* The network: what happens to connections, whoever has the CPU. Part of account.c. */

#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
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
	if (before == (as_client ? TCP_SYN_SENT : TCP_SYN_RECV) && after == TCP_ESTABLISHED) {
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
