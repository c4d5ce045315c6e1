/* lib/cert: what the rows of tests/certs cannot say (cert_rows_test.c has these). */
#include "cert_world.h"
#include "base/clock.h"

static int64_t now_2026;

static int setup(void **state)
{
	(void)state;
	assert_true(rfc3339_parse(SPAN_LIT("2026-11-25T12:00:00Z"), &now_2026));
	return 0;
}

struct once {
	struct arena arena;
	struct cert_reading out;
	struct cert_exposed exposed;
	struct cg_err err;
	cg_rc rc;
};

static void once_read(struct once *o, struct span text, enum cert_way way, enum cert_kind kind)
{
	*o = (struct once){.rc = CG_OK};
	arena_init(&o->arena, ARENA_MAX);
	o->rc = cert_read(text, way, kind, now_2026, &o->arena, &o->out, &o->exposed, &o->err);
	if (o->rc != CG_OK)
		assert_refusal_is_kind("text", text, &o->err);
}

static void assert_code(struct span text, enum cert_way way, enum cert_kind kind, const char *code)
{
	struct once o;
	once_read(&o, text, way, kind);
	if (o.rc == CG_OK || strcmp(o.err.code, code) != 0)
		fail_msg("%s instead of %s", o.rc == CG_OK ? "accepted" : o.err.code, code);
	arena_release(&o.arena);
}

static void assert_file_code(const char *file, enum cert_way way, enum cert_kind kind,
			     const char *code)
{
	struct span text = load(file);
	assert_code(text, way, kind, code);
	unload(text);
}

static void test_codes(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		enum cert_way way;
		const char *code;
	} rows[] = {
	    {"form/empty.pem",		       CERT_WAY_ADMIN,       CERT_NO_CERTIFICATE	  },
	    {"form/junk-1mb.bin",			  CERT_WAY_ADMIN,	  CERT_INPUT_TOO_LARGE   },
	    {"content/dn-64k.pem",		   CERT_WAY_ADMIN,	   CERT_TOO_LARGE	 },
	    {"form/der.cer",			     CERT_WAY_ADMIN,	     CERT_BINARY		},
	    {"form/der.cer",			     CERT_WAY_PORTAL,      CERT_BINARY		 },
	    {"form/utf16le.pem",			 CERT_WAY_ADMIN_FILE,  CERT_UTF16		},
	    {"form/truncated.pem",		   CERT_WAY_ADMIN,	   CERT_DAMAGED	       },
	    {"form/ber-outer-length.pem",		  CERT_WAY_ADMIN,	  CERT_NOT_DER	      },
	    {"content/sigalg-mismatch.pem",	    CERT_WAY_ADMIN,	    CERT_UNREADABLE	   },
	    {"privkey/cert-plus-key.pem",		  CERT_WAY_PORTAL,	   CERT_PRIVATE_KEY_PASTED},
	    {"privkey/key-only-pkcs8.pem",	   CERT_WAY_ADMIN,	   CERT_PRIVATE_KEY_ALONE },
	    {"privkey/pkcs8-base64-no-markers.txt",  CERT_WAY_ADMIN,	    CERT_PRIVATE_KEY_ALONE },
	    {"form/mismatched-key.pem",		CERT_WAY_ADMIN,	CERT_KEY_MISMATCH	 },
	    {"form/two-leaves.pem",		    CERT_WAY_ADMIN,	    CERT_SEVERAL		},
	    {"form/csr.pem",			     CERT_WAY_ADMIN,	     CERT_IS_REQUEST	    },
	    {"form/crl.pem",			     CERT_WAY_ADMIN,	     CERT_IS_CRL		},
	    {"form/public-key.pem",		    CERT_WAY_ADMIN,	    CERT_IS_PUBLIC_KEY     },
	    {"form/openssh-public.pub",		CERT_WAY_ADMIN,	CERT_IS_SSH_KEY	       },
	    {"form/pkcs7.p7b",		       CERT_WAY_ADMIN,       CERT_IS_PKCS7	    },
	    {"form/bundle.p12",			CERT_WAY_ADMIN_FILE,  CERT_IS_PKCS12	   },
	    {"form/bundle.p12",			CERT_WAY_PORTAL_FILE, CERT_PRIVATE_KEY_PASTED},
	    {"form/trusted-certificate.pem",	     CERT_WAY_ADMIN,	     CERT_IS_TRUSTED	    },
	    {"content/expired-2020.pem",		 CERT_WAY_ADMIN,	 CERT_EXPIRED	     },
	    {"content/notbefore-after-notafter.pem", CERT_WAY_ADMIN,	     CERT_NEVER_VALID	     },
	    {"content/rsa1024.pem",		    CERT_WAY_ADMIN,	    CERT_WEAK_KEY		 },
	    {"content/rsa16384-pub.pem",		 CERT_WAY_ADMIN,	 CERT_KEY_TOO_LARGE	   },
	    {"content/dsa2048.pem",		    CERT_WAY_ADMIN,	    CERT_KEY_TYPE		 },
	    {"content/secp256k1.pem",		      CERT_WAY_ADMIN,	      CERT_KEY_TYPE	   },
	    {"content/eku-any.pem",		    CERT_WAY_ADMIN,	    CERT_NOT_CLIENT	   },
	    {"content/critical-unknown.pem",	     CERT_WAY_ADMIN,	     CERT_CRITICAL_EXTENSION},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		assert_file_code(rows[i].file, rows[i].way, CERT_KIND_CLIENT, rows[i].code);
}

