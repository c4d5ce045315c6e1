/* Times: wall clock in Unix seconds, a monotonic clock for waits, RFC 3339 text. */
#ifndef CG_BASE_CLOCK_H
#define CG_BASE_CLOCK_H

#include "base/base.h"
#include "base/span.h"

#define RFC3339_TEXT 20 /* 2026-11-25T13:00:00Z, without the NUL */

int64_t clock_unix_s(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* t (years 0 to 9999) as RFC 3339 in UTC; false, and out empty, outside of that. */
bool rfc3339_format(int64_t t, char out[RFC3339_TEXT + 1]);
/* RFC 3339 section 5.6 with Z or a numeric offset; fractions of a second are dropped, and a leap
 * second is the one after it.  False, and *out untouched, when the text is anything else, no such
 * day exists, or rfc3339_format could not write it. */
bool rfc3339_parse(struct span text, int64_t *out) CG_MUST_USE;

/* The day in UTC as people write it, "4 Dec 2026"; false, and out empty, as above. */
#define DAY_TEXT 11
bool day_format(int64_t t, char out[DAY_TEXT + 1]);
extern const char *const month_names[12]; /* "Jan" */

#endif
