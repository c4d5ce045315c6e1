/* lib/cert/crl: revocation lists made here with GnuTLS, or from their octets; what is damaged at
 * any place, or says only a part, is refused. */
#include "chain_world.h"

static struct span make_crl(const struct pair *ca, const struct pair *const *revoked, size_t n,
			    int64_t this_update, int64_t next_update, unsigned number)
{
	gnutls_x509_crl_t crl;
	gnutls_datum_t out = {NULL, 0};
	uint8_t octets[2] = {(uint8_t)(number >> 8), (uint8_t)number};
	assert_int_equal(gnutls_x509_crl_init(&crl), 0);
	assert_int_equal(gnutls_x509_crl_set_version(crl, 2), 0);
	assert_int_equal(gnutls_x509_crl_set_this_update(crl, (time_t)this_update), 0);
	assert_int_equal(gnutls_x509_crl_set_next_update(crl, (time_t)next_update), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(gnutls_x509_crl_set_crt(crl, revoked[i]->crt, (time_t)this_update),
				 0);
	if (number)
		assert_int_equal(gnutls_x509_crl_set_number(crl, octets, sizeof(octets)), 0);
	assert_int_equal(gnutls_x509_crl_sign2(crl, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_DER, &out), 0);
	char *copy = arena_copy(&arena, span_make(out.data, out.size));
	assert_non_null(copy);
	struct span der = {copy, out.size};
	gnutls_free(out.data);
	gnutls_x509_crl_deinit(crl);
	return der;
}

static struct cert_crl read_crl(struct span der)
{
	struct cert_crl crl;
	struct cg_err err = {0};
	if (crl_from_text(der, &arena, &crl, &err) != CG_OK)
		fail_msg("%s", err.text);
	return crl;
}

static void test_revoked(void **state)
{
	(void)state;
	struct pair spare = make_leaf("spare", &sub);
	const struct pair *between[] = {&sub}, *anchor = &root, *on_it[] = {&spare, &low};
	struct cert_crl crl = read_crl(make_crl(&sub, on_it, 2, NOW - 60, NOW + 60, 7));
	assert_int_equal(crl.n_entries, 2);
	assert_int_equal(ask_at(NOW, low.der, &anchor, 1, between, 1, &crl, &sub).fault,
			 CERT_CHAIN_REVOKED);
	/* Whatever the time, revoked is revoked. */
	assert_int_equal(ask_at(NOW + 61, low.der, &anchor, 1, between, 1, &crl, &sub).fault,
			 CERT_CHAIN_REVOKED);
	struct pair kept = make_leaf("kept", &sub);
	const struct {
		int64_t at;
		enum cert_chain_fault want;
	} rows[] = {
	    {NOW,	  CERT_CHAIN_GOOD	 },
	     {NOW + 60, CERT_CHAIN_GOOD    },
	    {NOW + 61, CERT_CHAIN_OUTDATED},
	     {NOW - 60, CERT_CHAIN_GOOD    },
	    {NOW - 61, CERT_CHAIN_OUTDATED},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct cert_chain c =
		    ask_at(rows[i].at, kept.der, &anchor, 1, between, 1, &crl, &sub);
		if (c.fault != rows[i].want)
			fail_msg("at %+ld: %d", (long)(rows[i].at - NOW), (int)c.fault);
		if (c.fault == CERT_CHAIN_GOOD) {
			assert_int_equal(c.from, NOW - 60);
			assert_int_equal(c.until, NOW + 60);
		}
	}
	/* Serial numbers are one CA's own. */
	struct pair same_serial = make((struct recipe){.name = "same serial",
						       .issuer = &root,
						       .path_length = -1,
						       .usage = GNUTLS_KEY_DIGITAL_SIGNATURE,
						       .serial = 77});
	struct pair at_sub = make((struct recipe){.name = "at sub",
						  .issuer = &sub,
						  .path_length = -1,
						  .usage = GNUTLS_KEY_DIGITAL_SIGNATURE,
						  .serial = 77});
	const struct pair *the_one[] = {&at_sub};
	struct cert_crl of_sub = read_crl(make_crl(&sub, the_one, 1, NOW - 60, NOW + 60, 1));
	assert_int_equal(ask_at(NOW, same_serial.der, &anchor, 1, between, 1, &of_sub, &sub).fault,
			 CERT_CHAIN_GOOD);
	assert_int_equal(ask_at(NOW, at_sub.der, &anchor, 1, between, 1, &of_sub, &sub).fault,
			 CERT_CHAIN_REVOKED);
	/* A CA in between, on its own CA's list; the list of another with the same name does not
	 * count, and that of one with the same name and key does. */
	const struct pair *subs[] = {&sub};
	struct cert_crl of_root = read_crl(make_crl(&root, subs, 1, NOW - 60, NOW + 60, 1));
	assert_int_equal(ask_at(NOW, kept.der, &anchor, 1, between, 1, &of_root, &root).fault,
			 CERT_CHAIN_REVOKED);
	struct pair twin = make_ca("Sub", &root);
	struct cert_crl of_twin = read_crl(make_crl(&twin, on_it, 2, NOW - 60, NOW + 60, 1));
	assert_int_equal(ask_at(NOW, low.der, &anchor, 1, between, 1, &of_twin, &twin).fault,
			 CERT_CHAIN_GOOD);
	struct pair again = make((struct recipe){.name = "Sub",
						 .issuer = &root,
						 .key = &sub,
						 .ca = true,
						 .path_length = -1,
						 .usage = GNUTLS_KEY_KEY_CERT_SIGN});
	assert_int_equal(ask_at(NOW, low.der, &anchor, 1, between, 1, &crl, &again).fault,
			 CERT_CHAIN_REVOKED);
}

static const char *code_of(const struct cert_crl *crl, struct span ca, int64_t now)
{
	struct cg_err err = {0};
	cg_rc rc = crl_check(crl, ca, now, &err);
	if (rc != CG_OK && (rc != CG_BAD_VALUE || err.text[0] == '\0'))
		fail_msg("%d: %s", (int)rc, err.text);
	return rc == CG_OK ? "" : err.code;
}

static void test_crl_check(void **state)
{
	(void)state;
	const struct pair *none[] = {NULL};
	struct cert_crl crl = read_crl(make_crl(&sub, none, 0, NOW - 60, NOW + 60, 300));
	assert_int_equal(crl.n_entries, 0);
	assert_string_equal(code_of(&crl, sub.der, NOW), "");
	assert_string_equal(code_of(&crl, sub.der, NOW + 60), "");
	assert_string_equal(code_of(&crl, sub.der, NOW + 61), CRL_OUTDATED);
	assert_string_equal(code_of(&crl, sub.der, NOW - 61), CRL_NOT_YET_ISSUED);
	assert_string_equal(code_of(&crl, root.der, NOW), CRL_OTHER_ISSUER);
	struct pair twin = make_ca("Sub", &root);
	assert_string_equal(code_of(&crl, twin.der, NOW), CRL_BAD_SIGNATURE);
	/* A CA that may sign certificates alone. */
	struct pair no_lists = make((struct recipe){.name = "Sub",
						    .issuer = &root,
						    .key = &sub,
						    .ca = true,
						    .path_length = -1,
						    .usage = GNUTLS_KEY_KEY_CERT_SIGN});
	assert_string_equal(code_of(&crl, no_lists.der, NOW), CRL_BAD_SIGNATURE);
	/* As PEM, and back. */
	char *pem = crl_pem(&arena, crl.der);
	assert_non_null(pem);
	struct cert_crl back = read_crl(span_of(arena_printf(&arena, "CRL:\r\n%s\nend", pem)));
	assert_true(span_is(back.der, crl.der));
	assert_int_equal(crl_number_compare(crl.number, back.number), 0);
	struct cg_err err = {0};
	assert_int_equal(
	    crl_from_text(span_of(arena_printf(&arena, "%s%s", pem, pem)), &arena, &back, &err),
	    CG_BAD_VALUE);
	assert_int_equal(crl_from_text(SPAN_LIT(""), &arena, &back, &err), CG_BAD_VALUE);
	pem[strlen("-----BEGIN X509 CRL-----\n") + 5] = '!';
	assert_int_equal(crl_from_text(span_of(pem), &arena, &back, &err), CG_BAD_VALUE);
	assert_string_equal(err.code, CERT_DAMAGED);
}

static void test_crl_damaged(void **state)
{
	(void)state;
	const struct pair *on_it[] = {&low};
	struct span der = make_crl(&sub, on_it, 1, NOW - 60, NOW + 60, 5);
	struct arena scratch;
	struct cert_crl crl;
	struct cg_err err = {0};
	arena_init(&scratch, 1024 * 1024);
	for (size_t n = 0; n < der.n; n++) {
		/* A block of its own, so that a byte too far shows with the sanitizer. */
		char *cut = malloc(n ? n : 1);
		assert_non_null(cut);
		memcpy(cut, der.p, n);
		if (crl_parse(span_make(cut, n), &crl, &err) == CG_OK)
			fail_msg("cut at %zu", n);
		free(cut);
	}
	/* A changed byte: refused, or at least not signed any more. */
	char *changed = malloc(der.n + 1);
	assert_non_null(changed);
	for (size_t i = 0; i < der.n; i++) {
		memcpy(changed, der.p, der.n);
		changed[i] = (char)(changed[i] ^ 0x01);
		arena_clear(&scratch);
		if (crl_from_text(span_make(changed, der.n), &scratch, &crl, &err) == CG_OK &&
		    crl_check(&crl, sub.der, NOW, &err) == CG_OK)
			fail_msg("byte %zu changed", i);
	}
	free(changed);
	arena_release(&scratch);
}

/* --- lists that GnuTLS does not make, from their octets; nobody has signed them --- */

static struct span tlv(uint8_t tag, struct span body)
{
	char head[6] = {(char)tag};
	size_t n = 1;
	if (body.n >= 0x80) {
		unsigned octets = body.n > 0xffff ? 3 : body.n > 0xff ? 2 : 1;
		head[n++] = (char)(0x80 | octets);
		while (octets-- > 0)
			head[n++] = (char)(body.n >> 8 * octets);
	} else {
		head[n++] = (char)body.n;
	}
	char *out = arena_alloc(&arena, n + body.n);
	assert_non_null(out);
	memcpy(out, head, n);
	memcpy(out + n, body.p, body.n);
	return span_make(out, n + body.n);
}

static struct span join(const struct span *parts, size_t n)
{
	size_t length = 0, at = 0;
	for (size_t i = 0; i < n; i++)
		length += parts[i].n;
	char *out = arena_alloc(&arena, length + 1);
	assert_non_null(out);
	for (size_t i = 0; i < n; at += parts[i++].n)
		memcpy(out + at, parts[i].p, parts[i].n);
	return span_make(out, length);
}

#define JOIN(...)                                                                                  \
	join((const struct span[]){__VA_ARGS__}, CG_COUNT(((const struct span[]){__VA_ARGS__})))
#define TIME	tlv(0x17, SPAN_LIT("270115080000Z"))
#define NOTHING SPAN_LIT("")

/* What is written of a certificate in the list. */
static struct span entry(struct span serial, struct span extensions)
{
	return tlv(0x30, JOIN(tlv(0x02, serial), TIME,
			      extensions.n > 0 ? tlv(0x30, extensions) : NOTHING));
}

static struct span extension(struct span oid, bool is_critical, struct span value)
{
	return tlv(0x30, JOIN(tlv(0x06, oid), is_critical ? SPAN_LIT("\x01\x01\xff") : NOTHING,
			      tlv(0x04, value)));
}

static struct span list(struct span entries, struct span extensions)
{
	/* ecdsa-with-SHA256 */
	struct span method = tlv(0x30, tlv(0x06, SPAN_LIT("\x2a\x86\x48\xce\x3d\x04\x03\x02")));
	struct span tbs =
	    tlv(0x30, JOIN(tlv(0x02, SPAN_LIT("\x01")), method, tlv(0x30, NOTHING), TIME, TIME,
			   tlv(0x30, entries),
			   extensions.n > 0 ? tlv(0xa0, tlv(0x30, extensions)) : NOTHING));
	return tlv(0x30, JOIN(tbs, method, tlv(0x03, SPAN_LIT("\0\1"))));
}

static const char *read_code(struct span text, cg_rc want)
{
	static struct cg_err err;
	struct cert_crl crl;
	err = (struct cg_err){.text = ""};
	cg_rc rc = crl_from_text(text, &arena, &crl, &err);
	if (rc != CG_OK && (rc != want || err.text[0] == '\0'))
		fail_msg("%d: %s", (int)rc, err.text);
	return rc == CG_OK ? "" : err.code;
}

/* Extensions (RFC 5280 sections 5.2 and 5.3), and one that nobody knows. */
#define CRL_NUMBER   SPAN_LIT("\x55\x1d\x14")
#define DELTA	     SPAN_LIT("\x55\x1d\x1b")
#define POINT	     SPAN_LIT("\x55\x1d\x1c")
#define REASON	     SPAN_LIT("\x55\x1d\x15")
#define ENTRY_ISSUER SPAN_LIT("\x55\x1d\x1d")
#define UNKNOWN	     SPAN_LIT("\x2a\x03\x04")

/* A list that does not speak for all certificates of its CA, or names those of another, must not
 * be taken for one that does; nor one that says something critical which is not understood. */
static void test_partial(void **state)
{
	(void)state;
	/* clang-format off */
	static const struct {
		const char *what;
		struct span oid;
		bool of_entry, is_critical;
		struct span value;
		const char *code;
	} rows[] = {
		{"delta", DELTA, false, true, SPAN_LIT("\x02\x01\x01"), CRL_PARTIAL},
		{"delta, not critical", DELTA, false, false, SPAN_LIT("\x02\x01\x01"), CRL_PARTIAL},
		{"of a point", POINT, false, true, SPAN_LIT("\x30\0"), CRL_PARTIAL},
		{"of a point, not critical", POINT, false, false, SPAN_LIT("\x30\0"), CRL_PARTIAL},
		{"of another CA", ENTRY_ISSUER, true, true, SPAN_LIT("\x30\0"), CRL_PARTIAL},
		{"of another, not critical", ENTRY_ISSUER, true, false, SPAN_LIT("\x30\0"), CRL_PARTIAL},
		{"critical, unknown", UNKNOWN, false, true, SPAN_LIT("\x05\0"), CRL_PARTIAL},
		{"the same of an entry", UNKNOWN, true, true, SPAN_LIT("\x05\0"), CRL_PARTIAL},
		{"unknown", UNKNOWN, false, false, SPAN_LIT("\x05\0"), ""},
		{"the same of an entry", UNKNOWN, true, false, SPAN_LIT("\x05\0"), ""},
		{"a reason", REASON, true, false, SPAN_LIT("\x0a\x01\x01"), ""},
		{"a number", CRL_NUMBER, false, false, SPAN_LIT("\x02\x01\x01"), ""},
		{"a number below 0", CRL_NUMBER, false, false, SPAN_LIT("\x02\x01\xff"), CERT_DAMAGED},
		{"no number", CRL_NUMBER, false, false, SPAN_LIT("\x05\0"), CERT_DAMAGED},
	};
	/* clang-format on */
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct span ext = extension(rows[i].oid, rows[i].is_critical, rows[i].value);
		struct span der = rows[i].of_entry ? list(entry(SPAN_LIT("\x07"), ext), NOTHING)
						   : list(entry(SPAN_LIT("\x07"), NOTHING), ext);
		const char *code = read_code(der, CG_BAD_VALUE);
		if (strcmp(code, rows[i].code) != 0)
			fail_msg("%s: “%s”", rows[i].what, code);
	}
}

