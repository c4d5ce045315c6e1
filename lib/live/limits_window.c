#include "base/base.h"
#include "live/limits_in.h"

#define HOUR_S INT64_C(3600)
#define NS_S   INT64_C(1000000000)

/* --- rate --- */

static int64_t width_ns(uint32_t per_s)
{
	return (int64_t)per_s * PART_NS;
}

/* Of `newest`: whole nanoseconds up to windows of a minute, some of them beyond, so that a part's
 * width goes into 32 bits. */
static int64_t unit_ns(uint32_t per_s)
{
	return (width_ns(per_s) >> 32) + 1;
}

/* The 16 parts before `head` can be before boot. */
static unsigned place(int64_t part)
{
	return (unsigned)((part % COUNTS + COUNTS) % COUNTS);
}

static int64_t newest_ns(const struct rate *rate, int64_t part)
{
	return part * width_ns(rate->per_s) +
	       (int64_t)rate->newest[place(part)] * unit_ns(rate->per_s);
}

static uint32_t newest_of(uint32_t per_s, int64_t ns)
{
	return (uint32_t)((ns % width_ns(per_s) + unit_ns(per_s) - 1) / unit_ns(per_s));
}

/* A part counts until the window begins behind its newest call. */
static int64_t falls_out_ns(const struct rate *rate, int64_t part)
{
	return newest_ns(rate, part) + (int64_t)rate->per_s * NS_S;
}

/* Puts what was counted into parts of another width, or into the past of a clock that went back,
 * each count as late as it can have been: then no span of the new length holds more than is
 * counted. */
static void recut(struct rate *rate, uint32_t per_s, int64_t now_ns)
{
	struct rate cut = {.per_s = per_s, .head = now_ns / width_ns(per_s)};
	for (int64_t part = rate->head - PARTS; part <= rate->head; part++) {
		if (rate->counts[place(part)] == 0)
			continue;
		int64_t last_ns = newest_ns(rate, part);
		if (last_ns > now_ns)
			last_ns = now_ns;
		int64_t to = last_ns / width_ns(per_s);
		if (cut.head - to > PARTS)
			continue;
		cut.counts[place(to)] += rate->counts[place(part)];
		/* Parts come in their order. */
		cut.newest[place(to)] = newest_of(per_s, last_ns);
	}
	*rate = cut;
}

bool limits_rate_move(struct rate *rate, uint32_t per_s, int64_t now_ns)
{
	int64_t part = now_ns / width_ns(per_s);
	/* The clock may have gone back within a part, too. */
	if (rate->per_s == per_s && rate->head == part &&
	    newest_ns(rate, part) < now_ns + unit_ns(per_s))
		return false;
	if (rate->per_s == 0) {
		*rate = (struct rate){.per_s = per_s, .head = part};
	} else if (rate->per_s != per_s || part <= rate->head) {
		recut(rate, per_s, now_ns);
	} else if (part - rate->head >= COUNTS) {
		memset(rate->counts, 0, sizeof(rate->counts));
		memset(rate->newest, 0, sizeof(rate->newest));
		rate->head = part;
	} else {
		while (rate->head < part) {
			rate->head++;
			rate->counts[place(rate->head)] = rate->newest[place(rate->head)] = 0;
		}
	}
	return true;
}

/* Of those that are kept only the oldest part can be out of the window. */
static int64_t first_part(const struct rate *rate, int64_t now_ns)
{
	int64_t oldest = rate->head - PARTS;
	return falls_out_ns(rate, oldest) <= now_ns ? oldest + 1 : oldest;
}

uint64_t limits_rate_count(const struct rate *rate, int64_t now_ns)
{
	int64_t oldest = rate->head - PARTS;
	uint64_t sum = 0;
	for (size_t i = 0; i < COUNTS; i++)
		sum += rate->counts[i];
	return first_part(rate, now_ns) > oldest ? sum - rate->counts[place(oldest)] : sum;
}

void limits_rate_add(struct rate *rate, int64_t now_ns)
{
	unsigned at = place(rate->head);
	rate->newest[at] = newest_of(rate->per_s, now_ns);
	rate->counts[at]++;
}

void limits_rate_copy_newest(struct rate *to, const struct rate *from)
{
	unsigned at = place(from->head);
	/* Killed in between, it has what was counted count for longer. */
	to->newest[at] = from->newest[at];
	SETTLE();
	to->counts[at] = from->counts[at];
}

