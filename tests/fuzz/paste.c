/* What people paste and upload: cert_read in every way and for every kind. */
#include "base/base.h"
#include "fuzz.h"

#define NOW ((int64_t)1795608000) /* 2026-11-25 12:00 UTC: what tests/certs is made for */
/* What a reading may take of its arena, per byte of text and beside it: each certificate's names
 * have their ceilings, and a name's parts 16 bytes each. */
#define ARENA_PER_BYTE 48
#define ARENA_BESIDE   ((size_t)1024 * 1024)
#define ARENA_MAX      ((size_t)64 * 1024 * 1024)

struct once {
	struct arena arena;
	struct cert_reading out;
	struct cert_exposed exposed;
	struct cg_err err;
	cg_rc rc;
};

static void read_once(struct once *o, struct span text, enum cert_way way, enum cert_kind kind)
{
	bool portal = way == CERT_WAY_PORTAL || way == CERT_WAY_PORTAL_FILE;
	arena_init(&o->arena, ARENA_MAX);
	fuzz_unwrite(&o->out, sizeof(o->out));
	fuzz_unwrite(&o->exposed, sizeof(o->exposed));
	o->err = (struct cg_err){.code = NULL};
	o->rc = cert_read(text, way, kind, NOW, &o->arena, &o->out, &o->exposed, &o->err);
	MUST(o->rc == CG_OK || o->rc == CG_BAD_VALUE || o->rc == CG_TOO_BIG);
	MUST(o->arena.used_bytes <= ARENA_PER_BYTE * text.n + ARENA_BESIDE);
	MUST(o->exposed.n <= CERT_EXPOSED_MAX);
	fuzz_must_hold_no_secret(&o->arena, o->rc == CG_OK ? &o->out : NULL);
	if (o->rc != CG_OK) {
		fuzz_must_be_kind(&o->err);
		fuzz_must_tell_no_secret(o->err.text);
		MUST(o->err.code);
		fuzz_must_be_unwritten(&o->out, sizeof(o->out));
		MUST(o->exposed.n == 0 ||
		     (portal && strcmp(o->err.code, CERT_PRIVATE_KEY_PASTED) == 0));
		return;
	}
	MUST(o->exposed.n == 0 && !(portal && o->out.private_key_dropped));
	fuzz_must_be_sound(&o->out.leaf);
	for (size_t i = 0; i < o->out.n_chain; i++)
		fuzz_must_be_sound(&o->out.chain[i]);
	MUST(o->out.n_notices <= CERT_NOTICES_MAX && o->out.n_chain < CERT_INPUT_CERTS_MAX);
	for (size_t i = 0; i < o->out.n_notices; i++)
		fuzz_must_be_safe(o->out.notices[i]);
}

static bool is_same(const struct once *a, const struct once *b)
{
	return memcmp(&a->out.leaf.sha256, &b->out.leaf.sha256, sizeof(struct sha256)) == 0;
}

/* What was accepted is accepted again as the text that we make of it, as the same certificate, and
 * as the web server's value; by the portal as well, unless bytes of the certificate look like a
 * private key in its text. */
static void read_again(const struct once *first, enum cert_kind kind)
{
	struct once admin, portal;
	struct arena arena;
	struct span der = {NULL, 0};
	struct sha256 sha256;
	arena_init(&arena, ARENA_MAX);
	struct span pem = span_of(cert_pem(&arena, first->out.leaf.der));
	MUST(pem.n > 0);
	read_once(&admin, pem, CERT_WAY_ADMIN, kind);
	MUST(admin.rc == CG_OK && is_same(first, &admin));
	read_once(&portal, pem, CERT_WAY_PORTAL, kind);
	if (portal.rc == CG_OK)
		MUST(is_same(first, &portal) && !admin.out.private_key_dropped);
	else
		MUST(admin.out.private_key_dropped);
	MUST(cert_from_server(pem, &arena, &der, &sha256) == CERT_SEEN_ONE);
	MUST(span_is(der, first->out.leaf.der));
	arena_release(&admin.arena);
	arena_release(&portal.arena);
	arena_release(&arena);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_secrets_load();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct once o[4], other;
	char *copy = fuzz_exact(bytes, n);
	struct span text = {copy, n};
	for (int way = CERT_WAY_ADMIN; way <= CERT_WAY_PORTAL_FILE; way++)
		read_once(&o[way], text, (enum cert_way)way, CERT_KIND_CLIENT);
	/* A file is a text field that may be binary; the portal is the admin without private keys.
	 */
	for (int i = CERT_WAY_ADMIN; i <= CERT_WAY_PORTAL; i += 2)
		if (o[i].rc == CG_OK)
			MUST(o[i + 1].rc == CG_OK && is_same(&o[i], &o[i + 1]));
	for (int i = CERT_WAY_ADMIN; i <= CERT_WAY_ADMIN_FILE; i++) {
		const struct once *admin = &o[i], *portal = &o[i + 2];
		if (portal->rc == CG_OK || (admin->rc == CG_OK && !admin->out.private_key_dropped))
			MUST(portal->rc == CG_OK && admin->rc == CG_OK && is_same(admin, portal));
		else if (admin->rc == CG_OK)
			MUST(strcmp(portal->err.code, CERT_PRIVATE_KEY_PASTED) == 0);
	}
	if (o[CERT_WAY_ADMIN_FILE].rc == CG_OK)
		read_again(&o[CERT_WAY_ADMIN_FILE], CERT_KIND_CLIENT);
	for (int kind = CERT_KIND_CA; kind <= CERT_KIND_UPSTREAM; kind++) {
		read_once(&other, text, CERT_WAY_ADMIN_FILE, (enum cert_kind)kind);
		/* An upstream's may have any purpose. */
		if (kind == CERT_KIND_UPSTREAM && o[CERT_WAY_ADMIN_FILE].rc == CG_OK)
			MUST(other.rc == CG_OK && is_same(&other, &o[CERT_WAY_ADMIN_FILE]));
		if (other.rc == CG_OK)
			read_again(&other, (enum cert_kind)kind);
		arena_release(&other.arena);
	}
	for (int way = CERT_WAY_ADMIN; way <= CERT_WAY_PORTAL_FILE; way++)
		arena_release(&o[way].arena);
	free(copy);
	return 0;
}
