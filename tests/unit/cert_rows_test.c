/* lib/cert against tests/certs: every row of manifest.tsv that can be judged without a store and
 * without a handshake. */
#include "cert_world.h"
#include "base/clock.h"

#define ROWS_MAX 400
#define COLUMNS	 11

enum { COL_FILE, COL_AREA, COL_HOW, COL_VERDICT, COL_LEVEL, COL_SHA256, COL_CLOCK = 9 };

enum way { ADMIN_PASTE, PORTAL_PASTE, ADMIN_UPLOAD, GATE_VALUE, WAY__COUNT };

static const char *const way_names[WAY__COUNT] = {
    "admin paste",
    "portal paste",
    "admin upload",
    "SSL_CLIENT_CERT value",
};

struct row {
	struct span col[COLUMNS];
};

static struct {
	char *text;
	struct row rows[ROWS_MAX];
	size_t n;
	size_t run[WAY__COUNT];
} manifest;

static int64_t now_2026, now_2042;

static int setup(void **state)
{
	(void)state;
	struct span text = load("manifest.tsv"), rest = text, line;
	manifest.text = (char *)(uintptr_t)text.p;
	assert_true(rfc3339_parse(SPAN_LIT("2026-11-25T12:00:00Z"), &now_2026));
	assert_true(rfc3339_parse(SPAN_LIT("2042-01-01T00:00:00Z"), &now_2042));
	(void)span_next(&rest, '\n', &line); /* the head */
	while (span_next(&rest, '\n', &line) && line.n > 0) {
		assert_true(manifest.n < ROWS_MAX);
		struct row *row = &manifest.rows[manifest.n++];
		for (size_t i = 0; i < COLUMNS; i++)
			assert_true(span_next(&line, '\t', &row->col[i]));
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(manifest.text);
	return 0;
}

static bool has_way(const struct row *row, enum way way)
{
	struct span rest = row->col[COL_HOW], part;
	while (span_next(&rest, ';', &part))
		if (span_is_text(span_trim(part), way_names[way]))
			return true;
	return false;
}

static struct span load_row(const struct row *row)
{
	char name[200];
	(void)snprintf(name, sizeof(name), "%.*s", (int)row->col[COL_FILE].n, row->col[COL_FILE].p);
	return load(name);
}

static void check_verdict(const char *what, const struct row *row, bool accepted,
			  const struct sha256 *sha256, const char *why)
{
	char hex[SHA256_HEX + 1];
	struct span want = row->col[COL_SHA256];
	hex_format(sha256->b, SHA256_BYTES, hex);
	/* Refused with a fingerprint: only while it belongs to another key, which a store knows. */
	bool refused = span_is_text(row->col[COL_VERDICT], "refused") && want.n != SHA256_HEX;
	if (accepted && refused)
		fail_msg("%s: accepted as %s", what, hex);
	if (accepted && !span_is_text(want, hex))
		fail_msg("%s: accepted as %s", what, hex);
	if (!accepted && !refused && !span_is_text(row->col[COL_VERDICT], "either"))
		fail_msg("%s: refused: %s", what, why);
}

static void check_paste(const char *what, const struct row *row, enum way way, struct span text,
			int64_t now)
{
	static const enum cert_way ways[] = {CERT_WAY_ADMIN, CERT_WAY_PORTAL, CERT_WAY_ADMIN_FILE};
	struct arena arena;
	struct cert_reading out = {.n_chain = 0};
	struct cg_err err = {.code = NULL};
	arena_init(&arena, ARENA_MAX);
	cg_rc rc = cert_read(text, ways[way], CERT_KIND_CLIENT, now, &arena, &out, NULL, &err);
	check_verdict(what, row, rc == CG_OK, &out.leaf.sha256, err.text);
	if (rc == CG_OK) {
		struct sha256 again;
		assert_cert_is_safe(what, &out.leaf);
		assert_int_equal(sha256_of(out.leaf.der, &again), CG_OK);
		assert_memory_equal(&again, &out.leaf.sha256, sizeof(again));
		assert_false(way == PORTAL_PASTE && out.private_key_dropped);
	} else {
		assert_true(rc == CG_BAD_VALUE || rc == CG_TOO_BIG);
		assert_refusal_is_kind(what, text, &err);
	}
	arena_release(&arena);
}

/* What a store would hold: every certificate that some row lets in. */
static bool is_registered(const struct sha256 *sha256)
{
	char hex[SHA256_HEX + 1];
	hex_format(sha256->b, SHA256_BYTES, hex);
	for (size_t i = 0; i < manifest.n; i++)
		if (!span_is_text(manifest.rows[i].col[COL_VERDICT], "refused") &&
		    span_is_text(manifest.rows[i].col[COL_SHA256], hex))
			return true;
	return false;
}

static void check_gate(const char *what, const struct row *row, struct span value, int64_t now)
{
	struct arena arena;
	struct span der = {NULL, 0};
	struct sha256 sha256 = {{0}};
	struct cert facts;
	arena_init(&arena, ARENA_MAX);
	enum cert_seen seen = cert_from_server(value, &arena, &der, &sha256);
	assert_int_not_equal(seen, CERT_SEEN_FAILED);
	bool accepted = seen == CERT_SEEN_ONE && is_registered(&sha256) &&
			cert_facts(der, &arena, &facts, NULL) == CG_OK && facts.not_before <= now &&
			now <= facts.not_after;
	check_verdict(what, row, accepted, &sha256, "nobody");
	arena_release(&arena);
}

static void check_row(const struct row *row, enum way way)
{
	char what[300], clock[RFC3339_TEXT + 1];
	int64_t at, *times[2] = {&now_2026, &now_2042};
	size_t n_times = 2;
	struct span text = load_row(row), c = row->col[COL_CLOCK];
	if (c.n == RFC3339_TEXT) {
		memcpy(clock, c.p, c.n);
		clock[10] = 'T';
		assert_true(rfc3339_parse(span_make(clock, c.n), &at));
		times[0] = &at;
		n_times = 1;
	} else {
		assert_true(span_is_text(c, "-"));
	}
	for (size_t i = 0; i < n_times; i++) {
		(void)rfc3339_format(*times[i], clock);
		(void)snprintf(what, sizeof(what), "%.*s, %s, at %s", (int)row->col[COL_FILE].n,
			       row->col[COL_FILE].p, way_names[way], clock);
		if (way == GATE_VALUE)
			check_gate(what, row, text, *times[i]);
		else
			check_paste(what, row, way, text, *times[i]);
	}
	unload(text);
	manifest.run[way]++;
}

static void run(const char *area, enum way from, enum way to)
{
	for (size_t i = 0; i < manifest.n; i++) {
		const struct row *row = &manifest.rows[i];
		if (span_is_text(row->col[COL_LEVEL], "may") ||
		    (area && !span_starts(row->col[COL_AREA], span_of(area))))
			continue;
		for (enum way way = from; way <= to; way++)
			if (has_way(row, way))
				check_row(row, way);
	}
}

static void test_rows_form(void **state)
{
	(void)state;
	run("1", ADMIN_PASTE, ADMIN_UPLOAD);
}

static void test_rows_content(void **state)
{
	(void)state;
	run("2", ADMIN_PASTE, ADMIN_UPLOAD);
}

static void test_rows_flow(void **state)
{
	(void)state;
	run("3", ADMIN_PASTE, ADMIN_UPLOAD);
}

static void test_rows_gate(void **state)
{
	(void)state;
	run(NULL, GATE_VALUE, GATE_VALUE);
}

/* The numbers of tests/certs/README.md: no row is lost by accident. */
static void test_every_row_was_run(void **state)
{
	(void)state;
	assert_int_equal(manifest.n, 162);
	assert_int_equal(manifest.run[PORTAL_PASTE], 125);
	assert_int_equal(manifest.run[ADMIN_PASTE], 117);
	assert_int_equal(manifest.run[ADMIN_UPLOAD], 15);
	assert_int_equal(manifest.run[GATE_VALUE], 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows_form),	      cmocka_unit_test(test_rows_content),
	    cmocka_unit_test(test_rows_flow),	      cmocka_unit_test(test_rows_gate),
	    cmocka_unit_test(test_every_row_was_run),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