/* A good certificate does not make up for the remains of another: which one was meant? */
static void test_remains_of_another(void **state)
{
	(void)state;
	static const char *const remains[] = {
	    "-----END CERTIFICATE-----\n",
	    "----BEGIN CERTIFICATE-----\nMIIB\n----END CERTIFICATE-----\n",
	    "\xe2\x80\x94"
	    "BEGIN CERTIFICATE\xe2\x80\x94\nMIIB\n",
	    "-----begin certificate-----\nMIIB\n-----end certificate-----\n",
	    "-----BEGIN CERTIFICATE-----\n",
	    "-----BEGIN CERTIFICATE----\nMIIB\n",
	};
	struct span plain = load("base/plain.pem");
	struct arena arena;
	arena_init(&arena, ARENA_MAX);
	for (size_t i = 0; i < CG_COUNT(remains); i++)
		for (int last = 0; last < 2; last++) {
			char *text = arena_printf(&arena, "%s%.*s%s", last ? "" : remains[i],
						  (int)plain.n, plain.p, last ? remains[i] : "");
			assert_code(span_of(text), CERT_WAY_ADMIN, CERT_KIND_CLIENT, CERT_DAMAGED);
		}
	arena_release(&arena);
	unload(plain);
}

static void test_kinds(void **state)
{
	(void)state;
	struct once o;
	struct span root = load("ca-root.pem"), chain = load("form/ca-only-chain.pem");
	once_read(&o, root, CERT_WAY_ADMIN, CERT_KIND_CA);
	assert_int_equal(o.rc, CG_OK);
	assert_true(o.out.leaf.is_ca);
	arena_release(&o.arena);
	once_read(&o, chain, CERT_WAY_ADMIN, CERT_KIND_CA);
	assert_int_equal(o.rc, CG_OK);
	assert_int_equal(o.out.n_chain, 1);
	assert_int_equal(o.out.n_notices, 1);
	arena_release(&o.arena);
	unload(root);
	unload(chain);
	assert_file_code("base/plain.pem", CERT_WAY_ADMIN, CERT_KIND_CA, CERT_NOT_CA);
	struct span server = load("content/eku-server-only.pem");
	once_read(&o, server, CERT_WAY_ADMIN, CERT_KIND_UPSTREAM);
	assert_int_equal(o.rc, CG_OK);
	assert_false(o.out.leaf.client_auth_allowed);
	arena_release(&o.arena);
	unload(server);
}

/* Of any certificate that can be read at all, also of one that no client can use. */
static void assert_subject(const char *file, const char *subject)
{
	struct once o;
	struct span text = load(file);
	once_read(&o, text, CERT_WAY_ADMIN, CERT_KIND_UPSTREAM);
	assert_int_equal(o.rc, CG_OK);
	assert_string_equal(o.out.leaf.subject, subject);
	assert_cert_is_safe(file, &o.out.leaf);
	arena_release(&o.arena);
	unload(text);
}

