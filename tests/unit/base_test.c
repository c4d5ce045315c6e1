/* lib/base: memory, errors, the data folder, header fields, sealing. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/field.h"
#include "base/hash.h"
#include "base/home.h"
#include "base/seal.h"
#include "base/text.h"
#include <sys/stat.h>

/* --- memory --- */

/* Texts of every length, at the end of a block and after one, also from the second use on. */
static void test_arena_texts(void **state)
{
	(void)state;
	struct arena a;
	char *texts[300];
	arena_init(&a, 1024 * 1024);
	for (int use = 0; use < 3; use++) {
		for (int i = 0; i < 300; i++)
			texts[i] = arena_printf(&a, "%0*d", 1 + (i * 37) % 700, i);
		for (int i = 0; i < 300; i++) {
			assert_non_null(texts[i]);
			assert_int_equal(strlen(texts[i]),
					 snprintf(NULL, 0, "%0*d", 1 + (i * 37) % 700, i));
			assert_int_equal(strtol(texts[i], NULL, 10), i);
		}
		char *large = arena_printf(&a, "%020000d", 7);
		assert_int_equal(strlen(large), 20000);
		arena_clear(&a);
		const char *zeroed = arena_alloc(&a, 4000);
		for (int i = 0; i < 4000; i++)
			assert_int_equal(zeroed[i], 0);
	}
	arena_release(&a);
}

/* An array that grows keeps what is in it; what does not fit leaves it as it was. */
static void test_arena_array(void **state)
{
	(void)state;
	struct arena a;
	uint32_t *items = NULL;
	size_t n = 0, room = 0;
	arena_init(&a, 100000);
	for (;;) {
		uint32_t *grown = arena_grow(&a, items, n, &room, sizeof(*items));
		if (!grown)
			break;
		items = grown;
		assert_in_range(room, n + 1, 100000 / sizeof(*items));
		assert_int_equal(items[n], 0);
		items[n] = (uint32_t)n * 7;
		n++;
	}
	assert_in_range(n, 1000, 100000 / sizeof(*items));
	assert_int_equal(room, n);
	assert_true(a.failed);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(items[i], i * 7);
	arena_release(&a);
}

static void test_arena(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 100000);
	char *text = arena_strdup(&a, "kept");
	assert_non_null(text);
	for (size_t i = 1; i < 300; i++) {
		unsigned char *p = arena_alloc(&a, i % 90);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < i % 90; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xaa, i % 90);
	}
	assert_string_equal(text, "kept");
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	char *copy = arena_copy(&a, SPAN_LIT("a\0b"));
	assert_memory_equal(copy, "a\0b", 4);
	assert_non_null(arena_copy(&a, span_make(NULL, 0)));
	/* One that is larger than a block. */
	char *big = arena_alloc(&a, 50000);
	assert_non_null(big);
	memset(big, 1, 50000);
	assert_false(a.failed);
	/* The ceiling counts over all. */
	assert_null(arena_alloc(&a, 50000));
	assert_true(a.failed);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	assert_null(arena_copy(&a, span_make("x", SIZE_MAX)));
	assert_string_equal(text, "kept");
	arena_clear(&a);
	assert_false(a.failed);
	assert_int_equal(a.used_bytes, 0);
	/* To the last byte, never beyond. */
	size_t got = 0;
	while (arena_alloc(&a, 1000))
		got += 1000;
	assert_true(got >= 98000 && got <= 100000 && a.used_bytes <= 100000);
	arena_release(&a);
	arena_init(&a, 0);
	assert_null(arena_alloc(&a, 1));
	assert_null(arena_printf(&a, "x"));
	assert_true(a.failed);
	arena_release(&a);
}

