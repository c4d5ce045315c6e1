#include "base/base.h"
#include "usage/keep.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include <pthread.h>

#define DAY_S ((int64_t)86400)

bool usage_keep_parse(const char *text, struct usage_keep *out)
{
	struct span rest = span_of(text), part;
	uint64_t days[3], least = 1;
	size_t n = 0;
	while (n < CG_COUNT(days) && span_next(&rest, ',', &part)) {
		if (!number_parse(span_trim(part), USAGE_KEEP_DAYS_MAX, &days[n]) ||
		    days[n] < least)
			return false;
		least = days[n++];
	}
	if (n != CG_COUNT(days) || rest.p)
		return false;
	*out = (struct usage_keep){(int64_t)days[0] * DAY_S, (int64_t)days[1] * DAY_S,
				   (int64_t)days[2] * DAY_S};
	return true;
}

static struct usage_keep kept;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_setting(void)
{
	const char *text = getenv("CERTGATE_USAGE_KEEP");
	if (text && *text && usage_keep_parse(text, &kept))
		return;
	if (text && *text)
		log_error("setting_unreadable", "name", "CERTGATE_USAGE_KEEP", "hint",
			  "days that minutes, hours and days are kept: " USAGE_KEEP_DEFAULT,
			  LOG_END);
	(void)!usage_keep_parse(USAGE_KEEP_DEFAULT, &kept);
}

const struct usage_keep *usage_keep(void)
{
	(void)pthread_once(&once, read_setting);
	return &kept;
}
