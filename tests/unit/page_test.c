/* lib/page: templates filled from JSON. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "page/page.h"
#include "page/template.h"
#include <ftw.h>
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

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pages),
	    cmocka_unit_test(places),
	    cmocka_unit_test(a_page_has_a_ceiling),
	    cmocka_unit_test(a_template_that_is_missing_is_an_error),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("page", tests, setup, teardown);
}