static void test_text_is_safe(void **state)
{
	(void)state;
	assert_subject("content/nul-in-cn.pem", "CN=good.example\\x00.evil.example");
	assert_subject(
	    "content/newline-in-cn.pem",
	    "CN=good\\x0a2026-12-01 admin login ok user=root,O=Example Partner Ltd,C=GB");
	assert_subject("content/ansi-escape-cn.pem",
		       "CN=a\\x1b[2J\\x1b[31mred,O=Example Partner Ltd,C=GB");
	assert_subject("content/bidi-cn.pem", "CN=partner\\u{202e}gnp.exe\\u{2066} admin,"
					      "O=Example Partner Ltd,C=GB");
	assert_subject("content/utf8string-invalid-bytes.pem", "CN=bad\\xff\\xfe\\xc0utf8");
	assert_file_code("content/utf8string-invalid-bytes.pem", CERT_WAY_ADMIN, CERT_KIND_CLIENT,
			 CERT_UNREADABLE);
	assert_subject("content/teletex-latin1.pem", "CN=Caf\xc3\xa9 Beispiel S\xc3\xbc"
						     "d");
	assert_subject("content/xss-script-cn.pem",
		       "CN=<script>alert(1)</script>,O=Example Partner Ltd,C=GB");
	assert_subject("content/empty-subject.pem", "");
}

static void test_facts(void **state)
{
	(void)state;
	static const struct {
		const char *file, *serial, *public_key, *not_after;
	} rows[] = {
	    {"base/plain.pem",		       "5d33c88dc4bb117b", "EC P-256",     "2046-01-01T00:00:00Z"},
	    {"content/serial-negative.pem",	    "-05",		   "EC P-256",     NULL		   },
	    {"content/serial-zero.pem",		"00",		      "EC P-256",	  NULL		      },
	    {"content/p521.pem",			 NULL,	       "EC P-521",	   NULL		       },
	    {"content/ed25519.pem",		    NULL,		  "Ed25519",	     NULL			 },
	    {"content/rsapss.pem",		   NULL,		 "RSA-PSS 2048", NULL		     },
	    {"content/rsa8192.pem",		    NULL,		  "RSA 8192",     NULL		  },
	    {"content/notafter-9999.pem",	  NULL,		"EC P-256",	    "9999-12-31T23:59:59Z"},
	    {"content/notafter-2050-utc-edge.pem", NULL,		 "EC P-256",     "2049-12-31T23:59:59Z"},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct once o;
		struct cert again;
		char until[RFC3339_TEXT + 1];
		struct span text = load(rows[i].file);
		once_read(&o, text, CERT_WAY_PORTAL, CERT_KIND_CLIENT);
		assert_int_equal(o.rc, CG_OK);
		assert_string_equal(o.out.leaf.public_key, rows[i].public_key);
		if (rows[i].serial)
			assert_string_equal(o.out.leaf.serial, rows[i].serial);
		assert_true(rfc3339_format(o.out.leaf.not_after, until));
		if (rows[i].not_after)
			assert_string_equal(until, rows[i].not_after);
		assert_int_equal(cert_facts(o.out.leaf.der, &o.arena, &again, NULL), CG_OK);
		assert_string_equal(again.subject, o.out.leaf.subject);
		assert_memory_equal(&again.spki_sha256, &o.out.leaf.spki_sha256, SHA256_BYTES);
		arena_release(&o.arena);
		unload(text);
	}
	struct once o;
	struct span text = load("content/san-300.pem");
	once_read(&o, text, CERT_WAY_PORTAL, CERT_KIND_CLIENT);
	assert_int_equal(o.out.leaf.n_names, 300);
	assert_string_equal(o.out.leaf.names[0], "DNS:host-000.example.net");
	arena_release(&o.arena);
	unload(text);
}

/* The certificate's own text is what a form may show again: it has to mean the same. */
static void test_pem_round_trip(void **state)
{
	(void)state;
	struct once o;
	struct span text = load("form/one-line-joined.pem"), plain = load("base/plain.pem"), der;
	struct sha256 sha256;
	once_read(&o, text, CERT_WAY_PORTAL, CERT_KIND_CLIENT);
	assert_int_equal(o.rc, CG_OK);
	const char *pem = cert_pem(&o.arena, o.out.leaf.der);
	assert_non_null(pem);
	assert_true(span_is(span_of(pem), plain));
	assert_int_equal(cert_from_server(span_of(pem), &o.arena, &der, &sha256), CERT_SEEN_ONE);
	assert_true(span_is(der, o.out.leaf.der));
	arena_release(&o.arena);
	unload(text);
	unload(plain);
}

