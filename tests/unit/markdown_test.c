/* Markdown of people who write for others: what comes out is safe to stand in a page. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/markdown.h"
#include "base/limits.h"

static void html_is(const char *text, const char *want)
{
	struct buf out;
	buf_init(&out, (size_t)1024 * 1024);
	assert_int_equal(markdown_html(span_of(text), &out, NULL), CG_OK);
	assert_string_equal(out.p ? out.p : "", want);
	buf_release(&out);
}

static void test_elements(void **state)
{
	(void)state;
	html_is("", "");
	html_is("a *b* **c** `d` ~~e~~", "<p>a <em>b</em> <strong>c</strong> <code>d</code> "
					 "<del>e</del></p>\n");
	html_is("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n");
	html_is("> q", "<blockquote>\n<p>q</p>\n</blockquote>\n");
	html_is("```\na <b>\n```", "<pre class=\"code\" tabindex=\"0\">a &lt;b&gt;\n</pre>\n");
	html_is("a  \nb\nc", "<p>a<br>\nb\nc</p>\n");
	html_is("1. a\n\n   b\n2. c",
		"<ol>\n<li><p>a</p>\n<p>b</p>\n</li>\n<li><p>c</p>\n</li>\n</ol>\n");
	html_is("a\n\n***\nb", "<p>a</p>\n<hr>\n<p>b</p>\n");
	html_is("|a|b|\n|-|:-:|\n|c|*d*|\n|e|\n",
		"<div class=\"table-wrap\" tabindex=\"0\" role=\"region\" aria-label=\"Table\">"
		"<table class=\"table\">\n<thead><tr><th>a</th><th>b</th></tr></thead>\n"
		"<tbody>\n<tr><td>c</td><td><em>d</em></td></tr>\n<tr><td>e</td><td></td></tr>\n"
		"</tbody></table></div>\n");
	html_is("|a|\n|-|\n",
		"<div class=\"table-wrap\" tabindex=\"0\" role=\"region\" aria-label=\"Table\">"
		"<table class=\"table\">\n<thead><tr><th>a</th></tr></thead>\n</table></div>\n");
	/* A bare address is text. */
	html_is("https://a.example <https://b.example>",
		"<p>https://a.example <a rel=\"noopener\" href=\"https://b.example\">"
		"https://b.example</a></p>\n");
}

static void test_headings(void **state)
{
	(void)state;
	html_is("# a\n## b\n# c", "<h2>a</h2>\n<h3>b</h3>\n<h2>c</h2>\n");
	html_is("### a\n##### b\n### c\n# d", "<h2>a</h2>\n<h3>b</h3>\n<h2>c</h2>\n<h2>d</h2>\n");
}

static void test_links(void **state)
{
	(void)state;
	html_is("[a](https://b.example/?c&d)",
		"<p><a rel=\"noopener\" href=\"https://b.example/?c&amp;d\">a</a></p>\n");
	html_is("[a](MAILTO:b@c.example)",
		"<p><a rel=\"noopener\" href=\"MAILTO:b@c.example\">a</a></p>\n");
	html_is("![a \"b\"](/c.png)", "<p><img src=\"/c.png\" alt=\"a &quot;b&quot;\"></p>\n");
	/* What is not allowed is text. */
	static const char *const bad[] = {
	    "[a](javascript:alert(1))",
	    "[a](JaVaScRiPt:alert)",
	    "[a](data:text/html,x)",
	    "[a](//b.example)",
	    "[a](/b)",
	    "[a](http://&#127;)",
	    "[a](https://b.example/&#27;c)",
	    "[a](https://b.example/&#xffff;c)",
	    "[a](java&#115;cript:x)",
	    "[a](vbscript:x)",
	    "[a](https:/b.example)",
	    "[a](file:///etc/passwd)",
	};
	for (size_t i = 0; i < CG_COUNT(bad); i++) {
		struct cg_err err = {0};
		html_is(bad[i], "<p>a</p>\n");
		assert_int_equal(markdown_check(span_of(bad[i]), "f", &err), CG_BAD_VALUE);
		assert_int_equal(err.n_fields, 1);
	}
	static const char *const images[] = {"![a](https://b.example/c.png)",
					     "![a](//b/c.png)",
					     "![a](/\\b/c.png)",
					     "![a](c.png)",
					     "![a](</\t/b/c.png>)",
					     "![a](<\t//b/c.png>)",
					     "![a](/&#127;/b/c.png)",
					     "![a](/&#x85;/b/c.png)"};
	for (size_t i = 0; i < CG_COUNT(images); i++) {
		html_is(images[i], "<p>a</p>\n");
		assert_int_equal(markdown_check(span_of(images[i]), "f", NULL), CG_BAD_VALUE);
	}
	assert_int_equal(markdown_check(SPAN_LIT("[a](http://b.example) ![c](/d)"), "f", NULL),
			 CG_OK);
}

