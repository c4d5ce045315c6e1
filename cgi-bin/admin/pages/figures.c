#include "base/base.h"
#include "figures.h"
#include "../counts.h"
#include "base/clock.h"
#include "usage/keep.h"

#define DAY_S	 ((int64_t)24 * 3600)
#define BARS_MAX 400 /* more are cut coarser */

static const int64_t step_s[] = {
    [USAGE_STEP_NONE] = 0,
    [USAGE_STEP_MINUTE] = 60,
    [USAGE_STEP_HOUR] = 3600,
    [USAGE_STEP_DAY] = 86400,
};
static const char *const units[] = {
    [USAGE_STEP_NONE] = "",
    [USAGE_STEP_MINUTE] = "minute",
    [USAGE_STEP_HOUR] = "hour",
    [USAGE_STEP_DAY] = "day",
};

/* --- spans --- */

static const struct {
	const char *choice, *text, *words;
	int64_t seconds;
	enum usage_step step;
} choices[] = {
    {"1h",  "1 h",  "Last hour",     3600,	     USAGE_STEP_MINUTE},
    {"24h", "24 h", "Last 24 hours", DAY_S,	    USAGE_STEP_HOUR  },
    {"7d",  "7 d",  "Last 7 days",	 7 * DAY_S,  USAGE_STEP_HOUR  },
    {"30d", "30 d", "Last 30 days",  30 * DAY_S, USAGE_STEP_DAY   },
};
#define CHOICE_DAY   1
#define CHOICE_MONTH 3

static void choose(const struct page_call *call, size_t i, struct figures_span *out)
{
	int64_t s = step_s[choices[i].step], now = call->now_unix_s;
	*out = (struct figures_span){.from = now - now % s + s - choices[i].seconds,
				     .to = now + 1,
				     .step = choices[i].step,
				     .n = (size_t)(choices[i].seconds / s),
				     .choice = choices[i].choice,
				     .words = choices[i].words};
}

void figures_choose(struct page_call *call, struct figures_span *out)
{
	const char *name = page_query(call, "span");
	size_t i = 0;
	while (i < CG_COUNT(choices) && strcmp(choices[i].choice, name) != 0)
		i++;
	choose(call, i < CG_COUNT(choices) ? i : CHOICE_DAY, out);
}

void figures_month(struct page_call *call, struct figures_span *out)
{
	choose(call, CHOICE_MONTH, out);
}

json_t *figures_choices(const struct figures_span *span, const char *path)
{
	json_t *out = json_array();
	for (size_t i = 0; i < CG_COUNT(choices); i++)
		(void)json_array_append_new(
		    out, json_pack("{s:o, s:s, s:b}", "link",
				   json_sprintf("%sspan=%s", path, choices[i].choice), "text",
				   choices[i].text, "current",
				   (int)(strcmp(choices[i].choice, span->choice) == 0)));
	return out;
}

/* A day, "2026-11-25", as its beginning. */
static cg_rc read_day(struct page_call *call, const char *name, int64_t *out, struct cg_err *err)
{
	const char *text = page_query(call, name);
	if (!*text)
		return CG_NOT_FOUND;
	const char *whole = arena_printf(call->arena, "%.32sT00:00:00Z", text);
	return rfc3339_parse(span_of(whole), out)
		   ? CG_OK
		   : cg_fail_field(err, name, "is not a day such as 2026-11-25");
}

/* The finest step, from `step` on, of which there are still numbers and not too many bars. */
static enum usage_step fitting(const struct page_call *call, enum usage_step step, int64_t from,
			       int64_t to)
{
	const struct usage_keep *keep = usage_keep();
	int64_t now = call->now_unix_s;
	if (step == USAGE_STEP_MINUTE &&
	    (from < now - keep->minutes_s || (to - from) / 60 > BARS_MAX))
		step = USAGE_STEP_HOUR;
	if (step == USAGE_STEP_HOUR &&
	    (from < now - keep->hours_s || (to - from) / 3600 > BARS_MAX))
		step = USAGE_STEP_DAY;
	return step;
}

static cg_rc read_step(struct page_call *call, enum usage_step *out, struct cg_err *err)
{
	const char *name = page_query(call, "step");
	for (size_t i = USAGE_STEP_MINUTE; i < CG_COUNT(units); i++)
		if (strcmp(units[i], name) == 0)
			*out = (enum usage_step)i;
	return *name && strcmp(units[*out], name) != 0
		   ? cg_fail_field(err, "step", "is not minute, hour or day")
		   : CG_OK;
}