/* As large as it may be, it is read whole; a larger one is refused; in either form. */
static void test_size(void **state)
{
	(void)state;
	struct span one = entry(SPAN_LIT("\x01\x02\x03\x04\x05\x06\x07\x08"), NOTHING);
	size_t n = (CRL_DER_MAX - list(NOTHING, NOTHING).n - 32) / one.n;
	char *entries = arena_alloc(&arena, (n + 3) * one.n);
	assert_non_null(entries);
	for (size_t i = 0; i < n + 3; i++)
		memcpy(entries + i * one.n, one.p, one.n);
	struct span most = list(span_make(entries, n * one.n), NOTHING),
		    more = list(span_make(entries, (n + 3) * one.n), NOTHING);
	assert_true(most.n <= CRL_DER_MAX && more.n > CRL_DER_MAX);
	assert_int_equal(read_crl(most).n_entries, n);
	assert_int_equal(read_crl(span_of(crl_pem(&arena, most))).n_entries, n);
	assert_string_equal(read_code(more, CG_TOO_BIG), CRL_TOO_LARGE);
	assert_string_equal(read_code(span_of(crl_pem(&arena, more)), CG_TOO_BIG), CRL_TOO_LARGE);
	/* Lines too many to be those of a list. */
	char *lines = arena_alloc(&arena, CRL_INPUT_MAX + 1);
	assert_non_null(lines);
	memset(lines, '\n', CRL_INPUT_MAX + 1);
	assert_string_equal(read_code(span_make(lines, CRL_INPUT_MAX + 1), CG_TOO_BIG),
			    CRL_TOO_LARGE);
	assert_string_equal(read_code(span_make(lines, CRL_INPUT_MAX), CG_BAD_VALUE),
			    CRL_NOT_FOUND);
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		struct span a, b;
		int want;
	} rows[] = {
	    {SPAN_LIT("\x01"),     SPAN_LIT("\x02"),	 -1},
	    {SPAN_LIT("\x02"),     SPAN_LIT("\x01"),	 1 },
	    {SPAN_LIT("\x01"),     SPAN_LIT("\x01"),	 0 },
	    {SPAN_LIT("\x00\x80"), SPAN_LIT("\x7f"),     1 },
	    {SPAN_LIT("\x00\x80"), SPAN_LIT("\x01\x00"), -1},
	    {SPAN_LIT("\x00"),     SPAN_LIT("\x00"),	 0 },
	    {SPAN_LIT("\x01\x00"), SPAN_LIT("\x00\xff"), 1 },
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		int got = crl_number_compare(rows[i].a, rows[i].b);
		if ((got > 0) - (got < 0) != rows[i].want)
			fail_msg("row %zu: %d", i, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_revoked),	cmocka_unit_test(test_crl_check),
	    cmocka_unit_test(test_crl_damaged), cmocka_unit_test(test_partial),
	    cmocka_unit_test(test_size),	cmocka_unit_test(test_numbers),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
