/* SSL_CLIENT_CERT, as the web server passes it, to the gate. */
#include "base/base.h"
#include "fuzz.h"

#define NOW	  ((int64_t)1795608000) /* 2026-11-25 12:00 UTC */
#define ARENA_MAX ((size_t)64 * 1024 * 1024)

static enum cert_seen see(struct span value, struct arena *arena, struct span *der,
			  struct sha256 *sha256)
{
	fuzz_unwrite(sha256, sizeof(*sha256));
	*der = (struct span){NULL, 0};
	enum cert_seen seen = cert_from_server(value, arena, der, sha256);
	MUST(seen == CERT_SEEN_NONE || seen == CERT_SEEN_DAMAGED || seen == CERT_SEEN_ONE);
	if (seen != CERT_SEEN_ONE) {
		MUST(!der->p);
		fuzz_must_be_unwritten(sha256, sizeof(*sha256));
	}
	return seen;
}

/* Whether a line end there would be read as the space of a marker, of which it is none. */
static bool is_in_marker(const char *text, size_t n)
{
	return (n >= 5 && memcmp(text + n - 5, "BEGIN", 5) == 0) ||
	       (n >= 3 && memcmp(text + n - 3, "END", 3) == 0) ||
	       (n >= 4 && memcmp(text + n - 4, "X509", 4) == 0);
}

/* Line ends in all the forms that servers give them. */
static void see_with(struct span value, char line_end, struct arena *arena, enum cert_seen want,
		     struct span want_der)
{
	struct span der;
	struct sha256 sha256;
	char *other = arena_copy(arena, value);
	MUST(other);
	for (size_t i = 0; i < value.n; i++)
		if (other[i] == '\n' && !is_in_marker(other, i))
			other[i] = line_end;
	MUST(see(span_make(other, value.n), arena, &der, &sha256) == want);
	MUST(span_is(der, want_der));
}

static void see_one(struct span value, struct span der, const struct sha256 *sha256,
		    struct arena *arena)
{
	struct sha256 again;
	struct span again_der;
	struct cert_reading reading;
	struct cg_err err = {.code = NULL};
	MUST(sha256_of(der, &again) == CG_OK && memcmp(&again, sha256, sizeof(again)) == 0);
	char *pem = cert_pem(arena, der);
	MUST(pem && see(span_of(pem), arena, &again_der, &again) == CERT_SEEN_ONE);
	MUST(span_is(again_der, der) && memcmp(&again, sha256, sizeof(again)) == 0);
	/* Two of them are nobody. */
	char *twice = arena_printf(arena, "%s%s", pem, pem);
	MUST(twice && see(span_of(twice), arena, &again_der, &again) == CERT_SEEN_DAMAGED);
	/* Whoever registers this very text registers this certificate or none. */
	if (cert_read(value, CERT_WAY_PORTAL, CERT_KIND_UPSTREAM, NOW, arena, &reading, NULL,
		      &err) == CG_OK)
		MUST(reading.n_chain == 0 &&
		     memcmp(&reading.leaf.sha256, sha256, sizeof(*sha256)) == 0);
	else
		fuzz_must_be_kind(&err);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	struct sha256 sha256;
	struct span der;
	char *copy = fuzz_exact(bytes, n);
	struct span value = {copy, n};
	arena_init(&arena, ARENA_MAX);
	enum cert_seen seen = see(value, &arena, &der, &sha256);
	MUST(arena.used_bytes <= n + 64);
	if (seen == CERT_SEEN_ONE)
		see_one(value, der, &sha256, &arena);
	see_with(value, ' ', &arena, seen, der);
	see_with(value, '\t', &arena, seen, der);
	see_with(value, '\r', &arena, seen, der);
	arena_release(&arena);
	free(copy);
	return 0;
}
