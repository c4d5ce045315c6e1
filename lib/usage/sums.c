#include "base/base.h"
#include "usage/sums.h"
#include "usage/words.h"

cg_rc usage_sums_init(struct usage_sums *sums, size_t max, struct arena *arena, struct cg_err *err)
{
	size_t n_places = 64;
	while (n_places < 2 * max)
		n_places *= 2;
	*sums = (struct usage_sums){.arena = arena, .max = max, .n_places = n_places};
	sums->items = arena_alloc(arena, max * sizeof(struct usage_sum *));
	sums->places = arena_alloc(arena, n_places * sizeof(*sums->places));
	return sums->items && sums->places ? CG_OK : cg_fail_memory(err);
}

static uint64_t hash_text(uint64_t h, const char *text)
{
	return hash_more(h, text, strlen(text) + 1);
}

static uint64_t hash_of_group(int64_t at, const char *api_id, const char *key_id, unsigned status,
			      const char *code)
{
	uint64_t h = hash_of(&at, sizeof(at));
	h = hash_more(h, &status, sizeof(status));
	h = hash_text(hash_text(hash_text(h, api_id), key_id), code);
	return h ^ h >> 32;
}

/* Of one histogram; what a newer version may have beyond our buckets goes into the last. */
static void add_counts(uint64_t counts[HISTOGRAM_BUCKETS], size_t n, const uint64_t *pairs)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		counts[pairs[i] < HISTOGRAM_BUCKETS ? pairs[i] : HISTOGRAM_BUCKETS - 1] +=
		    pairs[i + 1];
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Who left, or was cut by a stop, was not refused, and of what is counted as "other" nobody knows.
 */
static bool is_no_refusal(const char *code)
{
	return strcmp(code, "client_gone") == 0 || strcmp(code, "gate_stopped") == 0 ||
	       strcmp(code, USAGE_OTHER) == 0;
}

static void add_record(struct usage_sum *sum, const Cg__Usage *r)
{
	const char *code = r->code ? r->code : "";
	bool by_upstream = starts(code, "upstream_");
	sum->requests += r->requests;
	if (by_upstream || (!*code && r->status >= 500))
		sum->upstream_errors += r->requests;
	else if (*code && !is_no_refusal(code))
		sum->refused += r->requests;
	if (!sum->counts)
		return;
	add_counts(sum->counts[USAGE_WHOLE], r->n_whole, r->whole);
	add_counts(sum->counts[USAGE_UPSTREAM], r->n_upstream, r->upstream);
	add_counts(sum->counts[USAGE_OWN], r->n_own, r->own);
}

cg_rc usage_sums_add(struct usage_sums *sums, int64_t at, const char *api_id, const char *key_id,
		     unsigned status, const char *code, const Cg__Usage *record, struct cg_err *err)
{
	size_t place =
	    (size_t)hash_of_group(at, api_id, key_id, status, code) & (sums->n_places - 1);
	for (; sums->places[place] > 0; place = (place + 1) & (sums->n_places - 1)) {
		struct usage_sum *s = sums->items[sums->places[place] - 1];
		if (s->at == at && s->status == status && strcmp(s->api_id, api_id) == 0 &&
		    strcmp(s->key_id, key_id) == 0 && strcmp(s->code, code) == 0) {
			add_record(s, record);
			return CG_OK;
		}
	}
	if (sums->n == sums->max)
		return CG_TOO_BIG;
	struct usage_sum *sum = arena_alloc(sums->arena, sizeof(*sum));
	if (sum) {
		sum->at = at;
		sum->status = status;
		sum->api_id = arena_strdup(sums->arena, api_id);
		sum->key_id = arena_strdup(sums->arena, key_id);
		sum->code = arena_strdup(sums->arena, code);
		if (!sums->plain)
			sum->counts = arena_alloc(sums->arena, USAGE_PARTS * sizeof(*sum->counts));
	}
	if (!sum || (!sums->plain && !sum->counts) || !sum->api_id || !sum->key_id || !sum->code)
		return cg_fail_memory(err);
	add_record(sum, record);
	sums->items[sums->n++] = sum;
	sums->places[place] = (uint32_t)sums->n;
	return CG_OK;
}

static cg_rc pairs_of(const uint64_t counts[HISTOGRAM_BUCKETS], struct arena *arena, size_t *n,
		      uint64_t **out, struct cg_err *err)
{
	size_t used = 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		used += counts[i] > 0;
	uint64_t *pairs = arena_alloc(arena, (2 * used + 1) * sizeof(*pairs));
	if (!pairs)
		return cg_fail_memory(err);
	*n = 0;
	*out = pairs;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (counts[i] > 0) {
			pairs[(*n)++] = i;
			pairs[(*n)++] = counts[i];
		}
	return CG_OK;
}

cg_rc usage_record(Cg__Usage__Step step, int64_t at, const char *api_id, const char *key_id,
		   unsigned status, const char *code, uint64_t requests,
		   uint64_t counts[USAGE_PARTS][HISTOGRAM_BUCKETS], struct arena *arena,
		   Cg__Usage **out, struct cg_err *err)
{
	Cg__Usage *r = arena_alloc(arena, sizeof(*r));
	if (!r)
		return cg_fail_memory(err);
	cg__usage__init(r);
	r->step = step;
	r->at = at;
	/* protobuf-c wants pointers to char; nothing is written through them. */
	r->api_id = (char *)(uintptr_t)api_id;
	r->key_id = (char *)(uintptr_t)key_id;
	r->code = (char *)(uintptr_t)code;
	r->has_status = r->has_requests = true;
	r->status = status;
	r->requests = requests;
	cg_rc rc = pairs_of(counts[USAGE_WHOLE], arena, &r->n_whole, &r->whole, err);
	if (rc == CG_OK)
		rc = pairs_of(counts[USAGE_UPSTREAM], arena, &r->n_upstream, &r->upstream, err);
	if (rc == CG_OK)
		rc = pairs_of(counts[USAGE_OWN], arena, &r->n_own, &r->own, err);
	*out = r;
	return rc;
}
