/* Files of tests/certs, and what holds of every refusal and every certificate, for the tests of
 * lib/cert. */
#ifndef CG_TESTS_UNIT_CERT_WORLD_H
#define CG_TESTS_UNIT_CERT_WORLD_H

#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/text.h"
#include "cert/cert.h"

#define FILE_MAX     (2 * 1024 * 1024)
#define ARENA_MAX    (8 * 1024 * 1024)
#define REPEATED_MAX 24 /* bytes of the input that no refusal may repeat */

static inline struct span load(const char *name)
{
	char path[HOST_NAME_MAX + 4096];
	const char *root = getenv("CERTGATE_SOURCE");
	(void)snprintf(path, sizeof(path), "%s/tests/certs/%s", root ? root : ".", name);
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	char *bytes = malloc(FILE_MAX);
	assert_non_null(bytes);
	size_t n = fread(bytes, 1, FILE_MAX, f);
	assert_int_equal(fclose(f), 0);
	/* A block of exactly the size: one byte too far is found by the sanitizer. */
	char *exact = malloc(n ? n : 1);
	assert_non_null(exact);
	memcpy(exact, bytes, n);
	free(bytes);
	return span_make(exact, n);
}

static inline void unload(struct span s)
{
	free((void *)(uintptr_t)s.p);
}

static inline void assert_refusal_is_kind(const char *what, struct span input,
					  const struct cg_err *err)
{
	size_t n = strlen(err->text);
	if (n == 0 || err->text[n - 1] == ' ' || !strchr(err->text, ' '))
		fail_msg("%s: refused without a sentence", what);
	if (!err->code)
		fail_msg("%s: refused without a code", what);
	for (const char *p = err->code; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_'))
			fail_msg("%s: code %s", what, err->code);
	for (size_t i = 0; i + REPEATED_MAX <= n; i++)
		if (input.n >= REPEATED_MAX &&
		    memmem(input.p, input.n, err->text + i, REPEATED_MAX))
			fail_msg("%s: the refusal repeats the input: %s", what, err->text);
}

static inline void assert_safe(const char *what, const char *text)
{
	assert_non_null(text);
	if (!text_is_clean(span_of(text)) || strlen(text) > CERT_TEXT_MAX)
		fail_msg("%s: unsafe text", what);
}

static inline void assert_cert_is_safe(const char *what, const struct cert *c)
{
	assert_safe(what, c->subject);
	assert_safe(what, c->issuer);
	assert_safe(what, c->serial);
	assert_safe(what, c->public_key);
	assert_true(c->n_names <= CERT_NAMES_MAX);
	for (size_t i = 0; i < c->n_names; i++)
		assert_safe(what, c->names[i]);
}

#endif
