#include "base/base.h"
#include "usage/access_log.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <syslog.h>

#define CLOSE_S	     2
#define TELL_MS	     60000 /* between two lines of the program's log about the same */
#define FULL_PIPE_MS 1000  /* a wait for whoever reads a pipe */

struct access_log {
	char path[1024]; /* empty: syslog */
	pthread_mutex_t mutex;
	pthread_cond_t news;
	/* Under the mutex. */
	struct buf queue;
	uint64_t dropped;
	bool started, failed, ending;
	pthread_t thread;
	/* The thread's. */
	int fd;
	dev_t device;
	ino_t inode;
	bool torn; /* the file ends in the middle of a line */
	int64_t told_mono_ms;
	uint64_t lost; /* lines of which nothing was told yet */
};

cg_rc access_log_open(const char *where, struct access_log **out, struct cg_err *err)
{
	bool to_syslog = where && strcmp(where, "syslog") == 0;
	*out = NULL;
	if (!where || !*where)
		return CG_OK;
	struct access_log *log = calloc(1, sizeof(*log));
	if (!log)
		return cg_fail_memory(err);
	if (!to_syslog && (where[0] != '/' || strlen(where) >= sizeof(log->path))) {
		free(log);
		return cg_fail(err, CG_BAD_INPUT,
			       "The access log must be “syslog” or an absolute path of at most %d "
			       "bytes, not “%.100s”.",
			       (int)sizeof(log->path) - 1, where);
	}
	(void)snprintf(log->path, sizeof(log->path), "%s", to_syslog ? "" : where);
	(void)pthread_mutex_init(&log->mutex, NULL);
	(void)pthread_cond_init(&log->news, NULL);
	buf_init(&log->queue, ACCESS_LOG_QUEUE_MAX);
	log->fd = -1;
	log->told_mono_ms = INT64_MIN / 2;
	*out = log;
	return CG_OK;
}

/* --- the thread --- */

static void tell(struct access_log *log, const char *cause, uint64_t lost)
{
	char number[24];
	int64_t now = clock_mono_ms();
	log->lost += lost;
	if (now - log->told_mono_ms < TELL_MS)
		return;
	log->told_mono_ms = now;
	(void)snprintf(number, sizeof(number), "%" PRIu64, log->lost);
	log->lost = 0;
	log_error("access_log_lost", "to", *log->path ? log->path : "syslog", "cause", cause,
		  "lines", number, LOG_END);
}

/* The file that has the name now. */
static bool reopen(struct access_log *log)
{
	struct stat st;
	if (log->fd >= 0 && stat(log->path, &st) == 0 && st.st_ino == log->inode &&
	    st.st_dev == log->device)
		return true;
	if (log->fd >= 0)
		(void)close(log->fd);
	/* Not to wait for a reader of a pipe. */
	log->fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		       0600);
	if (log->fd < 0 || fstat(log->fd, &st) != 0)
		return false;
	log->inode = st.st_ino;
	log->device = st.st_dev;
	log->torn = false;
	return true;
}

/* False with errno; what is left then is lost. */
static bool write_out(struct access_log *log, struct span bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(log->fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = {.fd = log->fd, .events = POLLOUT};
			if (poll(&p, 1, FULL_PIPE_MS) > 0)
				continue;
			errno = EAGAIN;
		}
		if (n < 0)
			return false;
		log->torn = bytes.p[n > 0 ? n - 1 : 0] != '\n';
		bytes = span_from(bytes, (size_t)n);
	}
	return true;
}

static void write_file(struct access_log *log, struct span lines)
{
	bool ok = reopen(log);
	if (ok && log->torn)
		ok = write_out(log, SPAN_LIT("\n"));
	if (ok)
		ok = write_out(log, lines);
	int cause = errno;
	uint64_t lost = 0;
	for (size_t i = 0; !ok && i < lines.n; i++)
		lost += lines.p[i] == '\n';
	if (!ok)
		tell(log, strerror(cause), lost);
}

static void write_syslog(struct span lines)
{
	struct span line;
	while (span_next(&lines, '\n', &line))
		if (line.n > 0)
			syslog(LOG_DAEMON | LOG_INFO, "%.*s", (int)line.n, line.p);
}

static void *writer_main(void *arg)
{
	struct access_log *log = arg;
	for (;;) {
		(void)pthread_mutex_lock(&log->mutex);
		while (log->queue.n == 0 && !log->ending)
			(void)pthread_cond_wait(&log->news, &log->mutex);
		struct buf lines = log->queue;
		uint64_t dropped = log->dropped;
		bool ending = log->ending;
		buf_init(&log->queue, ACCESS_LOG_QUEUE_MAX);
		log->dropped = 0;
		(void)pthread_mutex_unlock(&log->mutex);
		if (dropped > 0)
			tell(log, "they came faster than they could be written", dropped);
		if (lines.n > 0 && *log->path)
			write_file(log, buf_span(&lines));
		else if (lines.n > 0)
			write_syslog(buf_span(&lines));
		bool over = ending && lines.n == 0;
		buf_release(&lines);
		if (over)
			return NULL;
	}
}

/* --- requests --- */

void access_log_write(struct access_log *log, struct span line)
{
	(void)pthread_mutex_lock(&log->mutex);
	if (!log->started && !log->failed) {
		log->started = pthread_create(&log->thread, NULL, writer_main, log) == 0;
		log->failed = !log->started;
	}
	/* One that does not fit would empty the queue. */
	if (log->failed || line.n + 2 > log->queue.max - log->queue.n) {
		log->dropped++;
	} else {
		buf_add(&log->queue, line);
		buf_add_char(&log->queue, '\n');
		/* Without memory: the whole queue is gone. */
		if (log->queue.failed) {
			buf_release(&log->queue);
			buf_init(&log->queue, ACCESS_LOG_QUEUE_MAX);
			log->dropped++;
		}
		(void)pthread_cond_signal(&log->news);
	}
	(void)pthread_mutex_unlock(&log->mutex);
}

void access_log_close(struct access_log **out)
{
	struct access_log *log = *out;
	struct timespec until;
	if (!log)
		return;
	*out = NULL;
	(void)pthread_mutex_lock(&log->mutex);
	log->ending = true;
	bool started = log->started;
	(void)pthread_cond_signal(&log->news);
	(void)pthread_mutex_unlock(&log->mutex);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLOSE_S;
	/* One that hangs in a write keeps its memory; the process ends. */
	if (started && pthread_timedjoin_np(log->thread, NULL, &until) != 0)
		return;
	if (log->fd >= 0)
		(void)close(log->fd);
	buf_release(&log->queue);
	(void)pthread_mutex_destroy(&log->mutex);
	(void)pthread_cond_destroy(&log->news);
	free(log);
}
