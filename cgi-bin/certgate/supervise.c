/* certgate supervise: the listening sockets, and the programs on them. */
#include "base/base.h"
#include "supervise_in.h"
#include "listen.h"
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "web/handover.h"
#include "web/notify.h"

/* --- sockets --- */

/* Those that systemd holds are its own; the others are made. */
static cg_rc open_sockets(struct program *p, gid_t group, struct cg_err *err)
{
	p->fd = listen_given(p->socket_path);
	p->given = p->fd >= 0;
	cg_rc rc = p->given ? CG_OK : listen_open(p->socket_path, group, &p->fd, err);
	if (rc != CG_OK)
		return rc;
	p->handover_fd = listen_stored(p->handover_path);
	if (p->handover_fd < 0)
		p->handover_fd = handover_open(p->handover_path);
	return p->handover_fd >= 0 ? CG_OK
				   : cg_fail(err, CG_FAIL, "The socket %s cannot be made: %s.",
					     p->handover_path, strerror(errno));
}

/* What systemd holds for the next one, when it restarts this service: with the listening sockets
 * also what waits in the queues, so that no connection ends. */
static void store_handovers(const struct supervisor *s)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		if (s->programs[i].given)
			(void)notify_store(s->programs[i].name, s->programs[i].handover_fd);
}

