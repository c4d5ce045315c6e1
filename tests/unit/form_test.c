/* lib/web: forms and cookies. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/buf.h"
#include "web/cookie.h"
#include "web/form.h"

#define URLENCODED "application/x-www-form-urlencoded"
#define MULTIPART  "multipart/form-data; boundary=----B0"
#define HEAD(more) "------B0\r\nContent-Disposition: form-data; " more "\r\n\r\n"
#define END	   "\r\n------B0--\r\n"

static struct arena arena;

static int start(void **state)
{
	(void)state;
	arena_init(&arena, (size_t)8 * 1024 * 1024);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static cg_rc parse(const char *type, struct span body, struct web_form *form)
{
	struct cg_err err = {.text = ""};
	cg_rc rc = web_form_parse(span_of(type), body, &arena, form, &err);
	assert_true(rc == CG_OK || err.text[0] != '\0');
	return rc;
}

static void forms_that_are_read(void **state)
{
	static const struct {
		const char *type, *body, *name, *value;
		size_t n;
	} rows[] = {
	    {URLENCODED,					    "a=1&b=2",						"b", "2",	      2},
	    {URLENCODED,					    "",						       "b", NULL,	0},
	    {URLENCODED,					    "a=&b",						   "a", "",	  2},
	    {URLENCODED,					    "a=x+y%20z%26",					   "a", "x y z&",	1},
	    {URLENCODED,					    "a=1&a=2",						"a", "1",	      2},
	    {"APPLICATION/x-www-form-urlencoded; charset=UTF-8",	 "a=%C3%A9",						     "a", "\xc3\xa9", 1},
	    {MULTIPART,					     HEAD("name=\"a\"") "1" END,				    "a", "1",	      1},
	    {MULTIPART,					     HEAD("name=\"a\"") END,					"a", "",	 1},
	    {MULTIPART,					     HEAD("name=a") "x\r\ny" END,				     "a", "x\r\ny",   1},
	    {MULTIPART,					     HEAD("name=\"a\"") "1\r\n" HEAD("name=\"b\"") "2" END,    "b", "2",	 2},
	    {MULTIPART,					     HEAD("name=\"f\"; filename=\"a;name=x.pem\"") "data" END, "f", "data",     1},
	    {MULTIPART,					     HEAD("filename=\"name=evil\"; name=\"f\"") "data" END,    "f", "data",	    1},
	    {MULTIPART,					     HEAD("NAME=\"a\"") "1" END,				    "a", "1",	      1},
	    {"multipart/form-data; charset=x; boundary=\"----B0\"", HEAD("name=\"a\"") "1" END,				"a",
	     "1",															      1},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct web_form form = {.n = 77};
		print_message("# %zu\n", i);
		assert_int_equal(parse(rows[i].type, span_of(rows[i].body), &form), CG_OK);
		assert_int_equal(form.n, rows[i].n);
		struct span value = web_form_get(&form, rows[i].name);
		if (!rows[i].value)
			assert_null(value.p);
		else
			assert_true(value.p && span_is_text(value, rows[i].value));
		assert_int_equal(web_form_has(&form, rows[i].name), rows[i].value != NULL);
	}
}

static void forms_that_are_refused(void **state)
{
	static const struct {
		const char *type, *body;
	} rows[] = {
	    {"",			       "a=1"								 },
	    {"text/plain",			   "a=1"								 },
	    {"application/json",		 "{}"								  },
	    {"multipart/form-data",	    HEAD("name=\"a\"") "1" END					      },
	    {"multipart/form-data; boundary=", HEAD("name=\"a\"") "1" END						 },
	    {URLENCODED,			 "a=%"								 },
	    {URLENCODED,			 "a=%0"								},
	    {URLENCODED,			 "a=%00"							       },
	    {URLENCODED,			 "=1"								  },
	    {MULTIPART,			""								    },
	    {MULTIPART,			"------B0"							    },
	    {MULTIPART,			HEAD("name=\"a\"") "1"						},
	    {MULTIPART,			HEAD("name=\"a\"") "1\r\n------B0"					  },
	    {MULTIPART,			HEAD("name=\"a\"") "1\r\n------B0x"				   },
	    {MULTIPART,			HEAD("filename=\"a\"") "1" END					      },
	    {MULTIPART,			HEAD("name=\"\"") "1" END						 },
	    {MULTIPART,			HEAD("name=\"a") "1" END						},
	    {MULTIPART,			"------B0\r\n\r\n1" END					       },
	    {MULTIPART,			"before\r\n" HEAD("name=\"a\"") "1" END			       },
	    {MULTIPART,			"------B0\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1" END},
	    {MULTIPART,			"------B0\r\nContent-Disposition: form-data; name=\"a\"\r\n"
			"Content-Disposition: form-data; name=\"b\"\r\n\r\n1" END		 },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct web_form form = {.n = 77};
		print_message("# %zu\n", i);
		assert_int_equal(parse(rows[i].type, span_of(rows[i].body), &form), CG_BAD_INPUT);
		assert_int_equal(form.n, 77);
	}
}

static void fields_have_limits(void **state)
{
	struct web_form form = {.n = 0};
	struct buf body;
	(void)state;
	buf_init(&body, (size_t)1024 * 1024);
	for (int i = 0; i < FORM_FIELDS_MAX; i++)
		buf_add_text(&body, "a=1&");
	assert_int_equal(parse(URLENCODED, buf_span(&body), &form), CG_OK);
	assert_int_equal(form.n, FORM_FIELDS_MAX);
	buf_add_text(&body, "a=1");
	assert_int_equal(parse(URLENCODED, buf_span(&body), &form), CG_BAD_INPUT);
	buf_release(&body);
	buf_init(&body, (size_t)1024 * 1024);
	for (int i = 0; i < FORM_NAME_MAX; i++)
		buf_add_char(&body, 'n');
	assert_int_equal(parse(URLENCODED, buf_span(&body), &form), CG_OK);
	buf_add_char(&body, 'n');
	assert_int_equal(parse(URLENCODED, buf_span(&body), &form), CG_BAD_INPUT);
	buf_release(&body);
}

static void a_file_may_be_binary(void **state)
{
	struct web_form form;
	static const char bytes[] = HEAD("name=\"f\"; filename=\"a.der\"") "0\0\r\n--\x80" END;
	(void)state;
	assert_int_equal(parse(MULTIPART, span_make(bytes, sizeof(bytes) - 1), &form), CG_OK);
	assert_true(form.fields[0].is_file);
	assert_true(span_is(form.fields[0].value, span_make("0\0\r\n--\x80", 7)));
	/* As text there is none: it would end at the NUL. */
	assert_string_equal(web_form_text(&form, "f", &arena), "");
}

