#include "base/base.h"
#include "usage/metrics.h"
#include "base/limits.h"

/* The bounds of histograms: powers of two from 0.25 ms to 17 s, at each of which a bucket begins.
 */
#define BOUND_FIRST_BITS 8
#define BOUND_LAST_BITS	 24

/* A float holds whole numbers up to here. */
#define GENERATION_MASK (((uint64_t)1 << 53) - 1)

static int in_order(const void *a, const void *b)
{
	const struct usage_slot *x = *(struct usage_slot *const *)a,
				*y = *(struct usage_slot *const *)b;
	int order = strcmp(x->api_id, y->api_id);
	if (order == 0 && x->status != y->status)
		order = x->status < y->status ? -1 : 1;
	return order != 0 ? order : strcmp(x->code, y->code);
}

static void merge(struct usage_slot *to, const struct usage_slot *from)
{
	to->requests += from->requests;
	for (size_t part = 0; part < USAGE_PARTS; part++) {
		to->sum_us[part] += from->sum_us[part];
		for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
			to->counts[part][i] += from->counts[part][i];
	}
}

struct totals {
	struct usage_slot *slots;
	struct usage_slot *items[USAGE_TOTALS]; /* in order, each group once */
	size_t n;
};

static bool load(const struct usage *usage, struct totals *t)
{
	size_t position = 0, n = 0;
	t->slots = calloc(USAGE_TOTALS, sizeof(*t->slots));
	if (!t->slots)
		return false;
	while (n < USAGE_TOTALS && usage_total(usage, &position, &t->slots[n])) {
		t->items[n] = &t->slots[n];
		n++;
	}
	qsort(t->items, n, sizeof(*t->items), in_order);
	/* Two gates may have made a slot for the same group at the same moment. */
	for (size_t i = 0; i < n; i++)
		if (t->n > 0 && in_order(&t->items[t->n - 1], &t->items[i]) == 0)
			merge(t->items[t->n - 1], t->items[i]);
		else
			t->items[t->n++] = t->items[i];
	return true;
}

static const char *name_of(const struct routes *routes, const char *api_id)
{
	for (size_t i = 0; routes && i < routes->n; i++)
		if (strcmp(routes->items[i].api->id, api_id) == 0)
			return routes->items[i].api->name;
	return api_id;
}

static void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			buf_add_char(out, '\\');
		if (*text == '\n')
			buf_add_text(out, "\\n");
		else
			buf_add_char(out, *text);
	}
}

static void add_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_api(struct buf *out, const struct routes *routes, const char *api_id)
{
	buf_add_text(out, "{api=\"");
	add_escaped(out, name_of(routes, api_id));
	buf_add_text(out, "\",api_id=\"");
	add_escaped(out, api_id);
	buf_add_char(out, '"');
}

static void add_requests(struct buf *out, const struct totals *t, const struct routes *routes)
{
	add_head(out, "certgate_requests_total", "counter",
		 "Requests answered, by API, class of status, and code (empty: the upstream's "
		 "answer).");
	for (size_t i = 0; i < t->n; i++) {
		const struct usage_slot *s = t->items[i];
		char status[8] = "none";
		if (s->status > 0)
			(void)snprintf(status, sizeof(status), "%uxx", s->status / 100 % 10);
		buf_add_text(out, "certgate_requests_total");
		add_api(out, routes, s->api_id);
		buf_printf(out, ",status=\"%s\",code=\"", status);
		add_escaped(out, s->code);
		buf_printf(out, "\"} %" PRIu64 "\n", s->requests);
	}
}

static void add_histogram(struct buf *out, const char *name, const struct routes *routes,
			  const char *api_id, const uint64_t counts[HISTOGRAM_BUCKETS],
			  uint64_t sum_us)
{
	uint64_t n = 0;
	size_t bucket = 0;
	for (unsigned bits = BOUND_FIRST_BITS; bits <= BOUND_LAST_BITS; bits++) {
		for (; histogram_from_us(bucket) < (uint64_t)1 << bits; bucket++)
			n += counts[bucket];
		buf_printf(out, "%s_bucket", name);
		add_api(out, routes, api_id);
		buf_printf(out, ",le=\"%.6f\"} %" PRIu64 "\n", (double)((uint64_t)1 << bits) / 1e6,
			   n);
	}
	for (; bucket < HISTOGRAM_BUCKETS; bucket++)
		n += counts[bucket];
	buf_printf(out, "%s_bucket", name);
	add_api(out, routes, api_id);
	buf_printf(out, ",le=\"+Inf\"} %" PRIu64 "\n%s_sum", n, name);
	add_api(out, routes, api_id);
	buf_printf(out, "} %.6f\n%s_count", (double)sum_us / 1e6, name);
	add_api(out, routes, api_id);
	buf_printf(out, "} %" PRIu64 "\n", n);
}

static void add_latencies(struct buf *out, const struct totals *t, const struct routes *routes)
{
	static const struct {
		const char *name, *help;
	} parts[USAGE_PARTS] = {
	    [USAGE_WHOLE] = {"certgate_request_duration_seconds",
			     "How long requests took, from the first byte to the last."	       },
	    [USAGE_UPSTREAM] = {"certgate_upstream_duration_seconds",
				"The upstream's part of it, at the client's own pace."	      },
	    [USAGE_OWN] = {"certgate_own_duration_seconds",	    "Certgate's own part of it."},
	};
	for (size_t part = 0; part < USAGE_PARTS; part++) {
		add_head(out, parts[part].name, "histogram", parts[part].help);
		/* By API, over all statuses and codes. */
		for (size_t i = 0; i < t->n;) {
			struct usage_slot sum = *t->items[i];
			for (i++; i < t->n && strcmp(t->items[i]->api_id, sum.api_id) == 0; i++)
				merge(&sum, t->items[i]);
			add_histogram(out, parts[part].name, routes, sum.api_id, sum.counts[part],
				      sum.sum_us[part]);
		}
	}
}

static void add_one(struct buf *out, const char *name, const char *type, const char *help,
		    uint64_t value)
{
	add_head(out, name, type, help);
	buf_printf(out, "%s %" PRIu64 "\n", name, value);
}

void metrics_text(const struct usage *usage, const struct routes *routes, struct store *store,
		  struct buf *out)
{
	struct totals *t = calloc(1, sizeof(*t));
	uint64_t in_flight, other, lost;
	unsigned gates;
	if (!t || !load(usage, t)) {
		free(t);
		out->failed = true;
		return;
	}
	usage_in_flight(usage, &in_flight, &gates);
	usage_not_told(usage, &other, &lost);
	add_requests(out, t, routes);
	add_latencies(out, t, routes);
	add_one(out, "certgate_requests_in_flight", "gauge",
		"Requests under way, over all gates of this host.", in_flight);
	add_one(out, "certgate_gates", "gauge", "Gate processes of this host.", gates);
	add_one(out, "certgate_requests_counted_as_other_total", "counter",
		"Counts that found no room of their own.", other);
	add_one(out, "certgate_requests_not_counted_total", "counter",
		"Counts that found no room at all.", lost);
	add_one(out, "certgate_generation", "gauge",
		"Changes with whatever changes rights; means nothing by itself.",
		live_generation(store_live(store)) & GENERATION_MASK);
	add_one(out, "certgate_store_recoveries_total", "counter",
		"Recoveries of the store since the host has been up.",
		store_environment_recoveries(store));
	free(t->slots);
	free(t);
}
