/* Sending what waits in the outbox (model/outbox.h).  By one process of a host at a time: the one
 * that holds the lock STEWARD_MAIL. */
#ifndef CG_MAIL_SEND_H
#define CG_MAIL_SEND_H

#include "base/error.h"
#include "store/store.h"

/* Where mails go, by the settings of the host; after config_load. */
struct mail_way {
	const char *folder;   /* mail_folder: written there as files; NULL: to the mail program */
	const char *sendmail; /* mail_command, an absolute path */
};
struct mail_way mail_way(void);

/* Sends the mails that are due, one after the other, until none is or `stop` (may be NULL) says so
 * between two; *n counts those that went out.  Each is handed over at least once: who is killed
 * between handing over and noting it leaves the mail for the next one.  What cannot be sent is
 * noted and tried later (outbox_failed), and is no error. */
cg_rc mail_send_due(struct store *store, const struct mail_way *way, bool (*stop)(void *arg),
		    void *arg, size_t *n, struct cg_err *err) CG_MUST_USE;

#endif
