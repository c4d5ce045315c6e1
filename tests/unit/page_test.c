/* lib/page: templates filled from JSON. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "page/chart.h"
#include "page/page.h"
#include "page/template.h"
#include "folder.h"
#include <sys/stat.h>

static char folder[] = "/tmp/cgpage.XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fprintf(f, "{{%%AUTOESCAPE context=\"HTML\"}}\n%s", text) > 0);
	assert_int_equal(fclose(f), 0);
	assert_true(template_load(folder, name));
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return 1;
	put("layout.tpl", "<i>{{title}}</i>{{#on}}[{{title}}]{{/on}}{{>body}}");
	put("text.tpl", "<p>{{a}}</p>");
	put("places.tpl", "<a href=\"{{link}}\" title=\"{{a}}\" class=\"x {{a}}\">{{a}}</a>"
			  "<a href=\"/k?q={{a}}\">x</a><textarea>{{a}}</textarea>");
	put("sections.tpl", "{{#yes}}yes{{/yes}}{{#no_yes}}no{{/no_yes}}"
			    "{{#has_t}}T{{t}}{{/has_t}}{{#no_t}}none{{/no_t}}");
	put("lists.tpl", "{{#has_l}}<{{/has_l}}{{#l}}({{n}}{{outer}}{{#on}}*{{n}}{{/on}}){{/l}}"
			 "{{#no_l}}empty{{/no_l}}{{#w}}{{item}},{{/w}}");
	put("include.tpl", "{{>part}}");
	put("part.tpl", "{{title}}:{{own}}:{{outer}}:{{#on}}{{own}}{{/on}}");
	template_freeze();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return remove_tree(folder);
}

static cg_rc write_page(const char *body, const char *everywhere, const char *values,
			struct buf *out, struct cg_err *err)
{
	json_t *global = json_loads(everywhere, 0, NULL), *own = json_loads(values, 0, NULL);
	assert_non_null(global);
	assert_non_null(own);
	cg_rc rc = page_write("layout.tpl", body, global, own, out, err);
	json_decref(global);
	json_decref(own);
	return rc;
}

static void pages(void **state)
{
	static const struct {
		const char *body, *values, *want;
	} rows[] = {
	    {"text.tpl",	 "{\"a\": \"x\"}",					     "<p>x</p>"			     },
	    {"text.tpl",	 "{\"a\": 5}",						 "<p>5</p>"				 },
	    {"text.tpl",	 "{}",							 "<p></p>"				},
	    {"text.tpl",	 "{\"a\": \"<script>\\\"&'\"}",				"<p>&lt;script&gt;&quot;&amp;&#39;</p>"},
	    {"sections.tpl", "{\"yes\": true, \"t\": \"x\"}",			      "yesTx"				     },
	    {"sections.tpl", "{\"yes\": false, \"t\": \"\"}",			      "nonone"				      },
	    {"sections.tpl", "{\"yes\": null, \"t\": null}",				     "nonone"				     },
	    {"lists.tpl",	  "{\"l\": [], \"w\": []}",					    "empty"				   },
	    {"lists.tpl",
	     "{\"l\": [{\"n\": 1}, {\"n\": 2}], \"outer\": \"o\", \"w\": [\"a\", \"b\"]}", "<(1o*1)(2o*2)a,b,"			},
	    {"include.tpl",
	     "{\"part\": {\"template\": \"part.tpl\", \"own\": \"w\"}, \"outer\": \"o\"}", "Title:w::w"			   },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct buf out;
		struct cg_err err = {.text = ""};
		char want[200];
		buf_init(&out, 4096);
		print_message("# %zu\n", i);
		assert_int_equal(write_page(rows[i].body, "{\"title\": \"Title\", \"on\": true}",
					    rows[i].values, &out, &err),
				 CG_OK);
		(void)snprintf(want, sizeof(want), "<i>Title</i>[Title]%s", rows[i].want);
		assert_string_equal(out.p, want);
		buf_release(&out);
	}
}

/* Each place has its own escaping; an address that is a script becomes harmless. */
static void places(void **state)
{
	struct buf out;
	struct cg_err err = {.text = ""};
	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(
	    write_page("places.tpl", "{}",
		       "{\"link\": \"javascript:alert(1)\", \"a\": \"\\\"><img src=x> &b=1\"}",
		       &out, &err),
	    CG_OK);
	assert_null(strstr(out.p, "javascript"));
	assert_null(strstr(out.p, "<img"));
	assert_null(strstr(out.p, "\"\">"));
	assert_null(strstr(out.p, "&b=1\">x"));
	buf_release(&out);
}

