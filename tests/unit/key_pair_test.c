/* The gate's own private keys: which texts hold one, and that it is the certificate's. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "cert/cert.h"
#include "cert/key_pair.h"

#define FILE_MAX (256 * 1024)

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, (size_t)16 * 1024 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct span load(const char *name)
{
	const char *root = getenv("CERTGATE_SOURCE");
	FILE *f = fopen(arena_printf(&arena, "%s/tests/certs/%s", root ? root : ".", name), "rb");
	if (!f)
		fail_msg("%s: %s", name, strerror(errno));
	char *bytes = arena_alloc(&arena, FILE_MAX);
	assert_non_null(bytes);
	size_t n = fread(bytes, 1, FILE_MAX, f);
	assert_int_equal(fclose(f), 0);
	return span_make(bytes, n);
}

static struct span der_of(const char *name)
{
	struct span der;
	struct sha256 sha256;
	assert_int_equal(cert_from_server(load(name), &arena, &der, &sha256), CERT_SEEN_ONE);
	return der;
}

static void test_keys_of_files(void **state)
{
	static const char plain[] = "base/plain.pem", rsa[] = "base/plain-rsa2048.pem";
	static const struct {
		const char *certificate, *key;
		const char *why; /* a part of it; NULL: it is the certificate's */
	} rows[] = {
	    {plain,		    "privkey/key-only-pkcs8.pem",		  NULL			      },
	    {plain,		    "privkey/key-only-sec1.pem",		 NULL				     },
	    {plain,		    "privkey/cert-plus-key.pem",		 NULL				     },
	    {plain,		    "privkey/key-after-60k-comment.pem",	 NULL				     },
	    {rsa,		   "keys/rsa2048.key",		      NULL				  },
	    {rsa,		   "privkey/key-before-cert-bom-crlf.pem", NULL			      },
	    {"content/rsapss.pem",  "keys/rsapss.key",		      NULL				  },
	    {"content/ed25519.pem", "keys/ed25519.key",			NULL				    },
	    {plain,		    "keys/s_two.key",			      "another certificate"		   },
	    {plain,		    "keys/rsa2048.key",			"another certificate"	     },
	    {rsa,		   "privkey/key-only-pkcs8.pem",		"another certificate"	     },
	    {plain,		    "privkey/key-encrypted.pem",		 "without a passphrase"	       },
	    {plain,		    "privkey/cert-plus-encrypted-key.pem",  "without a passphrase"		 },
	    {plain,		    "base/plain.pem",			      "is not a private key as PEM text"},
	    {plain,		    "privkey/pkcs8-base64-no-markers.txt",  "is not a private key as PEM text"},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span der = der_of(rows[i].certificate), pem = {0}, again = {0};
		const char *why = key_pair_read(load(rows[i].key), der, &arena, &pem);
		if (rows[i].why ? !why || !strstr(why, rows[i].why) : why != NULL)
			fail_msg("%s for %s: %s", rows[i].key, rows[i].certificate, why);
		if (why)
			continue;
		/* The key alone, which reads as the same. */
		if (!span_starts(pem, SPAN_LIT("-----BEGIN ")) ||
		    memmem(pem.p, pem.n, "CERTIFICATE", 11))
			fail_msg("%s: more than the key", rows[i].key);
		assert_null(key_pair_read(pem, der, &arena, &again));
		assert_true(span_is(pem, again));
	}
}

static void test_texts(void **state)
{
	static const char key[] = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
	static const struct {
		const char *before, *after, *why;
	} rows[] = {
	    {"",								  "",			  "is not a private key"},
	    {"-----BEGIN ",						       "",				"is not a private key"},
	    {"-----BEGIN PRIVATE KEY",					    "",			   "is not a private key"},
	    {"-----BEGIN PRIVATE KEY-----",					    "",				"is not a private key"},
	    {"-----BEGIN KEY-----",					       "-----END KEY-----",	 "is not a private key"},
	    {"-----BEGIN A LABEL THAT NO TOOL WOULD EVER WRITE PRIVATE KEY-----",
	     "-----END PRIVATE KEY-----",								      "is not a private key"},
	    {"-----BEGIN PRIVATE KEY-----",					    "-----END PRIVATE KEY-----", "cannot be read"	 },
	    {"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n",
	     "-----END EC PRIVATE KEY-----",								   "without a passphrase"},
	};
	(void)state;
	struct span der = der_of("base/plain.pem"), pem = {0};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		const char *text =
		    arena_printf(&arena, "%s\n%s\n%s", rows[i].before, key, rows[i].after);
		const char *why = key_pair_read(span_of(text), der, &arena, &pem);
		if (!why || !strstr(why, rows[i].why))
			fail_msg("row %zu: %s", i, why);
		assert_null(pem.p);
	}
	/* The line before the key is kept, so it has to be one, and that of such a key. */
	struct span sec1 = load("privkey/key-only-sec1.pem");
	const char *line_end = memchr(sec1.p, '\n', sec1.n);
	struct span body = {line_end, sec1.n - (size_t)(line_end - sec1.p)};
	static const struct {
		const char *label, *why;
	} labels[] = {
	    {"x\n----BEGIN EC PRIVATE KEY", "is not a private key"},
	    {"ec PRIVATE KEY",	       "is not a private key"},
	    {"X PRIVATE KEY",		      "names another kind"  },
	    {"DSA PRIVATE KEY",		"names another kind"  },
	};
	for (size_t i = 0; i < CG_COUNT(labels); i++) {
		const char *given = arena_printf(&arena, "-----BEGIN %s-----%.*s", labels[i].label,
						 (int)body.n, body.p);
		const char *why = key_pair_read(span_of(given), der, &arena, &pem);
		if (!why || !strstr(why, labels[i].why))
			fail_msg("%s: %s", labels[i].label, why);
		assert_null(pem.p);
	}
	/* Two of them, in one block: which one is meant, nobody knows. */
	struct span one = load("privkey/key-only-sec1.pem");
	const char *text = arena_printf(&arena, "%.*s%.*s", (int)one.n, one.p, (int)one.n, one.p);
	assert_null(key_pair_read(span_of(text), der, &arena, &pem));
	/* At each size of memory that is too small it says so; no half of a key comes back. */
	size_t refused = 0;
	for (size_t room = 0;; room += 16) {
		struct arena small;
		struct span out = {0};
		arena_init(&small, room);
		const char *why = key_pair_read(one, der, &small, &out);
		bool done = why == NULL;
		if (!done && (!strstr(why, "no memory") || out.n > 0))
			fail_msg("%zu bytes: %s", room, why);
		arena_release(&small);
		if (done)
			break;
		refused++;
	}
	assert_in_range(refused, 3, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_keys_of_files, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