/* --- private keys --- */

/* Each has to be found; `exposed`: and its public half computed. */
static void assert_private(const char *name, struct span text, bool exposed)
{
	struct once o, admin;
	once_read(&o, text, CERT_WAY_PORTAL, CERT_KIND_CLIENT);
	if (o.rc == CG_OK || strcmp(o.err.code, CERT_PRIVATE_KEY_PASTED) != 0)
		fail_msg("%s: not found", name);
	if ((o.exposed.n > 0) != exposed)
		fail_msg("%s: %zu exposed", name, o.exposed.n);
	once_read(&admin, text, CERT_WAY_ADMIN, CERT_KIND_CLIENT);
	assert_int_equal(admin.exposed.n, 0);
	arena_release(&o.arena);
	arena_release(&admin.arena);
}

static void test_private_key_disguises(void **state)
{
	(void)state;
	static const char *const marked[] = {
	    "-----BEGIN PRIVATE\nKEY-----\nAAAA",
	    "-----BEGIN RSA PRI VATE KEY-----\nAAAA",
	    "\xe2\x80\x94-BEGIN EC PRIVATE KEY\xe2\x80\x94-\nAAAA",
	    "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA",
	    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA",
	    "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
	    "&#45;&#45;&#45;&#45;&#45;BEGIN&#x20;PRIVATE&nbsp;KEY-----\nAAAA",
	    "%2D%2D%2D%2D%2DBEGIN%20PRIVATE%20KEY-----\nAAAA",
	    "%252D%252D%252D%252D%252DBEGIN%2520PRIVATE%2520KEY%252D%252D\nAAAA",
	    "\\u002d\\u002d\\u002dBEGIN PRIVATE\\nKEY\\u002d\\u002d",
	    "MIIEvQIBADAN\n-----END PRIVATE KEY-----\n",
	    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ",
	    "Private-Key: (256 bit)\npriv:\n    00:01\n",
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\","
	    "\"d\" : \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
	    "{\\\"kty\\\":\\\"OKP\\\",\\\"d\\\":\\\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\\\"}",
	};
	for (size_t i = 0; i < CG_COUNT(marked); i++)
		assert_private(marked[i], span_of(marked[i]), false);
	/* Words about keys are no keys. */
	static const char *const words =
	    "Your private key - keep it secret - is not in here.\nPrivate key: in the safe.\n"
	    "Without private "
	    "key\n{\"kty\":\"EC\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAA\",\"d\":\"2026\"}\n";
	struct span plain = load("base/plain.pem"), key = load("privkey/key-only-pkcs8.pem");
	struct arena arena;
	arena_init(&arena, ARENA_MAX);
	char *text = arena_printf(&arena, "%s%.*s", words, (int)plain.n, plain.p);
	struct once o;
	once_read(&o, span_of(text), CERT_WAY_PORTAL, CERT_KIND_CLIENT);
	assert_int_equal(o.rc, CG_OK);
	arena_release(&o.arena);
	/* A real key in UTF-16, and behind a quoted reply's marks. */
	char *wide = arena_alloc(&arena, 2 * key.n), *quoted = arena_alloc(&arena, 4 * key.n);
	size_t n = 0;
	for (size_t i = 0; i < key.n; i++) {
		wide[2 * i] = key.p[i];
		quoted[n++] = key.p[i];
		if (key.p[i] == '\n') {
			quoted[n++] = '>';
			quoted[n++] = ' ';
		}
	}
	assert_private("UTF-16", span_make(wide, 2 * key.n), true);
	assert_private("quoted", span_make(quoted, n), true);
	arena_release(&arena);
	unload(plain);
	unload(key);
}

static void test_exposed_key_is_named(void **state)
{
	(void)state;
	static const char *const files[] = {
	    "privkey/cert-plus-key.pem", "form/cert-then-key-crlf.pem",
	    "base/quickstart-cert-plus-key.pem", "privkey/key-before-cert-bom-crlf.pem"};
	for (size_t i = 0; i < CG_COUNT(files); i++) {
		struct once portal, admin;
		struct span text = load(files[i]);
		once_read(&portal, text, CERT_WAY_PORTAL, CERT_KIND_CLIENT);
		once_read(&admin, text, CERT_WAY_ADMIN, CERT_KIND_CLIENT);
		assert_int_equal(admin.rc, CG_OK);
		assert_true(admin.out.private_key_dropped);
		assert_true(admin.out.n_notices > 0);
		assert_int_equal(portal.exposed.n, 1);
		assert_memory_equal(&portal.exposed.spki_sha256[0], &admin.out.leaf.spki_sha256,
				    SHA256_BYTES);
		arena_release(&portal.arena);
		arena_release(&admin.arena);
		unload(text);
	}
}

