#include "base/base.h"
#include "web/io.h"
#include <fastcgi.h>
#include <sys/socket.h>

/* The head of libfcgi's private FCGX_Stream_Data (fcgiapp.c, the same from 2.2 to 2.4).  A record
 * that was read ahead wakes no poll, and FCGX_Stream does not show it. */
struct stream_data {
	unsigned char *buff;
	int bufflen;
	unsigned char *m_buff;
	unsigned char *buff_stop;
};

static const struct stream_data *data_of(const FCGX_Stream *stream)
{
	return stream->data;
}

/* What has been taken of the bytes that were read last. */
static size_t taken(const FCGX_Stream *in)
{
	return (size_t)(in->rdNext - data_of(in)->buff);
}

static size_t read_ahead(const FCGX_Stream *in)
{
	return (size_t)(data_of(in)->buff_stop - in->rdNext);
}

bool web_io_layout_is_known(void)
{
	/* A request with no variables, and a record of its body that breaks off: 11 bytes are left
	 * when the request has been read. */
	static const unsigned char bytes[] = {
	    1, 1, 0, 1, 0, 8, 0, 0, 0,	 1,   1,
	    0, 0, 0, 0, 0,			   /* BEGIN_REQUEST: responder, kept */
	    1, 4, 0, 1, 0, 0, 0, 0,		   /* PARAMS: end */
	    1, 5, 0, 1, 0, 9, 0, 0, 'a', 'b', 'c', /* STDIN: three of nine bytes */
	};
	int pair[2];
	bool known = false;
	FCGX_Request request;
	if (FCGX_InitRequest(&request, -1, FCGI_FAIL_ACCEPT_ON_INTR) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	if (write(pair[0], bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes)) {
		request.ipcFd = pair[1];
		request.keepConnection = 1;
		known = FCGX_Accept_r(&request) == 0 && read_ahead(request.in) == 11 &&
			data_of(request.in)->bufflen >= 8000 &&
			data_of(request.in)->bufflen <= 8192 &&
			taken(request.in) == sizeof(bytes) - 11 &&
			FCGX_GetChar(request.in) == 'a' && read_ahead(request.in) == 2;
	}
	FCGX_Free(&request, 0);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return known;
}

void web_io_fcgi(struct web_io *io, FCGX_Request *fcgi)
{
	/* Not `out`, which is large and not used here. */
	memset(io, 0, offsetof(struct web_io, out));
	io->fcgi = fcgi;
	io->in_fd = io->out_fd = -1;
}

void web_io_cgi(struct web_io *io, int in_fd, int out_fd)
{
	*io = (struct web_io){.in_fd = in_fd, .out_fd = out_fd};
}

int web_io_fd(const struct web_io *io)
{
	return io->fcgi ? io->fcgi->ipcFd : io->in_fd;
}

bool web_io_is_buffered(const struct web_io *io)
{
	return io->fcgi && !io->in_eof && !io->in_broken && read_ahead(io->fcgi->in) > 0;
}

static void let_others(struct web_io *io)
{
	if (io->turn)
		(void)pthread_mutex_unlock(io->turn);
}

static void take_turn(struct web_io *io)
{
	if (io->turn)
		(void)pthread_mutex_lock(io->turn);
}

static ssize_t read_some(struct web_io *io, void *buf, size_t n)
{
	if (!io->fcgi) {
		ssize_t got;
		do
			got = read(io->in_fd, buf, n);
		while (got < 0 && errno == EINTR);
		io->in_eof = got == 0;
		io->in_broken = got < 0;
		return got;
	}
	/* FCGX_GetStr waits until all n bytes are there; the first byte alone, then what lies
	 * behind it, does not. */
	FCGX_Stream *in = io->fcgi->in;
	int c = FCGX_GetChar(in);
	if (c < 0) {
		io->in_broken = FCGX_GetError(in) != 0;
		io->in_eof = !io->in_broken;
		return io->in_broken ? -1 : 0;
	}
	char *to = buf;
	*to = (char)c;
	size_t more = (size_t)(in->stop - in->rdNext);
	if (more > n - 1)
		more = n - 1;
	ssize_t got = 1 + FCGX_GetStr(to + 1, (int)more, in);
	io->in_n += (size_t)got;
	return got;
}

ssize_t web_io_read(struct web_io *io, void *buf, size_t n)
{
	if (io->in_broken)
		return -1;
	if (io->in_eof || n == 0)
		return 0;
	let_others(io);
	ssize_t got = read_some(io, buf, n);
	take_turn(io);
	return got;
}

static bool write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static bool flush(struct web_io *io)
{
	if (io->out_broken)
		return false;
	io->out_left = io->out_left || io->out_n > 0;
	if (io->fcgi)
		io->out_broken = FCGX_FFlush(io->fcgi->out) != 0;
	else
		io->out_broken = !write_all(io->out_fd, io->out, io->out_n);
	io->out_n = 0;
	return !io->out_broken;
}

bool web_io_write(struct web_io *io, struct span bytes)
{
	let_others(io);
	while (bytes.n > 0 && !io->out_broken) {
		size_t n = bytes.n;
		if (io->fcgi) {
			/* Its length is an int. */
			if (n > INT_MAX / 2)
				n = INT_MAX / 2;
			const unsigned char *from = io->fcgi->out->wrNext;
			io->out_broken = FCGX_PutStr(bytes.p, (int)n, io->fcgi->out) != (int)n;
			/* Else the stream was full, and has been sent. */
			if (io->fcgi->out->wrNext == from + n)
				io->out_n += n;
			else
				io->out_left = true;
		} else {
			if (n > sizeof(io->out) - io->out_n)
				n = sizeof(io->out) - io->out_n;
			memcpy(io->out + io->out_n, bytes.p, n);
			io->out_n += n;
			if (io->out_n == sizeof(io->out))
				(void)flush(io);
		}
		bytes = span_from(bytes, n);
	}
	take_turn(io);
	return !io->out_broken;
}

bool web_io_flush(struct web_io *io)
{
	let_others(io);
	bool ok = flush(io);
	take_turn(io);
	return ok;
}

bool web_io_take_back(struct web_io *io)
{
	if (io->out_left || io->out_broken)
		return false;
	if (io->fcgi) {
		io->fcgi->out->wrNext -= io->out_n;
		explicit_bzero(io->fcgi->out->wrNext, io->out_n);
	}
	io->out_n = 0;
	return true;
}

/* Wipes the variables; at least so many bytes were they on the wire, with the records around. */
static size_t wipe_variables(char *const *env)
{
	size_t bytes = 4 * sizeof(FCGI_Header);
	for (; env && *env; env++) {
		size_t n = strlen(*env);
		bool is_own = **env == 'F' && strncmp(*env, "FCGI_ROLE=", 10) == 0; /* libfcgi's */
		explicit_bzero(*env, n);
		/* Two lengths in place of the '='. */
		if (!is_own)
			bytes += n + 1;
	}
	return bytes;
}

void web_io_wipe(struct web_io *io)
{
	if (!io->fcgi) {
		explicit_bzero(io->out, sizeof(io->out));
		return;
	}
	const FCGX_Stream *in = io->fcgi->in, *out = io->fcgi->out;
	size_t bytes = io->in_n + wipe_variables(io->fcgi->envp);
	/* Each read begins at the buffer's start.  When the last one alone brought as much as the
	 * whole request takes, any before it brought a piece of its framing at most. */
	if (in) {
		const struct stream_data *d = data_of(in);
		explicit_bzero(d->buff, taken(in) >= bytes ? (size_t)(d->buff_stop - d->buff)
							   : (size_t)d->bufflen);
	}
	/* Nothing lies behind what was written, a record's head in front of it, but padding. */
	if (out)
		explicit_bzero(data_of(out)->buff, io->out_left ? (size_t)data_of(out)->bufflen
								: sizeof(FCGI_Header) + io->out_n);
}
