/* What a mail says: its templates filled. */
#ifndef CG_MAIL_RENDER_H
#define CG_MAIL_RENDER_H

#include "base/buf.h"
#include "base/error.h"
#include "record/record.h"

/* Appends the whole message.  `secret` is of the link in it; NULL: it has none.  CG_BAD_VALUE while
 * a setting is missing that it needs. */
cg_rc mail_render(const Cg__OutboxMail *mail, const Cg__Setting *setting, const char *secret,
		  struct arena *arena, struct buf *out, struct cg_err *err) CG_MUST_USE;
/* The address that mails come from. */
const char *mail_sender(const Cg__Setting *setting, struct arena *arena);

#endif
