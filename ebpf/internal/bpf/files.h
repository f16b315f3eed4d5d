/* Files and connections, by file descriptor and by sock. Part of account.c. */

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFIFO 0010000

inline struct file *file_of(__u32 fd, __u16 *mode)
{
	struct task_struct *task = current_task();
	struct files_struct *table = 0;
	struct fdtable *fdt = 0;
	struct file **array = 0, *file = 0;
	struct inode *inode = 0;
	__u32 max = 0;
	*mode = 0;
	READ(table, task->files);
	READ(fdt, table->fdt);
	READ(max, fdt->max_fds);
	if (fd >= max)
		return 0;
	READ(array, fdt->fd);
	READ(file, array[fd]);
	READ(inode, file->f_inode);
	READ(*mode, inode->i_mode);
	return file;
}

inline __u64 sock_of(__u32 fd)
{
	__u16 mode;
	struct socket *socket = 0;
	struct sock *sk = 0;
	struct file *file = file_of(fd, &mode);
	if (!file || (mode & S_IFMT) != S_IFSOCK)
		return 0;
	READ(socket, file->private_data);
	READ(sk, socket->sk);
	return (__u64)sk;
}

inline struct connection *connection_of(__u64 sk)
{
	struct connection *c = lookup(&connections, &sk), fresh = {};
	if (c)
		return c;
	if (update(&connections, &sk, &fresh, 0))
		drop();
	return lookup(&connections, &sk);
}

inline void on_accept(__u32 fd, __u64 now)
{
	__u32 row = ACCEPT_WAIT;
	__u64 sk = sock_of(fd);
	struct connection *c = sk ? connection_of(sk) : 0;
	struct latency *l = lookup(&latencies, &row);
	if (!c)
		return;
	c->accepted = now;
	if (l && c->established)
		count(l, 0, now - c->established);
}

/* A file or FIFO gets known by its name; pipes have none. */
inline void on_open(__u32 fd)
{
	__u16 mode;
	struct name name = {};
	struct dentry *dentry = 0;
	const unsigned char *text = 0;
	struct file *file = file_of(fd, &mode);
	__u16 type = mode & S_IFMT;
	if (!file || (type != S_IFREG && type != S_IFIFO))
		return;
	READ(dentry, file->f_path.dentry);
	READ(text, dentry->d_name.name);
	read_kernel_string(name.text, NAME, text);
	if (!name.text[0])
		return;
	if (lookup(&opened, &fd) == 0)
		__sync_fetch_and_add(&open_files, 1);
	if (update(&opened, &fd, &name, 0)) {
		__sync_fetch_and_add(&open_files, -1);
		drop();
	}
}

inline void on_close(__u32 fd)
{
	if (open_files && !forget(&opened, &fd))
		__sync_fetch_and_add(&open_files, -1);
}

inline void use_file(__u32 fd, __u64 reads, __u64 bytes, __u64 time)
{
	struct name *name = open_files ? lookup(&opened, &fd) : 0;
	struct use first = {reads, bytes, time}, *use;
	if (!name)
		return;
	use = lookup(&files, name);
	if (use) {
		__sync_fetch_and_add(&use->count, reads);
		__sync_fetch_and_add(&use->bytes, bytes);
		__sync_fetch_and_add(&use->time, time);
	} else if (update(&files, name, &first, 0)) {
		drop();
	}
}

/* A handshake begins to read. Data that comes from here on has not been asked for yet: clearing the stamp when the
 * read returns would race with it. */
inline void on_read(struct thread *t, __u32 fd)
{
	struct handshake *h = lookup(&handshakes, &t->g);
	struct connection *c;
	if (!h)
		return;
	h->fd = fd;
	h->from = sock_of(fd); /* each time: a number that was a file's may be a socket's now */
	if (h->from && !h->sock) {
		struct sock *sk = (void *)h->from;
		h->sock = h->from;
		READ(h->port, sk->__sk_common.skc_dport);
	}
	c = h->from ? connection_of(h->from) : 0;
	if (c)
		c->arrived = 0;
}
