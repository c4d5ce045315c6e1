#include "base/base.h"
#include "base/clock.h"

/* Certificates end far beyond 2038, databases and logs are larger than 2 GiB: where the host has 32
 * bits for either, -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64 belong to CFLAGS. */
_Static_assert(sizeof(time_t) == 8 && sizeof(off_t) == 8, "time_t and off_t have 64 bits");

#define DAY_S	86400
#define FIRST_S INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST_S	INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

int64_t clock_unix_s(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

int64_t clock_mono_ms(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

bool rfc3339_format(int64_t t, char out[RFC3339_TEXT + 1])
{
	struct tm tm;
	time_t tt = (time_t)t;
	out[0] = '\0';
	if (!gmtime_r(&tt, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099)
		return false;
	return strftime(out, RFC3339_TEXT + 1, "%Y-%m-%dT%H:%M:%SZ", &tm) == RFC3339_TEXT ||
	       /* strftime does not pad years below 1000 */
	       snprintf(out, RFC3339_TEXT + 1, "%04d-%02d-%02dT%02d:%02d:%02dZ",
			(tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100, tm.tm_mday % 100,
			tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100) == RFC3339_TEXT;
}

/* Takes n digits off *s into *out. */
static bool digits(struct span *s, size_t n, int *out)
{
	int v = 0;
	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = span_from(*s, n);
	*out = v;
	return true;
}

static bool one_of(struct span *s, const char *set)
{
	if (s->n == 0 || s->p[0] == '\0' || !strchr(set, s->p[0]))
		return false;
	*s = span_from(*s, 1);
	return true;
}

bool rfc3339_parse(struct span s, int64_t *out)
{
	struct tm tm = {0};
	int64_t offset_s = 0;
	if (!digits(&s, 4, &tm.tm_year) || !one_of(&s, "-") || !digits(&s, 2, &tm.tm_mon) ||
	    !one_of(&s, "-") || !digits(&s, 2, &tm.tm_mday) || !one_of(&s, "Tt ") ||
	    !digits(&s, 2, &tm.tm_hour) || !one_of(&s, ":") || !digits(&s, 2, &tm.tm_min) ||
	    !one_of(&s, ":") || !digits(&s, 2, &tm.tm_sec))
		return false;
	if (one_of(&s, ".")) {
		int ignored;
		if (!digits(&s, 1, &ignored))
			return false;
		while (digits(&s, 1, &ignored))
			;
	}
	if (s.n > 0 && (s.p[0] == '+' || s.p[0] == '-')) {
		int sign = s.p[0] == '-' ? -1 : 1, h, m;
		s = span_from(s, 1);
		if (!digits(&s, 2, &h) || !one_of(&s, ":") || !digits(&s, 2, &m) || h > 23 ||
		    m > 59)
			return false;
		offset_s = sign * (h * 3600 + m * 60);
	} else if (!one_of(&s, "Zz")) {
		return false;
	}
	if (s.n > 0 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	int day = tm.tm_mday, second = tm.tm_sec;
	tm.tm_sec = 0;
	int64_t t = (int64_t)timegm(&tm) + second - offset_s;
	/* timegm turns 30 February into 1 March; a day that does not exist is an error here.  A
	 * leap second is the last one of a day in UTC. */
	if (tm.tm_mday != day || (second == 60 && t % DAY_S != 0) || t < FIRST_S || t > LAST_S)
		return false;
	*out = t;
	return true;
}

const char *const month_names[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool day_format(int64_t t, char out[DAY_TEXT + 1])
{
	struct tm tm;
	time_t at = (time_t)t;
	char text[64] = "";
	if (gmtime_r(&at, &tm))
		(void)snprintf(text, sizeof(text), "%d %s %d", tm.tm_mday, month_names[tm.tm_mon],
			       tm.tm_year + 1900);
	bool fits = *text && strlen(text) <= DAY_TEXT;
	memcpy(out, fits ? text : "", fits ? strlen(text) + 1 : 1);
	return fits;
}