cg_rc figures_choose_typed(struct page_call *call, struct figures_span *out, struct cg_err *err)
{
	int64_t from, to;
	figures_choose(call, out);
	cg_rc rc = read_day(call, "to", &to, err);
	bool typed = rc == CG_OK;
	if (rc == CG_OK)
		to += DAY_S;
	else if (rc == CG_NOT_FOUND)
		to = out->to;
	else
		return rc;
	rc = read_day(call, "from", &from, err);
	if (rc == CG_NOT_FOUND) {
		from = typed ? to - DAY_S : out->from;
		rc = CG_OK;
	} else if (rc == CG_OK) {
		typed = true;
	}
	if (rc == CG_OK && from >= to)
		rc = cg_fail_field(err, "from", "is after the last day");
	if (rc == CG_OK && typed) {
		out->choice = "";
		out->words = "";
		out->from = from;
		out->to = to;
		out->step = to - from > 8 * DAY_S ? USAGE_STEP_DAY : USAGE_STEP_HOUR;
	}
	if (rc == CG_OK)
		rc = read_step(call, &out->step, err);
	if (rc != CG_OK)
		return rc;
	out->step = fitting(call, out->step, out->from, out->to);
	int64_t s = step_s[out->step];
	out->from -= out->from % s;
	out->n = (size_t)((out->to - out->from + s - 1) / s);
	return out->n <= 10 * BARS_MAX
		   ? CG_OK
		   : cg_fail_field(err, "from", "is more than %d days before the last day",
				   10 * BARS_MAX);
}

/* --- words --- */

static const struct {
	const char *code, *title;
} titles[] = {
    {"api_not_found",	      "No API has the path"		   },
    {"api_inactive",		     "API switched off"		       },
    {"address_not_allowed",	    "Address not allowed"		 },
    {"credential_missing",	   "No certificate, no token"	     },
    {"certificate_not_enabled",	"Certificates not enabled"	  },
    {"credential_unknown",	   "Not registered"			   },
    {"credential_mismatch",	    "Token of another key"		  },
    {"certificate_untrusted",     "Not of a trusted CA"		   },
    {"credential_inactive",	    "Credential revoked or off"	       },
    {"certificate_not_yet_valid", "Certificate not yet valid"	     },
    {"certificate_expired",	    "Certificate has ended"		   },
    {"key_inactive",		     "Key switched off"		       },
    {"key_expired",		    "Key has ended"			   },
    {"access_denied",	      "No access to this API"	     },
    {"path_not_allowed",		 "Path not allowed"		   },
    {"method_not_allowed",	   "Method not allowed"		       },
    {"rate_limited",		     "Rate limit"			 },
    {"too_many_concurrent",	    "Too many at once"		      },
    {"quota_exceeded",	       "Quota used up"		      },
    {"bad_request",		    "Could be read two ways"	    },
    {"body_too_large",	       "Body too large"		       },
    {"upstream_unreachable",	     "Upstream not reached"		   },
    {"upstream_tls",		     "TLS of the upstream"		  },
    {"upstream_invalid",		 "No readable answer of the upstream"},
    {"upstream_timeout",		 "Upstream too slow"		    },
    {"unavailable",		    "Could not be decided"		  },
    {"upstream_cut",		     "The upstream broke off"	     },
    {"client_gone",		    "The client left"		     },
    {"gate_stopped",		     "Cut by a stop"			    },
    {"other",		     "Others"			    },
    {"",			  "Passed on"			 },
};

const char *figures_code_title(const char *code)
{
	for (size_t i = 0; i < CG_COUNT(titles); i++)
		if (strcmp(titles[i].code, code) == 0)
			return titles[i].title;
	return code;
}

json_t *figures_ms(double us)
{
	if (us < 0)
		return json_string("—");
	if (us < 9950)
		return json_sprintf("%.1f ms", us / 1e3);
	return us < 9.95e6 ? json_sprintf("%.0f ms", us / 1e3) : json_sprintf("%.0f s", us / 1e6);
}

