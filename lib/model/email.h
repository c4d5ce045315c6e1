/* E-mail addresses. */
#ifndef CG_MODEL_EMAIL_H
#define CG_MODEL_EMAIL_H

#include "base/arena.h"
#include "base/base.h"

/* The rest of a sentence that begins with the field's name. */
#define EMAIL_BAD "must be one e-mail address such as ann@example.org"

/* The address in lower case, which is how it is kept and compared; NULL when it is none that goes
 * into a mail's head and to the mail program as it is: letters, digits and few signs, "@", and a
 * domain (RFC 5321 section 4.1.2 without quoted strings, comments, literals and routes). */
char *email_normal(const char *text, struct arena *arena);
/* What stands behind the @ of a normal one. */
const char *email_domain(const char *email);

#endif