static void a_page_has_a_ceiling(void **state)
{
	struct buf out;
	struct cg_err err = {.text = ""};
	(void)state;
	buf_init(&out, 10);
	assert_int_equal(write_page("text.tpl", "{}", "{\"a\": \"a long text\"}", &out, &err),
			 CG_UNAVAILABLE);
	assert_true(err.text[0] != '\0');
	buf_release(&out);
}

static void a_template_that_is_missing_is_an_error(void **state)
{
	struct buf out;
	struct cg_err err = {.text = ""};
	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(write_page("nothing.tpl", "{}", "{}", &out, &err), CG_UNAVAILABLE);
	buf_release(&out);
}

/* --- charts --- */

/* Texts of a list, with blanks between. */
static const char *texts_of(const json_t *list)
{
	static char out[256];
	size_t i, n = 0;
	json_t *one;
	out[0] = '\0';
	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s", i > 0 ? "|" : "",
				      json_string_value(one));
	}
	return out;
}

static json_t *chart_of(size_t n, uint64_t highest)
{
	static char names[64][24];
	static struct chart_bar bars[64];
	const struct chart_words words = {"c", "Requests per hour", "Hour", false};
	memset(bars, 0, sizeof(bars));
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%zu", i);
		bars[i].label = bars[i].mark = names[i];
	}
	bars[n - 1].allowed = highest;
	return chart_make(bars, n, &words);
}

static void test_chart_lines(void **state)
{
	static const struct {
		uint64_t highest;
		const char *ticks;
	} rows[] = {
	    {0,		"3|2|1|0"	 },
	    {3,		"3|2|1|0"	 },
	    {4,		"6|4|2|0"	 },
	    {31,	 "60|40|20|0"     },
	    {12200,	    "15 k|10 k|5 k|0"},
	    {2800000,    "3 M|2 M|1 M|0"  },
	    {2800000000, "3 G|2 G|1 G|0"	},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		json_t *chart = chart_of(24, rows[i].highest);
		assert_string_equal(texts_of(json_object_get(chart, "ticks")), rows[i].ticks);
		json_decref(chart);
	}
}

/* Texts below stand for as many bars each, or there are only the first and the last. */
static void test_chart_marks(void **state)
{
	static const struct {
		size_t n;
		const char *marks;
		bool ends;
	} rows[] = {
	    {1,	"0",		     false},
	    {7,	"0|1|2|3|4|5|6",	 false},
	    {24, "2|6|10|14|18|22",  false},
	    {30, "2|7|12|17|22|27",  false},
	    {60, "5|15|25|35|45|55", false},
	    {31, "0|30",		 true },
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		json_t *chart = chart_of(rows[i].n, 5);
		assert_string_equal(texts_of(json_object_get(chart, "marks")), rows[i].marks);
		assert_int_equal(json_is_true(json_object_get(chart, "ends")), rows[i].ends);
		json_decref(chart);
	}
}

static void test_chart_parts(void **state)
{
	const struct chart_bar bar = {"a", "a", 60, 30, 0};
	const struct chart_words words = {"c", "Requests per hour", "Hour", true};
	(void)state;
	json_t *chart = chart_make(&bar, 1, &words);
	json_t *one = json_array_get(json_object_get(chart, "bars"), 0);
	json_t *ok = json_object_get(one, "part_ok"), *warn = json_object_get(one, "part_warn");
	/* 90 of 90: the foot on the ground, one above the other, up to the top. */
	assert_string_equal(json_string_value(json_object_get(ok, "y")), "53.33");
	assert_string_equal(json_string_value(json_object_get(ok, "h")), "106.67");
	assert_string_equal(json_string_value(json_object_get(warn, "y")), "0.00");
	assert_string_equal(json_string_value(json_object_get(warn, "h")), "53.33");
	assert_null(json_object_get(one, "part_bad"));
	json_decref(chart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pages),
	    cmocka_unit_test(places),
	    cmocka_unit_test(a_page_has_a_ceiling),
	    cmocka_unit_test(a_template_that_is_missing_is_an_error),
	    cmocka_unit_test(test_chart_lines),
	    cmocka_unit_test(test_chart_marks),
	    cmocka_unit_test(test_chart_parts),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("page", tests, setup, teardown);
}