json_t *figures_quota(struct page_call *call, const struct key_grant *g)
{
	struct limits_left left;
	char width[CHART_SHARE_TEXT];
	if (!counts_quota(call->program, g, &left))
		return json_null();
	uint64_t limit = g->effective.quota->limit, used = left.quota_used;
	const char *kind = used >= limit ? "bad" : used >= limit - limit / 10 ? "warn" : "ok";
	chart_share(used, limit, width);
	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:o}", "used", page_number(used), "limit",
			 page_number(limit), "remaining", page_number(left.quota_left), "width",
			 width, "kind", kind, "renews",
			 left.quota_resets_unix_s > 0
			     ? page_distance(call, left.quota_resets_unix_s)
			     : json_null());
}

json_t *figures_share(uint64_t part, uint64_t whole)
{
	double share = whole > 0 ? 100 * (double)part / (double)whole : 0;
	if (part > 0 && share < 0.1)
		return json_string("< 0.1 %");
	return part == 0 || share >= 10 ? json_sprintf("%.0f %%", share)
					: json_sprintf("%.1f %%", share);
}

/* --- sums --- */

static int busiest_first(const void *a, const void *b)
{
	uint64_t x = (*(struct usage_sum *const *)a)->requests,
		 y = (*(struct usage_sum *const *)b)->requests;
	return x < y ? 1 : x > y ? -1 : 0;
}

void figures_sort(struct usage_sums *sums)
{
	if (sums->n > 0)
		qsort(sums->items, sums->n, sizeof(struct usage_sum *), busiest_first);
}

struct figures {
	struct chart_bar *bars;
	uint64_t requests, refused, failed, before;
	uint64_t counts[HISTOGRAM_BUCKETS];
	const char *main; /* code of the commonest refusal; NULL: there was none */
};

static struct usage_query query_of(const struct figures_span *span, const char *api_id,
				   const char *key_id)
{
	struct usage_query q = {.from = span->from, .to = span->to, .step = span->step};
	if (api_id)
		q.api_id = span_of(api_id);
	if (key_id)
		q.key_id = span_of(key_id);
	return q;
}

static void label_bars(struct page_call *call, const struct figures_span *span, struct figures *f)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	bool days = span->step == USAGE_STEP_DAY, long_span = span->to - span->from > 2 * DAY_S;
	for (size_t i = 0; i < span->n; i++) {
		time_t at = (time_t)(span->from + (int64_t)i * step_s[span->step]);
		struct tm tm = {0};
		(void)gmtime_r(&at, &tm);
		char *day = arena_printf(call->arena, "%d %s", tm.tm_mday, months[tm.tm_mon % 12]);
		char *hour = arena_printf(call->arena, "%02d:%02d", tm.tm_hour, tm.tm_min);
		char *both = arena_printf(call->arena, "%s, %s", day, hour);
		f->bars[i].label = days ? day : both;
		f->bars[i].mark = days || long_span ? day : hour;
	}
}

#define CODES_MAX 64 /* there are fewer */

struct tally {
	const char *code;
	uint64_t refused;
};

static uint64_t tally_add(struct tally tallies[CODES_MAX], const struct usage_sum *s)
{
	size_t i = 0;
	while (i < CODES_MAX - 1 && tallies[i].code && strcmp(tallies[i].code, s->code) != 0)
		i++;
	tallies[i].code = s->code;
	return tallies[i].refused += s->refused;
}

/* By code and time: bars, sums, and what was refused most. */
static void add_sums(const struct figures_span *span, const struct usage_sums *sums,
		     struct figures *f)
{
	struct tally tallies[CODES_MAX] = {
	    {NULL, 0}
	     };
	uint64_t most = 0;
	for (size_t i = 0; i < sums->n; i++) {
		const struct usage_sum *s = sums->items[i];
		size_t at = (size_t)((s->at - span->from) / step_s[span->step]);
		f->requests += s->requests;
		f->refused += s->refused;
		f->failed += s->upstream_errors;
		for (size_t b = 0; b < HISTOGRAM_BUCKETS; b++)
			f->counts[b] += s->counts[USAGE_WHOLE][b];
		if (s->at >= span->from && at < span->n) {
			f->bars[at].refused += s->refused;
			f->bars[at].failed += s->upstream_errors;
			f->bars[at].allowed += s->requests - s->refused - s->upstream_errors;
		}
		uint64_t refused = tally_add(tallies, s);
		if (refused > most) {
			most = refused;
			f->main = s->code;
		}
	}
}

