/* Addresses, and mails as they go to the mail program. */
#include "base/base.h"
#include "mail/message.h"
#include "model/email.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 1024 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void test_addresses(void **state)
{
	static const char *const good[][2] = {
	    {"a@b.example",		    "a@b.example"		 },
	    {"O'Hara+x_y=z.q@B-1.Example", "o'hara+x_y=z.q@b-1.example"},
	    {"1@2.3",		      "1@2.3"		     },
	};
	static const char *const bad[] = {
	    "",
	    "a",
	    "@b.example",
	    "a@",
	    "a@b",
	    "a@b.",
	    "a@.b",
	    "a@b..c",
	    "a@-b.c",
	    "a@b-.c",
	    "a@b.c-",
	    "-a@b.c",
	    ".a@b.c",
	    "a.@b.c",
	    "a..b@c.d",
	    "a b@c.d",
	    "a@b.c\n",
	    "a@b.c\r\nBcc: x@y.z",
	    "a@b.c,d@e.f",
	    "<a@b.c>",
	    "\"a\"@b.c",
	    "a@[127.0.0.1]",
	    "a@b@c.d",
	    "|sh@b.c",
	    "/x@b.c",
	    "a%b@c.d",
	    "a!b@c.d",
	    "a\\@b.c",
	    "\xc3\xa4@b.c",
	    "a@\xc3\xa4.c",
	    "a`id`@b.c",
	    "a;b@c.d",
	    "a$b@c.d",
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(good); i++) {
		const char *normal = email_normal(good[i][0], &arena);
		assert_non_null(normal);
		assert_string_equal(normal, good[i][1]);
	}
	for (size_t i = 0; i < CG_COUNT(bad); i++)
		if (email_normal(bad[i], &arena))
			fail_msg("taken for an address: %s", bad[i]);
	char local[80];
	memset(local, 'a', sizeof(local));
	(void)snprintf(local + 64, sizeof(local) - 64, "@b.c");
	assert_non_null(email_normal(local, &arena));
	(void)snprintf(local + 64, sizeof(local) - 64, "a@b.c");
	assert_null(email_normal(local, &arena));
	assert_string_equal(email_domain("a@b.example"), "b.example");
}

static char *written(const struct message *m)
{
	struct buf out;
	struct cg_err err = {.text = ""};
	buf_init(&out, 1024 * 1024);
	assert_int_equal(message_write(m, &out, &err), CG_OK);
	char *text = arena_copy(&arena, buf_span(&out));
	buf_release(&out);
	return text;
}

static const struct message plain = {
    .id = "abc234",
    .date_unix_s = 1764164759,
    .from = "api@host.example",
    .to = "ann@partner.example",
    .from_name = "Aster \"APIs\" \\",
    .subject = "Confirm",
    .text = {"Hello\n",	6 },
    .html = {"<p>Hello</p>\n", 13}
};

static void test_plain(void **state)
{
	(void)state;
	assert_string_equal(written(&plain),
			    "Date: Wed, 26 Nov 2025 13:45:59 +0000\n"
			    "From: \"Aster \\\"APIs\\\" \\\\\" <api@host.example>\n"
			    "To: <ann@partner.example>\n"
			    "Subject: Confirm\n"
			    "Message-ID: <abc234@host.example>\n"
			    "X-Certgate-Mail: abc234\n"
			    "Auto-Submitted: auto-generated\n"
			    "MIME-Version: 1.0\n"
			    "Content-Type: multipart/alternative; boundary=\"=_abc234\"\n"
			    "\n--=_abc234\nContent-Type: text/plain; charset=utf-8\n"
			    "Content-Transfer-Encoding: 7bit\n\nHello\n"
			    "\n--=_abc234\nContent-Type: text/html; charset=utf-8\n"
			    "Content-Transfer-Encoding: 7bit\n\n<p>Hello</p>\n"
			    "\n--=_abc234--\n");
}

/* Whatever the subject is, there is one field of that name, and no field of another's. */
static void test_subjects(void **state)
{
	static const char *const subjects[] = {
	    "a\nBcc: x@y.example",
	    "a\r\nBcc: x@y.example\r\n\r\nbody",
	    "=?UTF-8?Q?=0ABcc:_x?=",
	    "\xc3\xa4 \xf0\x9f\x94\x91 long enough to need more than one encoded word, and then "
	    "some more",
	    "\x01\x7f",
	    "",
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(subjects); i++) {
		struct message m = plain;
		m.subject = subjects[i];
		char *text = written(&m), *end = strstr(text, "\n\n");
		assert_non_null(end);
		*end = '\0';
		assert_null(strstr(text, "Bcc"));
		size_t lines = 0;
		for (char *line = text, *next; line; line = next) {
			next = strchr(line, '\n');
			if (next)
				*next++ = '\0';
			assert_true(strlen(line) <= 200);
			for (char *c = line; *c; c++)
				assert_true(*c >= ' ' && *c <= '~');
			lines += line[0] != ' ';
		}
		assert_int_equal(lines, 9);
	}
}

static void test_parts(void **state)
{
	char text[3000];
	(void)state;
	memset(text, 'x', sizeof(text));
	struct message m = plain;
	m.text = span_make(text, sizeof(text));
	char *out = written(&m);
	assert_non_null(strstr(out, "Content-Transfer-Encoding: quoted-printable"));
	for (char *line = out, *next; line; line = next) {
		next = strchr(line, '\n');
		assert_true((next ? (size_t)(next - line) : strlen(line)) <= 120);
		if (next)
			next++;
	}
	m.text = SPAN_LIT("a=b \xc3\xa4\r\n.\n");
	out = written(&m);
	assert_non_null(strstr(out, "a=3Db =C3=A4=0D\n.\n"));
	m.text = SPAN_LIT("\xc3\xa4 =\n");
	out = written(&m);
	assert_non_null(strstr(out, "8bit\n\n\xc3\xa4 =\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_plain),
	    cmocka_unit_test(test_subjects),
	    cmocka_unit_test(test_parts),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
