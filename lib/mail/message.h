/* A mail as it goes to the mail program: RFC 5322 with a text and an HTML part (RFC 2046). */
#ifndef CG_MAIL_MESSAGE_H
#define CG_MAIL_MESSAGE_H

#include "base/buf.h"
#include "base/error.h"

struct message {
	const char *id; /* letters and digits: the same each time that it is sent */
	int64_t date_unix_s;
	const char *from, *to;		 /* plain addresses (model/email.h) */
	const char *from_name, *subject; /* any UTF-8 */
	struct span text, html;		 /* UTF-8; lines end in LF */
};

/* Appends it, lines ending in LF, which is how a mail program takes them.  Whatever the texts hold,
 * the head has the fields of message_write alone. */
cg_rc message_write(const struct message *m, struct buf *out, struct cg_err *err) CG_MUST_USE;

#endif
