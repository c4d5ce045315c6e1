#include "base/base.h"
#include "fuzz.h"
#include <dirent.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <unistr.h>

#define SECRETS_MAX    400
#define SECRET_BYTES   16
#define KEY_FILE_MAX   16384
#define LINE_OF_BASE64 64

_Noreturn void fuzz_fail(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

char *fuzz_exact(const uint8_t *bytes, size_t n)
{
	char *p = malloc(n > 0 ? n : 1);
	MUST(p);
	if (n > 0)
		memcpy(p, bytes, n);
	return p;
}

char *fuzz_text(const uint8_t *bytes, size_t n)
{
	char *p = n > 0 ? strndup((const char *)bytes, n) : strdup("");
	MUST(p);
	return p;
}

void fuzz_variables(char *text, char **env, size_t max)
{
	size_t n = 0;
	for (char *line = text; line && *line && n < max;) {
		char *end = strchr(line, '\n');
		if (end)
			*end = '\0';
		env[n++] = line;
		line = end ? end + 1 : NULL;
	}
	env[n] = NULL;
}

size_t fuzz_der_size(const uint8_t *bytes, size_t n)
{
	size_t octets = n > 1 && bytes[1] >= 0x80 ? bytes[1] & 0x7fu : 0, size = 0;
	if (n < 2 || octets > 2 || n < 2 + octets)
		return n;
	if (octets == 0)
		size = bytes[1];
	for (size_t i = 0; i < octets; i++)
		size = size << 8 | bytes[2 + i];
	return size < n - 2 - octets ? 2 + octets + size : n;
}

void fuzz_unwrite(void *p, size_t n)
{
	memset(p, 0xa5, n);
}

void fuzz_must_be_unwritten(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		MUST(((const uint8_t *)p)[i] == 0xa5);
}

/* Written down here once more: the list of base/text.c is what is tested. */
static bool is_unsafe(ucs4_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff);
}

void fuzz_must_be_safe(const char *text)
{
	MUST(text);
	for (size_t n = strlen(text); n > 0;) {
		ucs4_t c;
		int got = u8_mbtoucr(&c, (const uint8_t *)text, n);
		MUST(got > 0);
		MUST(!is_unsafe(c));
		text += got;
		n -= (size_t)got;
	}
}

void fuzz_must_be_kind(const struct cg_err *err)
{
	fuzz_must_be_safe(err->text);
	size_t n = strlen(err->text);
	MUST(n > 10 && n < sizeof(err->text) - 1 && strchr(err->text, ' '));
	for (const char *p = err->code; p && *p; p++)
		MUST((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_');
}

void fuzz_must_be_sound(const struct cert *c)
{
	struct sha256 again;
	MUST(sha256_of(c->der, &again) == CG_OK);
	MUST(memcmp(&again, &c->sha256, sizeof(again)) == 0);
	const char *const texts[] = {c->subject, c->issuer, c->serial, c->public_key};
	for (size_t i = 0; i < CG_COUNT(texts); i++) {
		fuzz_must_be_safe(texts[i]);
		MUST(strlen(texts[i]) <= CERT_TEXT_MAX);
	}
	MUST(c->n_names <= CERT_NAMES_MAX);
	for (size_t i = 0; i < c->n_names; i++) {
		fuzz_must_be_safe(c->names[i]);
		MUST(strlen(c->names[i]) <= CERT_NAME_TEXT_MAX);
	}
}

/* --- private keys --- */

static struct {
	char bytes[SECRET_BYTES];
} secrets[SECRETS_MAX];
static size_t n_secrets;

static void add_secret(const void *bytes, size_t n)
{
	MUST(n >= SECRET_BYTES && n_secrets < SECRETS_MAX);
	memcpy(secrets[n_secrets++].bytes, bytes, SECRET_BYTES);
}

static void add_text(struct span text)
{
	struct span line;
	while (span_next(&text, '\n', &line))
		/* The first line is the same in every key of its kind. */
		if (line.n == LINE_OF_BASE64 && !span_starts(line, SPAN_LIT("MI")) &&
		    !memchr(line.p, ' ', line.n) && !memchr(line.p, '-', line.n))
			add_secret(line.p + 8, line.n - 8);
}

static void add_numbers(struct span text)
{
	gnutls_datum_t d = {(unsigned char *)(uintptr_t)text.p, (unsigned)text.n};
	gnutls_x509_privkey_t key;
	gnutls_datum_t n[6] = {
	    {NULL, 0}
	     };
	gnutls_ecc_curve_t curve;
	MUST(gnutls_x509_privkey_init(&key) == 0);
	/* Curves that GnuTLS lacks have their text. */
	if (gnutls_x509_privkey_import2(key, &d, GNUTLS_X509_FMT_PEM, NULL, 0) == 0) {
		if (gnutls_x509_privkey_export_rsa_raw(key, &n[0], &n[1], &n[2], &n[3], &n[4],
						       &n[5]) == 0) {
			for (size_t i = 2; i < 5; i++)
				add_secret(n[i].data + 8, n[i].size - 8);
		} else if (gnutls_x509_privkey_export_ecc_raw(key, &curve, &n[0], &n[1], &n[2]) ==
			   0) {
			add_secret(n[2].data + 8, n[2].size - 8);
		}
	}
	for (size_t i = 0; i < CG_COUNT(n); i++)
		gnutls_free(n[i].data);
	gnutls_x509_privkey_deinit(key);
}

void fuzz_secrets_load(void)
{
	char path[4096], text[KEY_FILE_MAX];
	const char *root = getenv("CERTGATE_SOURCE");
	(void)snprintf(path, sizeof(path), "%s/tests/certs/keys", root ? root : ".");
	DIR *dir = opendir(path);
	MUST(dir && gnutls_global_init() == 0);
	size_t end = strlen(path);
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path + end, sizeof(path) - end, "/%s", e->d_name);
		FILE *f = fopen(path, "rb");
		MUST(f);
		struct span key = {text, fread(text, 1, sizeof(text), f)};
		MUST(fclose(f) == 0);
		add_text(key);
		add_numbers(key);
	}
	MUST(closedir(dir) == 0 && n_secrets > 100);
}