static cg_rc count(struct page_call *call, struct usage_query q, uint64_t *sum, struct cg_err *err)
{
	struct usage_sums sums = {.n = 0};
	cg_rc rc = q.from < q.to ? usage_ask(call->program->store, &q, call->now_unix_s,
					     call->arena, &sums, err)
				 : CG_OK;
	for (size_t i = 0; rc == CG_OK && i < sums.n; i++)
		*sum += sums.items[i]->requests;
	return rc;
}

/* The same length of time before: whole steps, and their beginning in the next finer ones while
 * there are some. */
static cg_rc count_before(struct page_call *call, const struct figures_span *span,
			  const char *api_id, const char *key_id, uint64_t *out, struct cg_err *err)
{
	int64_t length = (int64_t)span->n * step_s[span->step], s = step_s[span->step];
	struct usage_query q = query_of(span, api_id, key_id), rest;
	q.from -= length;
	q.to -= length;
	rest = q;
	q.to -= q.to % s;
	rest.from = q.to;
	*out = 0;
	cg_rc rc = count(call, q, out, err);
	if (span->step == USAGE_STEP_MINUTE ||
	    (span->step == USAGE_STEP_HOUR &&
	     rest.from < call->now_unix_s - usage_keep()->minutes_s))
		return rc;
	rest.step = span->step == USAGE_STEP_DAY ? USAGE_STEP_HOUR : USAGE_STEP_MINUTE;
	return rc == CG_OK ? count(call, rest, out, err) : rc;
}

static void add_change(json_t *to, const struct figures *f)
{
	if (f->before == 0 || f->requests == 0)
		return;
	double change = 100 * ((double)f->requests / (double)f->before - 1);
	/* Against next to nothing it says nothing. */
	if (change >= 1000)
		return;
	const char *way = change >= 0 ? "up" : "down";
	json_t *text = change > -10 && change < 10
			   ? json_sprintf("%.1f %%", change < 0 ? -change : change)
			   : json_sprintf("%.0f %%", change < 0 ? -change : change);
	(void)json_object_set_new(to, way, json_pack("{s:o}", "change", text));
}

cg_rc figures_make(struct page_call *call, const struct figures_span *span, const char *api_id,
		   const char *key_id, const char *chart_id, bool low, json_t **out,
		   struct cg_err *err)
{
	struct figures f = {.bars = arena_alloc(call->arena, span->n * sizeof(*f.bars))};
	struct usage_query q = query_of(span, api_id, key_id);
	struct usage_sums sums;
	char unit[16];
	if (!f.bars)
		return cg_fail_memory(err);
	q.by = USAGE_BY_CODE;
	counts_bring(call->program, call->now_unix_s, 0);
	cg_rc rc = usage_ask(call->program->store, &q, call->now_unix_s, call->arena, &sums, err);
	if (rc == CG_OK)
		rc = count_before(call, span, api_id, key_id, &f.before, err);
	if (rc != CG_OK)
		return rc;
	label_bars(call, span, &f);
	add_sums(span, &sums, &f);
	(void)snprintf(unit, sizeof(unit), "%s", units[span->step]);
	unit[0] = (char)(unit[0] - 'a' + 'A');
	const struct chart_words words = {
	    .id = chart_id,
	    .caption = arena_printf(call->arena, "Requests per %s", units[span->step]),
	    .unit = unit,
	    .low = low};
	*out = json_pack(
	    "{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o}", "requests",
	    page_number(f.requests), "refused", page_number(f.refused), "refused_share",
	    figures_share(f.refused, f.requests), "main", f.main ? figures_code_title(f.main) : "",
	    "failed", page_number(f.failed), "failed_share", figures_share(f.failed, f.requests),
	    "p50", figures_ms(histogram_percentile(f.counts, 0.5)), "p95",
	    figures_ms(histogram_percentile(f.counts, 0.95)), "p99",
	    figures_ms(histogram_percentile(f.counts, 0.99)), "any", (int)(f.requests > 0), "per",
	    units[span->step], "chart", chart_make(f.bars, span->n, &words));
	(void)json_object_set_new(*out, "legend",
				  json_pack("{s:s}", "template", "layout/legend.tpl"));
	add_change(*out, &f);
	return *out ? CG_OK : cg_fail_memory(err);
}
