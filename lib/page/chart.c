#include "base/base.h"
#include "page/chart.h"
#include "base/text.h"

/* Of the picture's own coordinates; the page stretches it. */
#define HEIGHT	  160
#define BAR_WIDTH 10
#define INTERVALS 3 /* between lines */
#define MARKS_MAX 7 /* texts below the axis: one for each day of a week */

/* The distance of two lines: at least a third of the highest bar, and a round number. */
static uint64_t step_of(uint64_t highest)
{
	static const uint64_t round[] = {1, 2, 3, 4, 5, 6, 8, 10};
	uint64_t least = highest / INTERVALS + (highest % INTERVALS > 0), power = 1;
	while (power * 10 < least && power < UINT64_MAX / 100)
		power *= 10;
	for (size_t i = 0; i < CG_COUNT(round); i++)
		if (round[i] * power >= least)
			return round[i] * power;
	return 10 * power;
}

/* "12 k", "1.5 M" */
static json_t *tick(uint64_t n)
{
	if (n >= 1000000000)
		return json_sprintf("%g G", (double)n / 1e9);
	if (n >= 1000000)
		return json_sprintf("%g M", (double)n / 1e6);
	if (n >= 1000)
		return json_sprintf("%g k", (double)n / 1e3);
	return json_sprintf("%" PRIu64, n);
}

static json_t *number(uint64_t n)
{
	char text[NUMBER_TEXT];
	number_format(n, text);
	return json_string(text);
}

static json_t *coordinate(double at)
{
	return json_sprintf("%.2f", at);
}

/* One part of a bar, whose foot stands on *top, which moves up. */
static void add_part(json_t *bar, const char *name, uint64_t n, double scale, double *top)
{
	double height = (double)n * scale;
	*top -= height;
	if (n > 0)
		(void)json_object_set_new(
		    bar, name,
		    json_pack("{s:o, s:o}", "y", coordinate(*top), "h", coordinate(height)));
}

static json_t *bar_of(const struct chart_bar *b, size_t i, double scale)
{
	double top = HEIGHT;
	json_t *bar = json_pack(
	    "{s:s, s:I, s:o, s:o, s:o, s:o}", "label", b->label, "left", (json_int_t)i * BAR_WIDTH,
	    "x", coordinate((double)i * BAR_WIDTH + 1.2), "allowed", number(b->allowed), "refused",
	    number(b->refused), "failed", number(b->failed));
	add_part(bar, "part_ok", b->allowed, scale, &top);
	add_part(bar, "part_warn", b->refused, scale, &top);
	add_part(bar, "part_bad", b->failed, scale, &top);
	return bar;
}

/* Texts at even distances, each in the middle of the bars that it stands for; where the bars cannot
 * be parted evenly, of the first and the last alone. */
static json_t *marks_of(const struct chart_bar *bars, size_t n, bool *ends)
{
	size_t marks = n < MARKS_MAX ? n : MARKS_MAX;
	json_t *out = json_array();
	while (marks > 0 && n % marks != 0)
		marks--;
	*ends = n > MARKS_MAX && marks < 4;
	if (*ends) {
		(void)json_array_append_new(out, json_string(bars[0].mark));
		(void)json_array_append_new(out, json_string(bars[n - 1].mark));
		return out;
	}
	for (size_t i = 0; i < marks; i++)
		(void)json_array_append_new(
		    out, json_string(bars[i * (n / marks) + n / marks / 2].mark));
	return out;
}

json_t *chart_make(const struct chart_bar *bars, size_t n, const struct chart_words *words)
{
	uint64_t highest = 1;
	bool ends;
	json_t *items = json_array(), *lines = json_array(), *ticks = json_array();
	for (size_t i = 0; i < n; i++) {
		uint64_t all = bars[i].allowed + bars[i].refused + bars[i].failed;
		if (all > highest)
			highest = all;
	}
	uint64_t step = step_of(highest);
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
		    items, bar_of(&bars[i], i, HEIGHT / (double)(INTERVALS * step)));
	for (unsigned i = 0; i <= INTERVALS; i++) {
		(void)json_array_append_new(lines, coordinate(HEIGHT * (double)i / INTERVALS));
		(void)json_array_append_new(ticks, tick((INTERVALS - i) * step));
	}
	json_t *marks = marks_of(bars, n, &ends);
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:o, s:o, s:o, s:o, s:b}", "template",
			 "layout/chart.tpl", "id", words->id, "caption", words->caption, "unit",
			 words->unit, "low", (int)words->low, "width", (json_int_t)n * BAR_WIDTH,
			 "bars", items, "lines", lines, "ticks", ticks, "marks", marks, "ends",
			 (int)ends);
}

void chart_share(uint64_t part, uint64_t whole, char out[CHART_SHARE_TEXT])
{
	(void)snprintf(out, CHART_SHARE_TEXT, "%.1f%%",
		       whole > 0 ? 100 * (double)part / (double)whole : 0.0);
}
