/* Usage as figures of a page: a span of time, its sums, its chart. */
#ifndef CG_ADMIN_PAGES_FIGURES_H
#define CG_ADMIN_PAGES_FIGURES_H

#include "grant/grant.h"
#include "page/chart.h"
#include "pages.h"
#include "usage/query.h"

/* A span of time and how it is cut. */
struct figures_span {
	int64_t from, to; /* as of usage_query */
	enum usage_step step;
	size_t n;	    /* bars */
	const char *choice; /* of the links: "24h"; "": typed */
	const char *words;  /* "Last 24 hours" */
};

/* The span that the query's `span` chooses ("24h" unless given). */
void figures_choose(struct page_call *call, struct figures_span *out);
/* The same where `from` and `to` (days, the last one included) or `step` are typed; a fault names
 * its field. */
cg_rc figures_choose_typed(struct page_call *call, struct figures_span *out,
			   struct cg_err *err) CG_MUST_USE;
/* The last 30 days. */
void figures_month(struct page_call *call, struct figures_span *out);
/* Links of the choices: "choices" is [{"link", "text", "current"}]; `path` ends in "?" or "&". */
json_t *figures_choices(const struct figures_span *span, const char *path);

/* "Requests", "Refused", … of a span, of one API or key where an id is given (NULL: of all):
 * {"requests", "refused", "refused_share", "main" (the commonest refusal's words), "failed",
 * "failed_share", "p50", "p95", "p99", "up" or "down" (against the same time before), "any",
 * "chart"}. */
cg_rc figures_make(struct page_call *call, const struct figures_span *span, const char *api_id,
		   const char *key_id, const char *chart_id, bool low, json_t **out,
		   struct cg_err *err) CG_MUST_USE;

/* The group with the most requests first. */
void figures_sort(struct usage_sums *sums);
/* What a code of a refusal is called: "Rate limit". */
const char *figures_code_title(const char *code);
/* "18 ms"; "—" for a negative number, which is of nothing. */
json_t *figures_ms(double us);
/* How much of a key's quota is used: {"used", "limit", "remaining", "width" and "kind" (of its bar:
 * "ok", "warn" when a tenth is left, "bad"), "renews"}; JSON's null where it has none. */
json_t *figures_quota(struct page_call *call, const struct key_grant *g);
/* "1.9 %" */
json_t *figures_share(uint64_t part, uint64_t whole);

#endif
