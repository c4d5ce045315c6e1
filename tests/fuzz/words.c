/* What people and clients write in a word or a line: names, e-mail addresses, URLs, IP addresses,
 * numbers.  What is taken is safe to show, and is itself when it is read once more. */
#include "base/base.h"
#include "base/address.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/url.h"
#include "fuzz.h"
#include "model/email.h"
#include "model/name.h"
#include <arpa/inet.h>

#define ARENA_MAX ((size_t)64 * 1024 * 1024)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void read_name(const char *text, struct arena *arena)
{
	char *name, *again;
	struct cg_err err = {.code = NULL};
	cg_rc rc = name_read(text, "name", arena, &name, &err);
	if (rc != CG_OK) {
		MUST(rc == CG_BAD_VALUE);
		fuzz_must_be_kind(&err);
		return;
	}
	MUST(text_is_clean(span_of(name)));
	MUST(*name && strlen(name) <= NAME_MAX_BYTES);
	MUST(name_read(name, "name", arena, &again, &err) == CG_OK && strcmp(name, again) == 0);
}

static void read_text(const char *text, struct arena *arena)
{
	char line[300];
	text_for_log(span_of(text), line, sizeof(line));
	fuzz_must_be_safe(line);
	const char *normal = text_normal(span_of(text), arena);
	const char *folded = text_fold(span_of(text), arena);
	MUST(normal && folded);
	const char *again = text_normal(span_of(normal), arena);
	MUST(again && strcmp(normal, again) == 0);
	/* What is kept of it is found by it. */
	if (text_is_clean(span_of(text)))
		MUST(text_holds(normal, span_of(folded)) &&
		     text_is_folded(span_of(normal), span_of(folded)));
}

/* It goes into a mail's head, and to the mail program as an argument. */
static void read_email(const char *text, struct arena *arena)
{
	const char *email = email_normal(text, arena);
	if (!email)
		return;
	size_t at = strcspn(email, "@");
	MUST(strlen(email) <= MAIL_ADDRESS_MAX && *email != '-' && at > 0);
	MUST(strspn(email, "abcdefghijklmnopqrstuvwxyz0123456789_+='&~#.-") == at);
	const char *domain = email_domain(email);
	MUST(domain == email + at + 1 && strchr(domain, '.') && *domain != '-' && *domain != '.');
	MUST(strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(domain));
	const char *again = email_normal(email, arena);
	MUST(again && strcmp(email, again) == 0);
}

static void read_url(const char *text, struct arena *arena)
{
	struct url url, again;
	const char *why = url_parse(text, arena, &url);
	if (why) {
		fuzz_must_be_safe(why);
		return;
	}
	struct span host = url_bare_host(&url);
	MUST(host.n > 0 && url.port > 0 && url.port < 65536);
	MUST(!strpbrk(url.host, "/@?# \t\r\n"));
	MUST(url.path[0] == '\0' || url.path[0] == '/');
	for (const char *p = url.path; *p; p++)
		MUST((unsigned char)*p > ' ' && *p != 0x7f && *p != '?' && *p != '#');
	/* Written down anew it leads to the same place. */
	struct buf written;
	buf_init(&written, 2 * strlen(text) + 100);
	buf_printf(&written, "http%s://%s:%u%s", url.https ? "s" : "", url.host, url.port,
		   url.path);
	MUST(!written.failed && !url_parse(written.p, arena, &again));
	MUST(strcmp(url.host, again.host) == 0 && strcmp(url.path, again.path) == 0);
	MUST(url.port == again.port && url.https == again.https);
	buf_release(&written);
}

static void read_address(const char *text)
{
	uint8_t bytes[16];
	bool theirs = inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
	MUST(address_is_valid(span_of(text)) == theirs);
	if (theirs)
		MUST(address_block_is_valid(text) && address_block_holds(text, span_of(text)));
	if (!address_block_is_valid(text))
		MUST(!address_block_holds(text, span_of("127.0.0.1")) &&
		     !address_block_holds(text, span_of("::1")));
	struct address_blocks blocks;
	if (address_blocks_parse(text, &blocks)) {
		MUST(blocks.n <= ADDRESS_BLOCKS_MAX);
		for (size_t i = 0; i < blocks.n; i++)
			MUST(address_block_is_valid(blocks.items[i]));
	}
}

static void read_number(const char *text)
{
	uint64_t number = 77, days[3];
	if (number_parse(span_of(text), UINT64_MAX, &number)) {
		char *end;
		errno = 0;
		MUST(strtoull(text, &end, 10) == number && errno == 0 && *end == '\0');
	} else {
		MUST(number == 77);
	}
	if (config_days_parse(text, days))
		MUST(days[0] >= 1 && days[0] <= days[1] && days[1] <= days[2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	/* Where text comes in, NUL is refused or ends it. */
	char *text = fuzz_text(bytes, n);
	arena_init(&arena, ARENA_MAX);
	read_text(text, &arena);
	read_name(text, &arena);
	read_email(text, &arena);
	read_url(text, &arena);
	read_address(text);
	read_number(text);
	arena_release(&arena);
	free(text);
	return 0;
}