/* --- what a server passes --- */

static void test_server_values(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		enum cert_seen seen;
	} rows[] = {
	    {"",							     CERT_SEEN_NONE   },
	    {" \r\n",							CERT_SEEN_NONE   },
	    {"-",							    CERT_SEEN_NONE	},
	    {"(null)",						       CERT_SEEN_NONE   },
	    {"none",							 CERT_SEEN_DAMAGED},
	    {"-----BEGIN CERTIFICATE-----",				    CERT_SEEN_DAMAGED},
	    {"-----BEGIN CERTIFICATE----------END CERTIFICATE-----",	     CERT_SEEN_DAMAGED},
	    {"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", CERT_SEEN_ONE	  },
	    {"-----BEGIN CERTIFICATE-----\nMAB=\n-----END CERTIFICATE-----", CERT_SEEN_DAMAGED},
	    {"-----BEGIN CERTIFICATE-----\nMAA\n-----END CERTIFICATE-----",  CERT_SEEN_DAMAGED},
	    {"-----BEGIN CERTIFICATE-----\nMIEA\n-----END CERTIFICATE-----", CERT_SEEN_DAMAGED},
	    {"-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----", CERT_SEEN_DAMAGED},
	    {"-----begin certificate-----\nMAA=\n-----end certificate-----", CERT_SEEN_DAMAGED},
	};
	struct arena arena;
	struct span der, plain = load("base/plain.pem"), bare = load("form/base64-no-markers.txt");
	struct sha256 sha256;
	arena_init(&arena, ARENA_MAX);
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (cert_from_server(span_of(rows[i].value), &arena, &der, &sha256) != rows[i].seen)
			fail_msg("value %zu", i);
	assert_int_equal(cert_from_server(bare, &arena, &der, &sha256), CERT_SEEN_DAMAGED);
	char *text = arena_copy(&arena, plain);
	for (size_t i = 0; i < plain.n; i++)
		if (text[i] == '+')
			text[i] = ' ';
	assert_int_equal(cert_from_server(span_make(text, plain.n), &arena, &der, &sha256),
			 CERT_SEEN_DAMAGED);
	arena_release(&arena);
	/* Short of memory is not "no certificate". */
	arena_init(&arena, 16);
	assert_int_equal(cert_from_server(plain, &arena, &der, &sha256), CERT_SEEN_FAILED);
	arena_release(&arena);
	unload(plain);
	unload(bare);
}

/* --- hostile sizes and shapes --- */

static void test_large_texts_end(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "-----BEGIN\n",
	    "-----BEGIN CERTIFICATE-----\n",
	    "-----BEGIN A-----\n-----END A-----\n",
	    "-----END CERTIFICATE-----\n",
	    "-----",
	    "PRIVATEKEY",
	    "-BEGINxPRIVATE KEx",
	    "MIIB",
	    "MIIBAAIBADCC",			/* a key's first bytes, again and again */
	    "MHcCAQEEIAAAAAAAAAAAAAAAAAAAAAAA", /* an EC key's, so that some get read */
	    "%25",
	    "&amp;",
	    "\\\\",
	    "&#",
	    "0",
	    "\xff\xfe",
	};
	char *text = malloc(CERT_INPUT_MAX);
	assert_non_null(text);
	clock_t start = clock();
	for (size_t i = 0; i < CG_COUNT(lines); i++) {
		struct once o;
		size_t len = strlen(lines[i]);
		for (size_t k = 0; k < CERT_INPUT_MAX; k++)
			text[k] = lines[i][k % len];
		once_read(&o, span_make(text, CERT_INPUT_MAX), CERT_WAY_ADMIN, CERT_KIND_CLIENT);
		assert_int_not_equal(o.rc, CG_OK);
		arena_release(&o.arena);
	}
	/* Milliseconds each when linear; a quadratic step would take minutes of this process's own
	 * time, in which nobody else's counts. */
	assert_true(clock() - start < 60 * CLOCKS_PER_SEC);
	free(text);
}