static void test_buf(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1000);
	assert_int_equal(buf_span(&b).n, 0);
	buf_add(&b, span_make(NULL, 0));
	for (int i = 0; i < 100; i++)
		buf_add_text(&b, "0123456789");
	assert_false(b.failed);
	assert_int_equal(b.n, 1000);
	assert_int_equal(b.p[1000], '\0');
	/* One more byte: nothing half-built is left, and nothing can be added to it. */
	buf_add_char(&b, 'x');
	assert_true(b.failed);
	assert_int_equal(b.n, 0);
	buf_add_text(&b, "again");
	assert_true(b.failed);
	assert_int_equal(b.n, 0);
	buf_release(&b);
	buf_init(&b, 100000);
	buf_printf(&b, "%s|%d", "a", 1);
	assert_string_equal(b.p, "a|1");
	/* Longer than what is on the stack. */
	buf_printf(&b, "%05000d", 7);
	assert_int_equal(b.n, 3 + 5000);
	assert_int_equal(b.p[b.n - 1], '7');
	buf_printf(&b, "%0200000d", 7);
	assert_true(b.failed);
	buf_release(&b);
	buf_init(&b, 10);
	buf_add(&b, span_make("x", SIZE_MAX));
	assert_true(b.failed);
	buf_release(&b);
}

static void test_spans(void **state)
{
	(void)state;
	static const char *const want[] = {"a", "", "b", ""};
	struct span rest = SPAN_LIT("a,,b,"), part = SPAN_LIT("");
	for (size_t i = 0; i < CG_COUNT(want); i++) {
		assert_true(span_next(&rest, ',', &part));
		assert_true(span_is_text(part, want[i]));
	}
	assert_false(span_next(&rest, ',', &part));
	assert_true(span_is(span_trim(SPAN_LIT(" \t\r\n")), SPAN_LIT("")));
	assert_true(span_is(span_trim(SPAN_LIT(" a b ")), SPAN_LIT("a b")));
	assert_true(span_is(span_trim(SPAN_LIT("\0 ")), SPAN_LIT("\0")));
	assert_true(span_is(span_from(SPAN_LIT("abc"), 4), SPAN_LIT("")));
	assert_true(span_is(span_from(SPAN_LIT("abc"), 1), SPAN_LIT("bc")));
	assert_false(span_is(SPAN_LIT("a\0b"), SPAN_LIT("a\0c")));
	assert_true(span_is_nocase(SPAN_LIT("BeArer"), SPAN_LIT("bearer")));
	assert_true(span_starts(SPAN_LIT("abc"), SPAN_LIT("")));
	assert_false(span_starts(SPAN_LIT("ab"), SPAN_LIT("abc")));
}

/* --- errors --- */

static void test_errors(void **state)
{
	(void)state;
	struct cg_err err = {0}, more = {0};
	char field[200];
	unsigned n = 0;
	for (int i = 0; i < 2 * FAULTS_MAX; i++) {
		(void)snprintf(field, sizeof(field), "field[%d]", i);
		assert_int_equal(cg_fail_field(&err, field, "is %d", i), CG_BAD_VALUE);
	}
	assert_int_equal(err.n_fields, FAULTS_MAX);
	assert_int_equal(err.n_more, FAULTS_MAX);
	assert_string_equal(err.text, "field[0]: is 0");
	for (struct cg_fault f = {NULL, NULL}; cg_err_next(&err, &f); n++) {
		(void)snprintf(field, sizeof(field), "field[%u]is %u", n, n);
		assert_true(strncmp(field, f.field, strlen(f.field)) == 0);
		assert_string_equal(field + strlen(f.field), f.text);
	}
	assert_int_equal(n, FAULTS_MAX);
	assert_true(cg_err_names(&err, "field[7]"));
	assert_false(cg_err_names(&err, "field[100]"));
	cg_err_add(&more, &err);
	assert_int_equal(more.n_fields, FAULTS_MAX);
	assert_int_equal(more.n_more, FAULTS_MAX);
	/* Long ones are cut, and the list never runs over. */
	memset(field, 'y', sizeof(field) - 1);
	field[sizeof(field) - 1] = '\0';
	err = (struct cg_err){0};
	for (int i = 0; i < 50; i++)
		(void)cg_fail_field(&err, field, "%0900d", 1);
	assert_true(err.used <= sizeof(err.list) && err.n_fields >= 8);
	assert_int_equal(err.n_fields + err.n_more, 50);
	struct cg_fault f = {NULL, NULL};
	assert_true(cg_err_next(&err, &f));
	assert_int_equal(strlen(f.field), CG_FAULT_FIELD - 1);
	assert_int_equal(strlen(f.text), CG_FAULT_TEXT - 1);
	/* A clash keeps its code while nothing but clashes is wrong. */
	err = (struct cg_err){0};
	assert_int_equal(cg_fail_clash(&err, "name_in_use", "name", "Taken."), CG_CLASH);
	assert_int_equal(cg_fail_clash(&err, "other", "path", "Taken, too."), CG_CLASH);
	assert_string_equal(err.text, "Taken.");
	assert_string_equal(err.code, "name_in_use");
	assert_int_equal(err.n_fields, 2);
	(void)cg_fail_field(&err, "x", "is missing");
	assert_null(err.code);
	assert_int_equal(cg_worse(CG_CLASH, CG_BAD_VALUE), CG_BAD_VALUE);
	assert_int_equal(cg_worse(CG_BAD_INPUT, CG_BAD_VALUE), CG_BAD_INPUT);
	assert_int_equal(cg_worse(CG_OK, CG_CLASH), CG_CLASH);
	assert_int_equal(cg_worse(CG_BAD_INPUT, CG_UNAVAILABLE), CG_UNAVAILABLE);
	assert_int_equal(cg_worse(CG_FAIL, CG_OK), CG_FAIL);
	assert_int_equal(cg_fail_code(&err, CG_CLASH, "name_in_use", "%0900d", 1), CG_CLASH);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_string_equal(err.code, "name_in_use");
	assert_int_equal(cg_fail(NULL, CG_STALE, "nobody asks"), CG_STALE);
	assert_int_equal(cg_fail_field(NULL, "x", "nobody asks"), CG_BAD_VALUE);
	assert_int_equal(cg_fail_clash(NULL, "c", "x", "nobody asks"), CG_CLASH);
	assert_int_equal(cg_fail_memory(NULL), CG_UNAVAILABLE);
}