/* For the workers alone.  A signal tells that something has come. */
static cg_rc open_notify(struct supervisor *s, struct cg_err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int on = 1;
	char *folder = realpath(s->sockets, NULL); /* the workers have another current folder */
	int n = snprintf(s->notify_path, sizeof(s->notify_path), "%s/notify", folder ? folder : "");
	free(folder);
	if (!folder || n < 0 || (size_t)n >= sizeof(s->notify_path))
		return cg_fail(err, CG_FAIL, "The folder %s has too long a path for sockets.",
			       s->sockets);
	memcpy(address.sun_path, s->notify_path, sizeof(s->notify_path));
	/* What lies there is of one that was killed: the programs' sockets are ours by now. */
	(void)unlink(s->notify_path);
	s->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0177);
	bool ok = s->notify_fd >= 0 &&
		  bind(s->notify_fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	int cause = errno;
	(void)umask(before);
	if (ok) {
		ok = (!s->drop || lchown(s->notify_path, s->uid, (gid_t)-1) == 0) &&
		     setsockopt(s->notify_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
		     fcntl(s->notify_fd, F_SETOWN, s->self) == 0 &&
		     fcntl(s->notify_fd, F_SETFL, O_NONBLOCK | O_ASYNC) == 0;
		cause = errno;
	}
	return ok ? CG_OK
		  : cg_fail(err, CG_FAIL, "The socket %s cannot be made: %s.", s->notify_path,
			    strerror(cause));
}

static void close_sockets(struct supervisor *s)
{
	if (s->notify_fd >= 0) {
		(void)close(s->notify_fd);
		(void)unlink(s->notify_path);
		s->notify_fd = -1;
	}
	for (size_t i = 0; i < PROGRAMS; i++) {
		if (s->programs[i].handover_fd >= 0)
			(void)close(s->programs[i].handover_fd);
		s->programs[i].handover_fd = -1;
		if (s->programs[i].fd < 0)
			continue;
		(void)close(s->programs[i].fd);
		if (!s->programs[i].given)
			(void)unlink(s->programs[i].socket_path);
		s->programs[i].fd = -1;
	}
}

/* --- workers --- */

/* Gives up root for good; false when that did not work. */
static bool become(uid_t uid, gid_t gid)
{
	return setgroups(0, NULL) == 0 && setgid(gid) == 0 && setuid(uid) == 0 && setuid(0) != 0 &&
	       setgid(0) != 0;
}

/* In the child: the sockets where the program looks for them, all else closed when it runs. */
static bool place_sockets(const struct program *p, int *report)
{
	int input, handover = -1;
	if (p->no_socket) {
		input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} else {
		input = p->fd;
		/* Any of them may be where it is to go. */
		handover = fcntl(p->handover_fd, F_DUPFD_CLOEXEC, HANDOVER_FD + 1);
		*report = fcntl(*report, F_DUPFD_CLOEXEC, HANDOVER_FD + 1);
	}
	return dup2(input, STDIN_FILENO) == STDIN_FILENO &&
	       dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO &&
	       close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0 &&
	       (p->no_socket || dup2(handover, HANDOVER_FD) == HANDOVER_FD);
}

/* Whether it has a predecessor that accepts until it is ready. */
static bool is_awaited(const struct worker *w)
{
	for (size_t i = 0; i < SUPERVISE_LEAVING_MAX; i++)
		if (w->before[i].pid > 0 && !w->before[i].stopping)
			return true;
	return false;
}

/* In the child: does not return; tells the parent through `report` (close-on-exec) what failed. */
static void __attribute__((noreturn))
run_worker(const struct supervisor *s, const struct worker *w, int report)
{
	const struct program *p = w->program;
	sigset_t none;
	(void)sigemptyset(&none);
	static const int signals[] = {SIGTERM, SIGINT,	SIGHUP,	 SIGQUIT,
				      SIGPIPE, SIGCHLD, SIGUSR1, SIGIO};
	for (size_t i = 0; i < CG_COUNT(signals); i++)
		(void)signal(signals[i], SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	bool ready = !s->drop || become(s->uid, s->gid);
	/* After the change of user, which would clear it.  SIGKILL, because nobody is left to wait
	 * for an orderly end; the store is made for it. */
	ready = ready && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
	if (getppid() != s->self)
		_exit(1); /* the supervisor was gone before that held */
	ready = ready && chdir("/") == 0 && place_sockets(p, &report) &&
		setenv("CERTGATE_HOME", s->home->dir, 1) == 0 &&
		setenv("NOTIFY_SOCKET", s->notify_path, 1) == 0 &&
		(is_awaited(w) ? setenv(NOTIFY_AWAITED, "1", 1) : unsetenv(NOTIFY_AWAITED)) == 0 &&
		/* ld.so(8).  Binding a function at its first call saves the vector registers on the
		 * stack, and with them what was copied last: pieces of a pasted private key. */
		setenv("LD_BIND_NOW", "1", 1) == 0;
	const char *argv[PROGRAM_ARGS + 2] = {p->path};
	memcpy(argv + 1, p->args, sizeof(p->args));
	if (ready)
		(void)execv(p->path, (char *const *)(uintptr_t)argv);
	int cause = errno;
	while (write(report, &cause, sizeof(cause)) < 0 && errno == EINTR)
		continue;
	_exit(1);
}

/* Starts one worker and waits until its program runs. */
static cg_rc start_worker(struct supervisor *s, struct worker *w, struct cg_err *err)
{
	int report[2];
	if (pipe2(report, O_CLOEXEC) != 0)
		return cg_fail(err, CG_FAIL, "The program %s cannot be started: %s.",
			       w->program->name, strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		run_worker(s, w, report[1]);
	int cause = errno;
	(void)close(report[1]);
	if (pid > 0) {
		ssize_t n;
		do
			n = read(report[0], &cause, sizeof(cause));
		while (n < 0 && errno == EINTR);
		if (n == 0) {
			(void)close(report[0]);
			w->pid = pid;
			w->ready = w->again = w->told_why = false;
			w->started_mono_ms = clock_mono_ms();
			return CG_OK;
		}
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	(void)close(report[0]);
	return cg_fail(err, CG_FAIL, "The program %s cannot be started: %s.", w->program->path,
		       strerror(cause));
}

/* The next start: at once after a long life, later and later (bounded) when it keeps ending. */
static void plan_restart(struct worker *w, int64_t now)
{
	if (now - w->started_mono_ms >= SUPERVISE_STEADY_MS)
		w->delay_ms = 0;
	w->due_mono_ms = now + w->delay_ms;
	w->delay_ms = w->delay_ms == 0 ? SUPERVISE_BACKOFF_MIN_MS : w->delay_ms * 2;
	if (w->delay_ms > SUPERVISE_BACKOFF_MAX_MS)
		w->delay_ms = SUPERVISE_BACKOFF_MAX_MS;
}

/* The place of a predecessor, or with pid 0 a free one; NULL: there is none. */
static struct predecessor *find_before(struct worker *w, pid_t pid)
{
	for (size_t i = 0; i < SUPERVISE_LEAVING_MAX; i++)
		if (w->before[i].pid == pid)
			return &w->before[i];
	return NULL;
}

/* Has the next one started while this one still is there.  False when that cannot be: then it
 * comes after it. */
static bool follow(struct worker *w, bool stopping)
{
	struct predecessor *place = find_before(w, 0);
	if (!place)
		return false;
	*place = (struct predecessor){.pid = w->pid, .stopping = stopping};
	w->pid = 0;
	w->due_mono_ms = clock_mono_ms();
	return true;
}

static bool is_told(const struct supervisor *s, const char *why)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		if (strcmp(s->told[i], why) == 0)
			return true;
	return false;
}

/* While somebody waits for that: why one has not become ready, in its own words.  All of them may
 * say the same.  What may pass is told, and tried again; else this ends, and tells it then. */
static void hear_failure(struct supervisor *s, struct worker *w, const char *news)
{
	char why[NOTIFY_MAX];
	bool wrong = strncmp(news, NOTIFY_WRONG, sizeof(NOTIFY_WRONG) - 1) == 0;
	news += wrong ? sizeof(NOTIFY_WRONG) - 1 : 0;
	if (strncmp(news, NOTIFY_STATUS, sizeof(NOTIFY_STATUS) - 1) != 0)
		return;
	text_for_log(span_of(news + sizeof(NOTIFY_STATUS) - 1), why, sizeof(why));
	w->told_why = true;
	w->failed_starts = 0;
	if (s->ready || s->wrong)
		return;
	if (wrong)
		s->wrong = w->program;
	else if (!is_told(s, why))
		(void)fprintf(stderr, "certgate: The program %s cannot start yet: %s\n",
			      w->program->name, why);
	memcpy(s->told[w->program - s->programs], why, sizeof(why));
}

/* Those that accept until it is ready need not any more. */
static void relieve(struct worker *w)
{
	for (size_t i = 0; i < SUPERVISE_LEAVING_MAX; i++) {
		struct predecessor *before = &w->before[i];
		if (before->pid == 0 || before->stopping)
			continue;
		log_info("successor_ready", "program", w->program->name, LOG_END);
		(void)kill(before->pid, SIGTERM);
		before->stopping = true;
	}
}

/* Does what the news of one worker asks for. */
static void hear(struct supervisor *s, pid_t pid, const char *news)
{
	for (size_t i = 0; i < s->n_workers; i++) {
		struct worker *w = &s->workers[i];
		struct predecessor *before = find_before(w, pid);
		bool stops = strcmp(news, NOTIFY_STOPPING) == 0;
		if (before && stops)
			before->stopping = true;
		if (w->pid != pid)
			continue;
		if (strcmp(news, NOTIFY_READY) == 0) {
			w->ready = true;
			w->failed_starts = 0;
			relieve(w);
			if (w->again)
				(void)follow(w, false);
		} else if (strcmp(news, NOTIFY_SUCCESSOR) == 0) {
			(void)follow(w, false);
		} else if (stops && follow(w, true)) {
			/* Not over and over at once, where each ends as soon as it runs. */
			plan_restart(w, clock_mono_ms());
		} else {
			hear_failure(s, w, news);
		}
	}
}

/* Each worker gives way to a new one, which reads all settings anew: those with a socket serve
 * until it is ready, however long that takes. */
static void renew_all(struct supervisor *s)
{
	log_info("reload", LOG_END);
	for (size_t i = 0; i < s->n_workers; i++) {
		struct worker *w = &s->workers[i];
		if (w->pid == 0)
			continue;
		/* One that is on its way up could be in the middle of the store. */
		if (!w->ready && !w->program->no_socket)
			w->again = true;
		else if (w->program->no_socket || !follow(w, false))
			(void)kill(w->pid, SIGTERM);
	}
}

/* Reads what has come; who sent it is the kernel's word. */
static void hear_all(struct supervisor *s)
{
	for (;;) {
		char news[NOTIFY_MAX];
		union {
			struct cmsghdr head;
			char room[CMSG_SPACE(sizeof(struct ucred))];
		} control;
		struct iovec io = {.iov_base = news, .iov_len = sizeof(news) - 1};
		struct msghdr message = {.msg_iov = &io,
					 .msg_iovlen = 1,
					 .msg_control = &control,
					 .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(s->notify_fd, &message, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		struct ucred sender;
		if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&sender, CMSG_DATA(head), sizeof(sender));
		news[n] = '\0';
		if (!s->stopping)
			hear(s, sender.pid, news);
	}
}

/* Takes note of workers that ended. */
static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		hear_all(s); /* what it has said before */
		for (size_t i = 0; i < s->n_workers; i++) {
			struct worker *w = &s->workers[i];
			struct predecessor *before = find_before(w, pid);
			if (w->pid != pid && !before)
				continue;
			char number[24], how[48];
			(void)snprintf(number, sizeof(number), "%ld", (long)pid);
			(void)snprintf(
			    how, sizeof(how), "%s %d", WIFSIGNALED(status) ? "signal" : "status",
			    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
			log_info("worker_ended", "program", w->program->name, "pid", number, "by",
				 how, LOG_END);
			if (before) {
				before->pid = 0;
				continue;
			}
			w->pid = 0;
			plan_restart(w, clock_mono_ms());
			if (!w->ready && !w->told_why)
				w->failed_starts++;
		}
	}
}

static void signal_all(const struct supervisor *s, int sig)
{
	for (size_t i = 0; i < s->n_workers; i++) {
		const struct worker *w = &s->workers[i];
		if (w->pid > 0)
			(void)kill(w->pid, sig);
		for (size_t k = 0; k < SUPERVISE_LEAVING_MAX; k++)
			if (w->before[k].pid > 0)
				(void)kill(w->before[k].pid, sig);
	}
}

static size_t running(const struct supervisor *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_workers; i++) {
		const struct worker *w = &s->workers[i];
		n += (size_t)(w->pid > 0);
		for (size_t k = 0; k < SUPERVISE_LEAVING_MAX; k++)
			n += (size_t)(w->before[k].pid > 0);
	}
	return n;
}

/* Waits for one of the signals; 0 when none came within ms (-1: no end). */
static int wait_signal(const sigset_t *signals, int64_t ms)
{
	struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	int sig = ms < 0 ? sigwaitinfo(signals, NULL) : sigtimedwait(signals, NULL, &limit);
	return sig > 0 ? sig : 0;
}

static bool is_stop(int sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGHUP;
}

/* Starts what is due; returns how long until the next is, -1 when all run. */
static int64_t start_due(struct supervisor *s)
{
	int64_t next = -1;
	for (size_t i = 0; i < s->n_workers; i++) {
		struct worker *w = &s->workers[i];
		int64_t now = clock_mono_ms();
		struct cg_err err = {.text = ""};
		if (w->pid == 0 && w->due_mono_ms <= now && start_worker(s, w, &err) != CG_OK) {
			log_error("worker_start", "program", w->program->name, "cause", err.text,
				  LOG_END);
			w->started_mono_ms = now;
			plan_restart(w, now);
		}
		if (w->pid == 0) {
			int64_t wait = w->due_mono_ms > now ? w->due_mono_ms - now : 1;
			if (next < 0 || wait < next)
				next = wait;
		}
	}
	return next;
}

/* Tells once that all answer, when they do. */
static void tell_ready(struct supervisor *s)
{
	for (size_t i = 0; i < s->n_workers; i++)
		if (!s->workers[i].program->no_socket &&
		    !(s->workers[i].pid > 0 && s->workers[i].ready))
			return;
	s->ready = true;
	(void)printf("ready: %u gate, %u admin, %u portal\n", s->programs[GATE].workers,
		     s->programs[ADMIN].workers, s->programs[PORTAL].workers);
	(void)fflush(stdout);
	(void)notify_send(NOTIFY_READY);
	store_handovers(s);
}

/* Before that: fails when a program will not start however often it is tried. */
static cg_rc check_start(const struct supervisor *s, struct cg_err *err)
{
	if (s->wrong)
		return cg_fail(err, CG_FAIL, "The program %s cannot start: %s", s->wrong->name,
			       s->told[s->wrong - s->programs]);
	for (size_t i = 0; i < s->n_workers; i++) {
		const struct program *p = s->workers[i].program;
		if (!p->no_socket && s->workers[i].failed_starts >= SUPERVISE_START_TRIES)
			return cg_fail(err, CG_FAIL,
				       "The program %s has ended %d times before it was ready: "
				       "its log may say why.",
				       p->name, SUPERVISE_START_TRIES);
	}
	return CG_OK;
}

/* Until somebody asks to stop, or they cannot be started. */
static cg_rc keep_running(struct supervisor *s, const sigset_t *signals, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	while (rc == CG_OK) {
		int sig = wait_signal(signals, start_due(s));
		if (is_stop(sig))
			break;
		/* Signals merge, and one may have come and gone: look each time. */
		hear_all(s);
		reap(s);
		if (sig == SIGUSR1)
			renew_all(s);
		if (!s->ready) {
			tell_ready(s);
			rc = s->ready ? CG_OK : check_start(s, err);
		}
	}
	return rc;
}

enum parting { GONE, LATE, ASKED_AGAIN };

/* Waits for the end of all workers. */
static enum parting wait_for_end(struct supervisor *s, const sigset_t *signals, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;
	for (reap(s); running(s) > 0; reap(s)) {
		int64_t left = until - clock_mono_ms();
		if (left <= 0)
			return LATE;
		if (is_stop(wait_signal(signals, left)))
			return ASKED_AGAIN;
		/* So that none of them waits until it has told that it stops. */
		hear_all(s);
	}
	return GONE;
}

/* All workers gone when it returns: asked first, then not to wait for what is under way, then, late
 * or asked twice, without asking. */
static void stop_all(struct supervisor *s, const sigset_t *signals)
{
	s->stopping = true;
	signal_all(s, SIGTERM);
	enum parting parting = wait_for_end(s, signals, SUPERVISE_STOP_MS);
	if (parting == LATE) {
		signal_all(s, SIGINT);
		parting = wait_for_end(s, signals, SUPERVISE_KILL_MS);
	}
	if (parting == GONE)
		return;
	log_error("workers_killed", "cause",
		  parting == LATE ? "they did not end in time" : "asked to stop twice", LOG_END);
	signal_all(s, SIGKILL);
	for (reap(s); running(s) > 0; reap(s))
		(void)wait_signal(signals, 100);
}

static cg_rc start_all(struct supervisor *s, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (size_t i = 0; i < PROGRAMS && rc == CG_OK; i++)
		if (!s->programs[i].no_socket)
			rc = open_sockets(&s->programs[i], s->socket_gid, err);
	if (rc == CG_OK)
		rc = open_notify(s, err);
	for (size_t i = 0; i < PROGRAMS && rc == CG_OK; i++) {
		for (unsigned n = 0; n < s->programs[i].workers && rc == CG_OK; n++) {
			struct worker *w = &s->workers[s->n_workers++];
			w->program = &s->programs[i];
			rc = start_worker(s, w, err);
		}
	}
	return rc;
}

int supervise_main(struct command *c)
{
	struct supervisor s = {
	    .home = &c->home,
	    .programs = {[GATE] = {.name = "gate", .workers = 1},
			 [ADMIN] = {.name = "admin", .workers = 2},
			 [PORTAL] = {.name = "portal", .workers = 2},
			 [LIGHTTPD_CA] = {.name = "certgate",
					  .args = {"lighttpd-ca", "--watch"},
					  .no_socket = true},
			 [MAIL] = {.name = "certgate",
				   .args = {"mail", "--watch"},
				   .no_socket = true,
				   .workers = 1}},
	    .notify_fd = -1,
	    .self = getpid(),
	    .socket_gid = (gid_t)-1,
	};
	struct cg_err err = {.text = ""};
	log_open("supervise");
	for (size_t i = 0; i < PROGRAMS; i++)
		s.programs[i].fd = s.programs[i].handover_fd = -1;
	cg_rc rc = supervise_options(&s, c, &err);
	if (rc != CG_OK) {
		if (err.text[0])
			(void)command_fail(c, &err);
		return rc == CG_BAD_INPUT ? EXIT_USAGE : EXIT_REFUSED;
	}
	if (home_find(c->home_option, &c->home, &err) != CG_OK)
		return command_fail(c, &err);
	static const int watched[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGIO};
	sigset_t signals;
	(void)sigemptyset(&signals);
	for (size_t i = 0; i < CG_COUNT(watched); i++) {
		/* One that is ignored is never waited for: a shell's background job begins so. */
		(void)signal(watched[i], SIG_DFL);
		(void)sigaddset(&signals, watched[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);

	rc = start_all(&s, &err);
	if (rc == CG_OK)
		rc = keep_running(&s, &signals, &err);
	stop_all(&s, &signals);
	close_sockets(&s);
	return rc == CG_OK ? EXIT_DONE : command_fail(c, &err);
}