static void try_all_ways(struct span bytes)
{
	struct span der;
	struct sha256 sha256;
	struct cert facts;
	struct once o;
	char *exact = malloc(bytes.n ? bytes.n : 1);
	assert_non_null(exact);
	if (bytes.n > 0)
		memcpy(exact, bytes.p, bytes.n);
	bytes.p = exact;
	for (int way = CERT_WAY_ADMIN; way <= CERT_WAY_PORTAL_FILE; way++) {
		once_read(&o, bytes, (enum cert_way)way, CERT_KIND_CLIENT);
		if (o.rc == CG_OK)
			assert_cert_is_safe("mutant", &o.out.leaf);
		arena_release(&o.arena);
	}
	arena_init(&o.arena, ARENA_MAX);
	if (cert_from_server(bytes, &o.arena, &der, &sha256) == CERT_SEEN_ONE)
		assert_true(der.n > 0);
	if (cert_facts(bytes, &o.arena, &facts, NULL) == CG_OK)
		assert_cert_is_safe("mutant", &facts);
	arena_release(&o.arena);
	free(exact);
}

static void test_every_prefix(void **state)
{
	(void)state;
	static const char *const files[] = {"base/plain.pem", "form/cert-then-key-crlf.pem",
					    "form/der.cer", "privkey/key-url-encoded.txt",
					    "privkey/key-literal-backslash-n.txt"};
	for (size_t i = 0; i < CG_COUNT(files); i++) {
		struct span text = load(files[i]);
		for (size_t n = 0; n <= text.n; n++)
			try_all_ways(span_make(text.p, n));
		unload(text);
	}
}

static void test_every_changed_byte(void **state)
{
	(void)state;
	static const uint8_t flips[] = {0x01, 0x80, 0xff};
	struct span text = load("form/der.cer");
	char *copy = malloc(text.n + 1);
	assert_non_null(copy);
	for (size_t i = 0; i < text.n; i++)
		for (size_t k = 0; k < CG_COUNT(flips); k++) {
			memcpy(copy, text.p, text.n);
			copy[i] = (char)(copy[i] ^ flips[k]);
			try_all_ways(span_make(copy, text.n));
		}
	free(copy);
	unload(text);
}

/* A certificate that two encoders would write differently has two fingerprints. */
static void test_canonical_only(void **state)
{
	(void)state;
	struct span text = load("form/der.cer");
	struct arena arena;
	struct cert facts;
	arena_init(&arena, ARENA_MAX);
	char *bytes = arena_copy(&arena, text);
	assert_int_equal(cert_facts(text, &arena, &facts, NULL), CG_OK);
	/* The first SET of the issuer as a string in pieces, and BOOLEAN TRUE as 1. */
	char *set = memmem(bytes, text.n, "\x31\x0b\x30\x09\x06\x03", 6);
	char *yes = memmem(bytes, text.n, "\x01\x01\xff", 3);
	assert_non_null(set);
	assert_non_null(yes);
	*set = 0x24;
	assert_int_equal(cert_facts(span_make(bytes, text.n), &arena, &facts, NULL), CG_BAD_VALUE);
	*set = 0x31;
	yes[2] = 1;
	assert_code(span_make(bytes, text.n), CERT_WAY_ADMIN_FILE, CERT_KIND_CLIENT, CERT_NOT_DER);
	yes[2] = (char)0xff;
	/* No 30 February, no times without seconds. */
	char *time = memmem(bytes, text.n, "\x17\x0d", 2);
	assert_non_null(time);
	time[4] = '0', time[5] = '2', time[6] = '3', time[7] = '0';
	assert_int_equal(cert_facts(span_make(bytes, text.n), &arena, &facts, NULL), CG_BAD_VALUE);
	arena_release(&arena);
	unload(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_codes),
	    cmocka_unit_test(test_remains_of_another),
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_text_is_safe),
	    cmocka_unit_test(test_facts),
	    cmocka_unit_test(test_pem_round_trip),
	    cmocka_unit_test(test_private_key_disguises),
	    cmocka_unit_test(test_exposed_key_is_named),
	    cmocka_unit_test(test_server_values),
	    cmocka_unit_test(test_large_texts_end),
	    cmocka_unit_test(test_every_prefix),
	    cmocka_unit_test(test_every_changed_byte),
	    cmocka_unit_test(test_canonical_only),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, NULL);
}
