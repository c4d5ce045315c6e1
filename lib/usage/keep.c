#include "base/base.h"
#include "usage/keep.h"
#include "base/config.h"
#include "base/limits.h"
#include <pthread.h>

#define DAY_S ((int64_t)86400)

bool usage_keep_parse(const char *text, struct usage_keep *out)
{
	uint64_t days[3];
	if (!config_days_parse(text, days))
		return false;
	*out = (struct usage_keep){(int64_t)days[0] * DAY_S, (int64_t)days[1] * DAY_S,
				   (int64_t)days[2] * DAY_S};
	return true;
}

static struct usage_keep kept;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_setting(void)
{
	const char *text = config_get(CONFIG_USAGE_KEEP);
	(void)!usage_keep_parse(text ? text : USAGE_KEEP_DEFAULT, &kept);
}

const struct usage_keep *usage_keep(void)
{
	(void)pthread_once(&once, read_setting);
	return &kept;
}
