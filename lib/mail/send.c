#include "base/base.h"
#include "mail/send.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "mail/render.h"
#include "model/link.h"
#include "model/outbox.h"
#include "model/setting.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#define SENDMAIL_DEFAULT "/usr/sbin/sendmail"

struct mail_way mail_way(void)
{
	const char *sendmail = config_get(CONFIG_MAIL_COMMAND);
	return (struct mail_way){config_get(CONFIG_MAIL_FOLDER),
				 sendmail ? sendmail : SENDMAIL_DEFAULT};
}

/* --- as a file --- */

/* Sent twice, it is the same file. */
static cg_rc write_file(const char *folder, const Cg__OutboxMail *mail, struct span message,
			struct cg_err *err)
{
	char path[HOME_PATH_MAX], temporary[HOME_PATH_MAX], at[RFC3339_TEXT + 1];
	(void)rfc3339_format(mail->created_at, at);
	int n = snprintf(path, sizeof(path), "%s/%s-%s.eml", folder, at, mail->id);
	int m = snprintf(temporary, sizeof(temporary), "%s/.%s", folder, mail->id);
	if (n < 0 || (size_t)n >= sizeof(path) || m < 0 || (size_t)m >= sizeof(temporary))
		return cg_fail(err, CG_UNAVAILABLE, "The folder mail_folder has too long a path.");
	(void)unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok =
	    fd >= 0 && file_write(fd, message) && fsync(fd) == 0 && rename(temporary, path) == 0;
	int cause = errno;
	if (fd >= 0) {
		(void)close(fd);
		if (!ok)
			(void)unlink(temporary);
	}
	return ok ? folder_sync(folder, err)
		  : cg_fail(err, CG_UNAVAILABLE, "A mail cannot be written to %.300s: %s.", folder,
			    strerror(cause));
}

/* --- to the mail program --- */

/* What the program is given on a descriptor: never on a disk, it may hold a secret. */
static int memory_file(struct span bytes)
{
	int fd = memfd_create("mail", MFD_CLOEXEC);
	if (fd >= 0 && (!file_write(fd, bytes) || lseek(fd, 0, SEEK_SET) != 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Waits for its end; the status of waitpid, -1 for one that took too long and was ended. */
static int wait_for(pid_t pid)
{
	int status = -1, fd = pidfd_open(pid, 0), rc;
	int64_t until = clock_mono_ms() + MAIL_RUN_MS, left = MAIL_RUN_MS;
	struct pollfd end = {.fd = fd, .events = POLLIN};
	do {
		rc = poll(&end, 1, (int)left);
		left = until - clock_mono_ms();
	} while (rc < 0 && errno == EINTR && left > 0);
	bool late = rc <= 0;
	if (late)
		(void)kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (fd >= 0)
		(void)close(fd);
	return late ? -1 : status;
}

static cg_rc judge(const char *sendmail, int status, int said, struct cg_err *err)
{
	char raw[200], text[300] = "";
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return CG_OK;
	ssize_t n = pread(said, raw, sizeof(raw), 0);
	if (n > 0)
		text_for_log(span_trim(span_make(raw, (size_t)n)), text, sizeof(text));
	if (status == -1)
		return cg_fail(err, CG_UNAVAILABLE, "%.100s did not end within %d seconds. %s",
			       sendmail, MAIL_RUN_MS / 1000, text);
	return cg_fail(err, CG_UNAVAILABLE, "%.100s ended with %s %d. %s", sendmail,
		       WIFSIGNALED(status) ? "signal" : "status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), text);
}

/* Its arguments are words of their own, and addresses are plain (model/email.h): there is no shell
 * to talk to. */
static cg_rc run_sendmail(const char *sendmail, const char *from, const char *to,
			  struct span message, struct cg_err *err)
{
	const char *argv[] = {sendmail, "-i", "-f", from, "--", to, NULL};
	const char *const envp[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid;
	int in = memory_file(message), said = memory_file(SPAN_LIT(""));
	if (in < 0 || said < 0 || posix_spawn_file_actions_init(&actions) != 0) {
		if (in >= 0)
			(void)close(in);
		if (said >= 0)
			(void)close(said);
		return cg_fail_memory(err);
	}
	(void)posix_spawnattr_init(&attributes);
	(void)sigemptyset(&none);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	/* A group of its own, so that all of it can be ended. */
	(void)posix_spawnattr_setpgroup(&attributes, 0);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	int cause = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (cause == 0)
		cause = posix_spawn_file_actions_adddup2(&actions, said, STDOUT_FILENO);
	if (cause == 0)
		cause = posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
	if (cause == 0)
		cause = posix_spawn(&pid, sendmail, &actions, &attributes,
				    (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)envp);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	cg_rc rc = cause == 0 ? judge(sendmail, wait_for(pid), said, err)
			      : cg_fail(err, CG_UNAVAILABLE, "%.100s cannot be started: %s.",
					sendmail, strerror(cause));
	(void)close(in);
	(void)close(said);
	return rc;
}

/* --- one after the other --- */

/* CG_NOT_FOUND: its link is gone, so it is not needed any more. */
static cg_rc hand_over(struct store *store, const struct mail_way *way, const Cg__OutboxMail *mail,
		       struct arena *arena, struct cg_err *err)
{
	char secret[TOKEN_TEXT + 1] = "";
	struct buf message;
	Cg__Setting *setting;
	cg_rc rc = setting_get(store, arena, &setting, err);
	if (rc == CG_OK && mail->link_id)
		rc = link_make_secret(store, mail->link_id, clock_unix_s(), secret, arena, err);
	buf_init(&message, MAIL_BYTES_MAX);
	if (rc == CG_OK)
		rc = mail_render(mail, setting, *secret ? secret : NULL, arena, &message, err);
	if (rc == CG_OK)
		rc = way->folder ? write_file(way->folder, mail, buf_span(&message), err)
				 : run_sendmail(way->sendmail, mail_sender(setting, arena),
						mail->to, buf_span(&message), err);
	buf_release(&message);
	gnutls_memset(secret, 0, sizeof(secret));
	return rc;
}

static cg_rc send_one(struct store *store, const struct mail_way *way, bool *sent,
		      struct cg_err *err)
{
	struct arena arena;
	struct cg_err why = {0};
	Cg__OutboxMail *mail;
	*sent = false;
	arena_init(&arena, COMMAND_ARENA_MAX);
	cg_rc rc = outbox_next(store, clock_unix_s(), &arena, &mail, err);
	if (rc == CG_OK) {
		cg_rc how = hand_over(store, way, mail, &arena, &why);
		*sent = how == CG_OK;
		if (how == CG_OK || how == CG_NOT_FOUND) {
			rc = outbox_sent(store, mail->id, clock_unix_s(), &arena, err);
		} else {
			log_error("mail_not_sent", "mail", mail->id, "cause", why.text, LOG_END);
			rc = outbox_failed(store, mail->id, why.text, clock_unix_s(), &arena, err);
		}
	}
	arena_release(&arena);
	return rc;
}

cg_rc mail_send_due(struct store *store, const struct mail_way *way, bool (*stop)(void *arg),
		    void *arg, size_t *n, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	*n = 0;
	while (rc == CG_OK && !(stop && stop(arg))) {
		bool sent;
		rc = send_one(store, way, &sent, err);
		*n += sent;
	}
	return rc == CG_NOT_FOUND ? CG_OK : rc;
}