int64_t limits_rate_free_ns(const struct rate *rate, uint32_t limit, int64_t now_ns)
{
	uint64_t sum = limits_rate_count(rate, now_ns);
	if (sum < limit)
		return now_ns;
	for (int64_t part = first_part(rate, now_ns); part <= rate->head; part++) {
		sum -= rate->counts[place(part)];
		if (sum < limit)
			return falls_out_ns(rate, part);
	}
	return now_ns + rate->per_s * NS_S; /* a limit of 0 */
}

int64_t limits_rate_empty_ns(const struct rate *rate, int64_t now_ns)
{
	for (int64_t part = rate->head; part >= rate->head - PARTS; part--)
		if (rate->counts[place(part)] != 0)
			return falls_out_ns(rate, part);
	return now_ns;
}

bool limits_rate_is_over(const struct rate *rate, int64_t now_ns)
{
	return rate->per_s == 0 || limits_rate_count(rate, now_ns) == 0 ||
	       falls_out_ns(rate, rate->head) <= now_ns;
}

/* --- quota --- */

static int64_t month_end(int64_t starts_unix_s)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct tm tm = {0};
	time_t t = (time_t)starts_unix_s;
	if (!gmtime_r(&t, &tm))
		return starts_unix_s + 31 * 24 * HOUR_S;
	int month = (tm.tm_mon + 1) % 12, year = 1900 + tm.tm_year + (tm.tm_mon == 11);
	int last = days[month];
	if (month == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		last = 29;
	tm.tm_year = year - 1900;
	tm.tm_mon = month;
	if (tm.tm_mday > last)
		tm.tm_mday = last;
	return (int64_t)timegm(&tm);
}

int64_t limits_period_end(int64_t starts_unix_s, enum limits_period period)
{
	if (period == LIMITS_MONTH)
		return month_end(starts_unix_s);
	return starts_unix_s + (period == LIMITS_HOUR  ? HOUR_S
				: period == LIMITS_DAY ? 24 * HOUR_S
						       : 7 * 24 * HOUR_S);
}

/* A clock that was set back since the period began makes it no longer than it is. */
static void bound_by_boot(struct quota *quota, const struct limits_time *now)
{
	int64_t rest_s = quota->ends_unix_s - now->unix_s;
	int64_t whole_s = quota->ends_unix_s - quota->starts_unix_s;
	quota->ends_boot_ns = now->boot_ns + (rest_s < whole_s ? rest_s : whole_s) * NS_S;
}

bool limits_quota_is_over(const struct quota *quota, const struct limits_time *now)
{
	return quota->ends_unix_s == 0 || now->unix_s >= quota->ends_unix_s ||
	       now->boot_ns >= quota->ends_boot_ns;
}

bool limits_quota_move(struct quota *quota, enum limits_period period,
		       const struct limits_time *now)
{
	if (quota->ends_unix_s == 0)
		return false;
	bool other = quota->period != period;
	if (other) {
		quota->period = (uint8_t)period;
		quota->ends_unix_s = limits_period_end(quota->starts_unix_s, period);
		bound_by_boot(quota, now);
	}
	if (!limits_quota_is_over(quota, now))
		return other;
	*quota = (struct quota){.read = quota->read};
	return true;
}

void limits_quota_begin(struct quota *quota, enum limits_period period,
			const struct limits_time *now)
{
	quota->used = 0;
	quota->period = (uint8_t)period;
	quota->starts_unix_s = now->unix_s;
	quota->ends_unix_s = limits_period_end(now->unix_s, period);
	bound_by_boot(quota, now);
}

void limits_quota_read(struct quota *quota, const struct limits_quota *stored,
		       const struct limits_time *now)
{
	quota->read = 1;
	if (stored->ends_unix_s <= stored->starts_unix_s)
		return;
	quota->used = stored->used;
	quota->period = (uint8_t)stored->period;
	quota->starts_unix_s = stored->starts_unix_s;
	quota->ends_unix_s = stored->ends_unix_s;
	bound_by_boot(quota, now);
}

int64_t limits_quota_rest_s(const struct quota *quota, const struct limits_time *now)
{
	if (quota->ends_unix_s == 0)
		return 0;
	int64_t wall_s = quota->ends_unix_s - now->unix_s;
	int64_t boot_s = (quota->ends_boot_ns - now->boot_ns + NS_S - 1) / NS_S;
	int64_t rest_s = wall_s < boot_s ? wall_s : boot_s;
	return rest_s > 0 ? rest_s : 1;
}
