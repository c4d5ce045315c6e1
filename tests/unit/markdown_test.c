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
	html_is("a  \nb", "<p>a<br>\nb</p>\n");
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
					     "![a](<\t//b/c.png>)"};
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
	html_is("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n");
	html_is("a <b onclick='x'>c", "<p>a &lt;b onclick=&#39;x&#39;&gt;c</p>\n");
	html_is("&lt;script&gt;", "<p>&amp;lt;script&amp;gt;</p>\n");
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
	    markdown_summary(SPAN_LIT("# Head\n\nPay *in* &\nout.\n\nMore."), &out, NULL), CG_OK);
	assert_string_equal(out.p, "Pay in & out.");
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
	    cmocka_unit_test(test_too_much),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