/* As in base/arena.c, which keeps it to itself. */
struct block {
	struct block *next;
	size_t size, used;
	max_align_t bytes[];
};

static const struct block *blocks_of(const struct arena *arena)
{
	static bool known;
	if (!known) {
		struct arena a;
		arena_init(&a, 1000);
		const void *first = arena_alloc(&a, 16);
		const struct block *b = (const void *)a.blocks;
		MUST(first && b && first == b->bytes && b->used == 16 && !b->next);
		arena_release(&a);
		known = true;
	}
	return (const void *)arena->blocks;
}

static bool is_within(const char *p, struct span s)
{
	return s.p && p >= s.p && p < s.p + s.n;
}

static bool is_of_certificate(const char *p, const struct cert_reading *but)
{
	bool found = but && is_within(p, but->leaf.der);
	for (size_t i = 0; but && i < but->n_chain; i++)
		found = found || is_within(p, but->chain[i].der);
	return found;
}

/* Not memmem and memcmp: libFuzzer would learn from them how to put the secrets into certificates.
 */
#if defined(__clang__)
__attribute__((no_sanitize("coverage")))
#endif
static const char *
find_secret(const char *p, size_t n)
{
	static uint16_t first[65536]; /* by two bytes: a secret's place and one more */
	static uint16_t next[SECRETS_MAX];
	static size_t n_indexed;
	for (; n_indexed < n_secrets; n_indexed++) {
		const uint8_t *b = (const uint8_t *)secrets[n_indexed].bytes;
		uint16_t *at = &first[b[0] << 8 | b[1]];
		next[n_indexed] = *at;
		*at = (uint16_t)(n_indexed + 1);
	}
	for (; n >= SECRET_BYTES; p++, n--) {
		const uint8_t *b = (const uint8_t *)p;
		for (size_t i = first[b[0] << 8 | b[1]]; i > 0; i = next[i - 1]) {
			size_t same = 0;
			while (same < SECRET_BYTES && secrets[i - 1].bytes[same] == p[same])
				same++;
			if (same == SECRET_BYTES)
				return p;
		}
	}
	return NULL;
}

void fuzz_must_hold_no_secret(const struct arena *arena, const struct cert_reading *but)
{
	for (const struct block *b = blocks_of(arena); b; b = b->next) {
		const char *from = (const char *)b->bytes, *hit;
		size_t n = b->used;
		while ((hit = find_secret(from, n))) {
			MUST(is_of_certificate(hit, but));
			n -= (size_t)(hit + 1 - from);
			from = hit + 1;
		}
	}
}

void fuzz_must_tell_no_secret(const char *text)
{
	MUST(!find_secret(text, strlen(text)));
}
