/* certgate mail: sends what waits in the outbox, once or for as long as it runs. */
#include "base/base.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "command.h"
#include "mail/send.h"
#include "model/outbox.h"
#include "model/steward.h"
#include "page/page.h"
#include <signal.h>

/* Another one may wait for its mail program. */
#define WAIT_MS 1000

struct mailer {
	struct store *store;
	struct mail_way way;
	sigset_t ends;
	bool ended;
};

/* Whether a signal asked to end, waiting for it for so long. */
static bool ended_within(struct mailer *m, int64_t ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	if (!m->ended)
		m->ended = sigtimedwait(&m->ends, NULL, &pause) > 0;
	return m->ended;
}

static bool stop(void *arg)
{
	return ended_within(arg, 0);
}

static cg_rc send_once(struct mailer *m, size_t *n, struct cg_err *err)
{
	cg_rc rc = mail_send_due(m->store, &m->way, stop, m, n, err);
	return rc == CG_OK && !m->ended ? outbox_sweep(m->store, clock_unix_s(), err) : rc;
}

/* Until SIGTERM or SIGINT; CG_FAIL when it has to be started anew. */
static cg_rc watch(struct mailer *m, struct cg_err *err)
{
	int64_t swept_unix_s = 0;
	bool told = false;
	while (!ended_within(m, MAIL_LOOK_MS)) {
		size_t n;
		int64_t now = clock_unix_s();
		if (live_is_lost(store_live(m->store)) ||
		    store_recoveries(m->store) >= STORE_RECOVERIES_MAX)
			return cg_fail(err, CG_FAIL, "The data folder was replaced.");
		cg_rc rc = mail_send_due(m->store, &m->way, stop, m, &n, err);
		if (rc == CG_OK && (now - swept_unix_s >= MAIL_SWEEP_S || now < swept_unix_s)) {
			rc = outbox_sweep(m->store, now, err);
			if (rc == CG_OK)
				swept_unix_s = now;
		}
		if (rc != CG_OK && !told)
			log_error("mail_failed", "cause", err->text, LOG_END);
		told = rc != CG_OK;
	}
	return CG_OK;
}

static int begin_mail(struct command *c, struct mailer *m, bool goes_on)
{
	int steward = -1;
	do
		steward = steward_begin(store_home(c->store), STEWARD_MAIL, WAIT_MS);
	while (steward < 0 && goes_on && !stop(m));
	return steward;
}

cg_rc mail_all(struct command *c, bool goes_on, size_t *n, struct cg_err *err)
{
	struct mailer m = {.store = c->store, .way = mail_way()};
	*n = 0;
	(void)sigemptyset(&m.ends);
	(void)sigaddset(&m.ends, SIGTERM);
	(void)sigaddset(&m.ends, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &m.ends, NULL);
	cg_rc rc = page_load(err);
	int steward = rc == CG_OK ? begin_mail(c, &m, goes_on) : -1;
	if (rc == CG_OK && steward >= 0)
		rc = goes_on ? watch(&m, err) : send_once(&m, n, err);
	steward_end(steward);
	return rc;
}

int mail_main(struct command *c)
{
	struct cg_err err = {0};
	bool goes_on = command_take_flag(c, "--watch");
	size_t n;
	if (!command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = mail_all(c, goes_on, &n, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	return goes_on ? EXIT_DONE : command_print(c, json_pack("{s:I}", "sent", (json_int_t)n));
}