/* --- the data folder --- */

static void test_home(void **state)
{
	(void)state;
	struct home home;
	struct cg_err err = {0};
	char dir[] = "/tmp/cgh.XXXXXX", path[64];
	assert_int_equal(unsetenv("CERTGATE_HOME"), 0);
	assert_int_equal(home_find(NULL, &home, &err), CG_BAD_INPUT);
	assert_int_equal(home_find("", &home, &err), CG_BAD_INPUT);
	assert_int_equal(home_find("/srv/cg//", &home, &err), CG_OK);
	assert_string_equal(home.dir, "/srv/cg");
	assert_string_equal(home.keys, "/srv/cg/keys");
	assert_int_equal(setenv("CERTGATE_HOME", "/srv/env", 1), 0);
	assert_int_equal(home_find(NULL, &home, &err), CG_OK);
	assert_string_equal(home.db, "/srv/env/db");
	assert_int_equal(home_find("rel", &home, &err), CG_OK);
	assert_true(home.dir[0] == '/' && strstr(home.dir, "/rel"));
	char *long_name = calloc(1, 2 * HOME_PATH_MAX);
	assert_non_null(long_name);
	memset(long_name, 'x', 2 * HOME_PATH_MAX - 1);
	long_name[0] = '/';
	assert_int_equal(home_find(long_name, &home, &err), CG_BAD_INPUT);
	free(long_name);
	/* Folders: there, private, and of this user. */
	assert_non_null(mkdtemp(dir));
	assert_int_equal(home_find(dir, &home, &err), CG_OK);
	const char *folders[] = {home.dir, home.db, home.run, home.keys};
	for (size_t i = 1; i < CG_COUNT(folders); i++) {
		assert_int_equal(home_check(&home, &err), CG_UNAVAILABLE);
		assert_non_null(strstr(err.text, folders[i]));
		assert_int_equal(mkdir(folders[i], 0700), 0);
	}
	assert_int_equal(home_check(&home, &err), CG_OK);
	for (size_t i = 0; i < CG_COUNT(folders); i++)
		for (mode_t bit = 1; bit < 0100; bit <<= 1) {
			assert_int_equal(chmod(folders[i], 0700 | bit), 0);
			assert_int_equal(home_check(&home, &err), CG_UNAVAILABLE);
			assert_non_null(strstr(err.text, "chmod 700"));
			assert_int_equal(chmod(folders[i], 0700), 0);
		}
	if (geteuid() == 0) {
		assert_int_equal(chown(home.run, 65534, 65534), 0);
		assert_int_equal(home_check(&home, &err), CG_UNAVAILABLE);
		assert_non_null(strstr(err.text, "another user"));
	}
	assert_int_equal(rmdir(home.run), 0);
	(void)snprintf(path, sizeof(path), "%s/run", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(home_check(&home, &err), CG_UNAVAILABLE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(home.db), 0);
	assert_int_equal(rmdir(home.keys), 0);
	assert_int_equal(rmdir(home.dir), 0);
}

static void test_fields(void **state)
{
	static const struct {
		const char *name;
		bool hop, order, identity, plain;
	} rows[] = {
	    {"Connection",		   true,	 false, false, true },
	    {"TE",		      true,	 false, false, true },
	    {"tea",		     false, false, false, true },
	    {"STATUS",		       false, true,  false, true },
	    {"X-Accel-Redirect",	 false, true,  false, true },
	    {"X-Accel-",		 false, true,  false, true },
	    {"x-certgate-key-id",	  false, false, true,  true },
	    {"X-Forwarded-For",		false, false, true,  true },
	    {"x-forwarded-client-cert", false, false, false, true },
	    {"X-Forwarded",		    false, false, false, true },
	    {"Client-Cert",		    false, false, true,	true },
	    {"Client-Certificates",	    false, false, false, true },
	    {"X_Forwarded_For",		false, false, false, false},
	    {"a b",		     false, false, false, false},
	    {"a:",		      false, false, false, false},
	    {"",			false, false, false, false},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span name = span_of(rows[i].name);
		assert_int_equal(field_is_hop(name), rows[i].hop);
		assert_int_equal(field_is_cgi_order(name), rows[i].order);
		assert_int_equal(field_is_identity(name), rows[i].identity);
		assert_int_equal(field_is_plain(name), rows[i].plain);
		assert_int_equal(field_is_forwarded(name),
				 strcasecmp(rows[i].name, "X-Forwarded-For") == 0 ||
				     strcasecmp(rows[i].name, "x-forwarded-client-cert") == 0);
	}
}

static void test_seal(void **state)
{
	struct arena a;
	struct seal_key key, other;
	struct span sealed, again, plain;
	uint8_t bytes[32] = {1, 2, 3};
	char changed[256];
	(void)state;
	arena_init(&a, 65536);
	assert_int_equal(seal_key_from(bytes, &key, NULL), CG_OK);
	bytes[31] = 1;
	assert_int_equal(seal_key_from(bytes, &other, NULL), CG_OK);
	struct span secret = SPAN_LIT("the secret"), place = SPAN_LIT("id field");
	assert_int_equal(seal_close(&key, secret, place, &a, &sealed, NULL), CG_OK);
	assert_int_equal(seal_close(&key, secret, place, &a, &again, NULL), CG_OK);
	assert_false(span_is(sealed, again));
	assert_int_equal(seal_open(&key, sealed, place, &a, &plain, NULL), CG_OK);
	assert_true(span_is(plain, secret));
	assert_int_equal(seal_open(&other, sealed, place, &a, &plain, NULL), CG_BAD_VALUE);
	assert_int_equal(seal_open(&key, sealed, SPAN_LIT("id2 field"), &a, &plain, NULL),
			 CG_BAD_VALUE);
	for (size_t i = 0; i < sealed.n; i++) {
		memcpy(changed, sealed.p, sealed.n);
		changed[i] ^= 1;
		assert_int_equal(
		    seal_open(&key, span_make(changed, sealed.n), place, &a, &plain, NULL),
		    CG_BAD_VALUE);
		assert_int_equal(seal_open(&key, span_make(sealed.p, i), place, &a, &plain, NULL),
				 CG_BAD_VALUE);
	}
	seal_key_wipe(&key);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_arena_texts), cmocka_unit_test(test_arena),
	    cmocka_unit_test(test_arena_array), cmocka_unit_test(test_buf),
	    cmocka_unit_test(test_spans),	cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_home),	cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_seal),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