static void text_is_trimmed(void **state)
{
	struct web_form form;
	(void)state;
	assert_int_equal(parse(URLENCODED, span_of("a=++x+y%0D%0A&b="), &form), CG_OK);
	assert_string_equal(web_form_text(&form, "a", &arena), "x y");
	assert_string_equal(web_form_text(&form, "b", &arena), "");
	assert_string_equal(web_form_text(&form, "c", &arena), "");
}

static void cookies_are_found(void **state)
{
	static const struct {
		const char *field, *second, *value;
	} rows[] = {
	    {"__Host-x=1",		   NULL,	 "1"},
	    {"a=b; __Host-x=1; c=d",   NULL,	   "1"},
	    {"a=b;__Host-x=1",	       NULL,	     "1"},
	    {"a=b",		    "__Host-x=1", "1"},
	    {"__Host-x=1; __Host-x=1", NULL,	     "1"},
	    {"__Host-x=1; __Host-x=2", NULL,	     "" },
	    {"__Host-x=1",		   "__Host-x=2", "" },
	    {"__Host-xy=1",	    NULL,	  "" },
	    {"__host-x=1",		   NULL,	 "" },
	    {"a=__Host-x=1",	     NULL,	   "" },
	    {"",		       NULL,	       "" },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct web_field fields[] = {
		    {SPAN_LIT("cookie"), span_of(rows[i].field) },
		    {SPAN_LIT("cookie"), span_of(rows[i].second)},
		};
		const struct web_request req = {.fields = fields,
						.n_fields = rows[i].second ? 2 : 1};
		print_message("# %zu\n", i);
		assert_true(span_is_text(cookie_get(&req, "__Host-x"), rows[i].value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(forms_that_are_read, start, stop),
	    cmocka_unit_test_setup_teardown(forms_that_are_refused, start, stop),
	    cmocka_unit_test_setup_teardown(fields_have_limits, start, stop),
	    cmocka_unit_test_setup_teardown(a_file_may_be_binary, start, stop),
	    cmocka_unit_test_setup_teardown(text_is_trimmed, start, stop),
	    cmocka_unit_test(cookies_are_found),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
