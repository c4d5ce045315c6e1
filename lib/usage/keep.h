/* How long numbers are kept, by the length of their spans. */
#ifndef CG_USAGE_KEEP_H
#define CG_USAGE_KEEP_H

#include "base/base.h"
#include "record/record.h"

/* Minutes, hours, days: seconds that each is kept. */
struct usage_keep {
	int64_t minutes_s, hours_s, days_s;
};

/* "2,60,731": the days that minutes, hours and days are kept; each at least a day and as long as
 * the one before it, days at most USAGE_KEEP_DAYS_MAX.  False for anything else. */
bool usage_keep_parse(const char *text, struct usage_keep *out) CG_MUST_USE;
/* What the setting usage_keep says; USAGE_KEEP_DEFAULT where it is not set. */
const struct usage_keep *usage_keep(void);

#endif
