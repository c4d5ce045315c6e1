/* Charts as values for the template layout/chart.tpl: an SVG of bars, and the same numbers as a
 * table for those who do not see it. */
#ifndef CG_PAGE_CHART_H
#define CG_PAGE_CHART_H

#include "base/base.h"
#include <jansson.h>

/* Requests of one span of time. */
struct chart_bar {
	const char *label;		   /* when, for the table and the tip: "25 Nov, 14:00" */
	const char *mark;		   /* the same below the axis: "14:00" */
	uint64_t allowed, refused, failed; /* failed: errors of upstreams */
};

/* What the chart is called: in sentences, as "Requests per hour". */
struct chart_words {
	const char *id;	     /* of the page, once: letters and digits */
	const char *caption; /* "Requests per hour" */
	const char *unit;    /* what a bar is, as the table's head: "Hour" */
	bool low;	     /* of less height */
};

/* An object for page_write, a new reference: an include ({{>NAME}}).  NULL without memory. */
json_t *chart_make(const struct chart_bar *bars, size_t n, const struct chart_words *words);

/* A share as text for a bar's width: "61.5%"; "0%" of nothing. */
#define CHART_SHARE_TEXT 16
void chart_share(uint64_t part, uint64_t whole, char out[CHART_SHARE_TEXT]);

#endif