static void test_html_is_text(void **state)
{
	(void)state;
	html_is("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;\n</p>\n");
	html_is("a <b onclick='x'>c", "<p>a &lt;b onclick=&#39;x&#39;&gt;c</p>\n");
	html_is("&lt;script&gt;", "<p>&lt;script&gt;</p>\n");
	/* References make no control characters. */
	html_is("a&#27;[31m&#x8a;b&#9;c&#x85;&#0;&#x7f;&eacute;",
		"<p>a[31mb\tc\xef\xbf\xbd\xc3\xa9</p>\n");
	/* Nor bytes that are no UTF-8. */
	html_is("a&#xfffd;&#xfffe;&#xffff;&#x10ffff;b", "<p>a\xef\xbf\xbd\xf4\x8f\xbf\xbf"
							"b</p>\n");
	html_is("![a<b>](/c)", "<p><img src=\"/c\" alt=\"a&lt;b&gt;\"></p>\n");
	/* An image within an image's text, and a link. */
	html_is("![a ![b](/c) [d](https://e.example)](/f)",
		"<p><img src=\"/f\" alt=\"a b d\"></p>\n");
}

static void test_summary(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1024);
	assert_int_equal(
	    markdown_summary(
		SPAN_LIT("# Head\n\n- no\n\nPay *in* &\nout  \nof &lt;it&gt;.\n\nMore."), &out,
		NULL),
	    CG_OK);
	assert_string_equal(out.p, "Pay in & out of <it>.");
	buf_release(&out);
}

static void test_ceiling(void **state)
{
	(void)state;
	struct buf out;
	struct cg_err err = {0};
	buf_init(&out, 8);
	assert_int_equal(markdown_html(SPAN_LIT("a long paragraph"), &out, &err), CG_UNAVAILABLE);
	buf_release(&out);
}

static void check_repeated(const char *part, size_t n, cg_rc rc)
{
	struct buf text, out;
	struct cg_err err = {0};
	buf_init(&text, MARKDOWN_MAX);
	buf_init(&out, MARKDOWN_HTML_MAX);
	for (size_t i = 0; i < n; i++)
		buf_add_text(&text, part);
	assert_false(text.failed);
	assert_int_equal(markdown_check(buf_span(&text), "f", &err), rc);
	assert_int_equal(err.n_fields, rc == CG_OK ? 0 : 1);
	if (rc == CG_OK)
		assert_int_equal(markdown_html(buf_span(&text), &out, NULL), CG_OK);
	buf_release(&text);
	buf_release(&out);
}

/* A wide head and many lines: each would be filled up with cells. */
static void check_wide_table(const char *line_end)
{
	struct buf text, out;
	struct cg_err err = {0};
	buf_init(&text, MARKDOWN_MAX);
	buf_init(&out, MARKDOWN_HTML_MAX);
	for (int line = 0; line < 2; line++) {
		for (int i = 0; i < 300; i++)
			buf_add_text(&text, line == 0 ? "|a" : "|-");
		buf_add_text(&text, "|");
		buf_add_text(&text, line_end);
	}
	while (text.n < MARKDOWN_MAX - 3) {
		buf_add_text(&text, "a");
		buf_add_text(&text, line_end);
	}
	assert_int_equal(markdown_check(buf_span(&text), "f", &err), CG_BAD_VALUE);
	assert_int_equal(err.n_fields, 1);
	assert_int_equal(markdown_html(buf_span(&text), &out, &err), CG_TOO_BIG);
	assert_int_equal(out.n, 0);
	buf_release(&text);
	buf_release(&out);
}

static void test_wide_table(void **state)
{
	(void)state;
	check_wide_table("\n");
	check_wide_table("\r\n");
	check_wide_table("\r");
}

/* As many cells in one line, whose end a lone CR may be as well. */
static void test_long_row(void **state)
{
	(void)state;
	static const char *const heads[] = {"|a|\n|-|\n", "> |a|\n> |-|\n> ", "|a|\r|-|\r"};
	static const char *const rows[] = {"|", "a|", "|\r"};
	struct cg_err err = {0};
	for (size_t i = 0; i < CG_COUNT(heads); i++)
		for (size_t k = 0; k < CG_COUNT(rows); k++) {
			struct buf text, out;
			buf_init(&text, MARKDOWN_MAX);
			buf_init(&out, MARKDOWN_HTML_MAX);
			buf_add_text(&text, heads[i]);
			for (int n = 0; n < 1000; n++)
				buf_add_text(&text, rows[k]);
			bool one_line = !strchr(rows[k], '\r');
			assert_int_equal(markdown_html(buf_span(&text), &out, &err),
					 one_line ? CG_TOO_BIG : CG_OK);
			buf_release(&text);
			buf_release(&out);
		}
}

/* What is taken can be shown. */
static void test_too_much(void **state)
{
	(void)state;
	check_repeated(">", 20000, CG_BAD_VALUE);
	check_repeated("+ ", 20000, CG_BAD_VALUE);
	check_repeated(">", 100, CG_BAD_VALUE);
	check_repeated(">", 40, CG_OK);
	check_repeated("-\n\n***\n", MARKDOWN_MAX / 7, CG_OK);
	check_repeated("|a|b|\n|---|---|\n\n", MARKDOWN_MAX / 17, CG_BAD_VALUE);
	check_repeated("'", MARKDOWN_MAX, CG_OK);
	check_repeated("a\n\n", MARKDOWN_MAX / 3, CG_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_elements), cmocka_unit_test(test_headings),
	    cmocka_unit_test(test_links),    cmocka_unit_test(test_html_is_text),
	    cmocka_unit_test(test_summary),  cmocka_unit_test(test_ceiling),
	    cmocka_unit_test(test_too_much), cmocka_unit_test(test_wide_table),
	    cmocka_unit_test(test_long_row),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
