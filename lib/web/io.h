/* Bytes from and to the web server; private to web/.  FastCGI through libfcgi, plain CGI through
 * two descriptors. */
#ifndef CG_WEB_IO_H
#define CG_WEB_IO_H

#include "base/base.h"
#include "base/span.h"
#include <fcgiapp.h>
#include <pthread.h>

struct web_io {
	FCGX_Request *fcgi; /* NULL: plain CGI on the two descriptors */
	int in_fd, out_fd;
	/* Held by the caller, and given to others while one of the functions below waits; NULL:
	 * none. */
	pthread_mutex_t *turn;
	/* True when this process itself broke the connection off, to end; NULL: it never does. */
	const _Atomic bool *cut;
	bool in_eof;	/* the server said that the body ends here */
	bool in_broken; /* it broke off before */
	size_t in_n;	/* bytes of the body that were read */
	bool out_broken;
	bool out_left;	/* something has gone to the server */
	size_t out_n;	/* what has been written and has not gone */
	char out[8192]; /* plain CGI only */
};

void web_io_fcgi(struct web_io *io, FCGX_Request *fcgi);
void web_io_cgi(struct web_io *io, int in_fd, int out_fd);

/* What libfcgi keeps to itself about the bytes that it has read ahead is needed to know whether a
 * read would wait.  True when the library at hand lays it out as the one this was written for. */
bool web_io_layout_is_known(void);

/* The descriptor to poll for input. */
int web_io_fd(const struct web_io *io);
/* True when bytes were read ahead that no poll will announce. */
bool web_io_is_buffered(const struct web_io *io);
/* > 0 bytes; 0 at the end; -1 broken.  Waits for the first byte only. */
ssize_t web_io_read(struct web_io *io, void *buf, size_t n);
/* False when the server no longer listens. */
bool web_io_write(struct web_io *io, struct span bytes);
bool web_io_flush(struct web_io *io);
/* Forgets all that was written; false when something of it has gone. */
bool web_io_take_back(struct web_io *io) CG_MUST_USE;
/* Wipes what the library has read and written: tokens pass through it. */
void web_io_wipe(struct web_io *io);

#endif
