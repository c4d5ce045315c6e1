#include "base/base.h"
#include "usage/refusals.h"
#include "base/limits.h"
#include "base/mapped.h"
#include "base/text.h"
#include "usage/words.h"
#include <arpa/inet.h>

/* A record takes about 300 bytes, and 850 with every text at its limit. */
#define SLOT_WORDS 128
#define DATA_WORDS (SLOT_WORDS - 3)
#define DATA_BYTES (DATA_WORDS * 8)
#define DER_WORDS  (CERT_DER_MAX / 8)
_Static_assert(CERT_DER_MAX % 8 == 0, "the words of a DER");

/* `state` is the number of the refusal, doubled, and one more while it is being written; 0: empty.
 * Numbers only grow, so a slot that a killed writer left odd is taken by the next one that comes to
 * it.  One that was only slow then writes into another's: its own end fails, and the other's
 * checksum no longer fits.  All access is by words, so that a torn copy is a torn copy and nothing
 * worse. */
#define LAYOUT 1 /* of the file: mapped_open */

struct slot {
	uint64_t state;
	uint64_t checksum;
	uint64_t n; /* bytes of data: a packed Refusal */
	uint64_t data[DATA_WORDS];
};

struct der_slot {
	uint64_t state;
	uint64_t used; /* the number of the newest refusal with it */
	uint64_t n;
	uint64_t sha256[SHA256_BYTES / 8];
	uint64_t data[DER_WORDS];
};

enum ring { RING_KEYS, RING_CERTIFICATES, RING_OTHERS, RING__COUNT };

static const struct {
	size_t from, n; /* slots of a shard: where the first shard begins, and how many it has */
} rings[RING__COUNT] = {
    [RING_KEYS] = {0,					   REFUSALS_OF_KEYS / REFUSALS_SHARDS	},
    [RING_CERTIFICATES] = {REFUSALS_OF_KEYS,			     REFUSALS_OF_CERTIFICATES / REFUSALS_SHARDS},
    [RING_OTHERS] = {REFUSALS_OF_KEYS + REFUSALS_OF_CERTIFICATES,
		     REFUSALS_OF_OTHERS / REFUSALS_SHARDS							 },
};
#define SLOTS	       (REFUSALS_OF_KEYS + REFUSALS_OF_CERTIFICATES + REFUSALS_OF_OTHERS)
#define DERS_PER_SHARD (REFUSALS_DERS / REFUSALS_SHARDS)

struct refusals_file {
	struct mapped_head head;
	_Alignas(64) uint64_t number; /* of the newest */
	_Alignas(64) uint64_t next[RING__COUNT][REFUSALS_SHARDS];
	_Alignas(64) struct slot slots[SLOTS];
	struct der_slot ders[REFUSALS_DERS];
};

struct refusals {
	struct refusals_file *file;
};

static void make(void *memory)
{
	struct refusals_file *file = memory;
	/* Larger than any of before a reboot, for whoever still has a cursor. */
	file->number = (uint64_t)time(NULL) << 20;
}

cg_rc refusals_open(const struct home *home, struct refusals **out, struct cg_err *err)
{
	char path[HOME_PATH_MAX + 16];
	void *memory = NULL;
	struct refusals *r = calloc(1, sizeof(*r));
	if (!r)
		return cg_fail_memory(err);
	(void)snprintf(path, sizeof(path), "%s/refusals", home->run);
	cg_rc rc = mapped_open(path, sizeof(struct refusals_file), LAYOUT, make, &memory, err);
	if (rc != CG_OK) {
		free(r);
		return rc;
	}
	r->file = memory;
	*out = r;
	return CG_OK;
}

void refusals_close(struct refusals **refusals)
{
	if (!*refusals)
		return;
	void *memory = (*refusals)->file;
	mapped_close(&memory, sizeof(struct refusals_file));
	free(*refusals);
	*refusals = NULL;
}

/* --- words --- */

static uint64_t checksum_of(uint64_t number, const void *bytes, size_t n)
{
	return hash_more(hash_of(&number, sizeof(number)), bytes, n);
}

/* False when somebody else has just taken it. */
static bool begin(uint64_t *state, uint64_t seen, uint64_t number)
{
	if (!__atomic_compare_exchange_n(state, &seen, number << 1 | 1, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return false;
	/* Whoever sees a word of what follows sees the state as well. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return true;
}

static void end(uint64_t *state, uint64_t number)
{
	uint64_t mine = number << 1 | 1;
	(void)__atomic_compare_exchange_n(state, &mine, number << 1, false, __ATOMIC_RELEASE,
					  __ATOMIC_RELAXED);
}

/* --- writing --- */

/* An address's part: attackers have a whole /64 each. */
static uint64_t hash_of_source(const char *address)
{
	struct in6_addr v6;
	if (address && inet_pton(AF_INET6, address, &v6) == 1)
		return hash_of(&v6, IN6_IS_ADDR_V4MAPPED(&v6) ? sizeof(v6) : 8);
	return hash_of(address, address ? strlen(address) : 0);
}

static void note_record(struct refusals_file *file, enum ring ring, size_t shard, uint64_t number,
			struct span bytes)
{
	uint64_t turn = __atomic_fetch_add(&file->next[ring][shard], 1, __ATOMIC_RELAXED);
	struct slot *slot =
	    &file->slots[rings[ring].from + shard * rings[ring].n + (size_t)(turn % rings[ring].n)];
	uint64_t seen = word_load(&slot->state);
	/* A newer one is there: this thread slept for a whole turn of the ring. */
	if (seen >> 1 >= number || !begin(&slot->state, seen, number))
		return;
	word_save(&slot->n, bytes.n);
	word_save(&slot->checksum, checksum_of(number, bytes.p, bytes.n));
	words_save(slot->data, bytes.p, bytes.n);
	end(&slot->state, number);
}

static bool is_of(const struct der_slot *slot, const struct sha256 *sha256)
{
	struct sha256 there;
	words_load(slot->sha256, &there, sizeof(there));
	return memcmp(&there, sha256, sizeof(there)) == 0;
}

static void note_der(struct refusals_file *file, size_t shard, uint64_t number,
		     const struct sha256 *sha256, struct span der)
{
	struct der_slot *first = &file->ders[shard * DERS_PER_SHARD], *oldest = first;
	for (struct der_slot *s = first; s < first + DERS_PER_SHARD; s++) {
		uint64_t state = word_load(&s->state);
		if (state != 0 && (state & 1) == 0 && is_of(s, sha256)) {
			word_save(&s->used, number);
			return;
		}
		if (word_load(&s->used) < word_load(&oldest->used))
			oldest = s;
	}
	uint64_t seen = word_load(&oldest->state);
	/* Somebody is at it, unless that was long ago. */
	if ((seen & 1) != 0 && number - (seen >> 1) < SLOTS)
		return;
	if (seen >> 1 >= number || !begin(&oldest->state, seen, number))
		return;
	word_save(&oldest->used, number);
	word_save(&oldest->n, der.n);
	words_save(oldest->sha256, sha256, sizeof(*sha256));
	words_save(oldest->data, der.p, der.n);
	end(&oldest->state, number);
}

void refusals_note(struct refusals *refusals, const Cg__Refusal *refusal, struct span der,
		   struct arena *arena)
{
	struct refusals_file *file = refusals->file;
	struct span bytes;
	bool certificate = refusal->has_sha256 && refusal->sha256.len == SHA256_BYTES;
	bool key = refusal->key_id && *refusal->key_id;
	enum ring ring = key ? RING_KEYS : certificate ? RING_CERTIFICATES : RING_OTHERS;
	uint64_t source = key ? hash_of(refusal->key_id, strlen(refusal->key_id))
			      : hash_of_source(refusal->address);
	if (record_pack(refusal, arena, &bytes, NULL) != CG_OK || bytes.n > DATA_BYTES)
		return;
	/* The low bits of FNV-1a alone mix badly. */
	size_t shard = (size_t)((source ^ source >> 32) % REFUSALS_SHARDS);
	uint64_t number = __atomic_add_fetch(&file->number, 1, __ATOMIC_RELAXED);
	if (certificate && der.n > 0 && der.n <= CERT_DER_MAX)
		note_der(file, shard, number, (const void *)refusal->sha256.data, der);
	note_record(file, ring, shard, number, bytes);
}

/* --- reading --- */

/* A whole record of this number, in the arena; NULL when it is gone, torn or memory is short. */
static Cg__Refusal *read_slot(const struct slot *slot, uint64_t number, struct arena *arena)
{
	char data[DATA_BYTES];
	Cg__Refusal *out;
	if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) != number << 1)
		return NULL;
	uint64_t n = word_load(&slot->n), checksum = word_load(&slot->checksum);
	if (n > sizeof(data))
		return NULL;
	words_load(slot->data, data, n);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (word_load(&slot->state) != number << 1 || checksum != checksum_of(number, data, n))
		return NULL;
	return record_unpack(&cg__refusal__descriptor, span_make(data, n), arena, &out, NULL) ==
		       CG_OK
		   ? out
		   : NULL;
}

static bool is_token(const char *start, const struct sha256 *sha256)
{
	char hex[SHA256_HEX + 1];
	hex_format(sha256->b, SHA256_BYTES, hex);
	return start && *start && span_starts(span_of(hex), span_of(start));
}

static bool fits(const struct refusals_filter *f, struct span folded, const Cg__Refusal *r)
{
	const char *const texts[] = {r->code,	r->path,   r->address, r->api_id,
				     r->key_id, r->method, r->site};
	if ((f->code.n > 0 && !span_is_text(f->code, r->code)) ||
	    (f->api_id.n > 0 && !span_is_text(f->api_id, r->api_id)) ||
	    (f->request_id.n > 0 && !span_is_text(f->request_id, r->request_id)))
		return false;
	bool certificate = f->sha256 && r->sha256.len == SHA256_BYTES &&
			   memcmp(r->sha256.data, f->sha256->b, SHA256_BYTES) == 0;
	if (f->sha256 && !certificate && !is_token(r->token_sha256_start, f->sha256))
		return false;
	bool found = folded.n == 0;
	for (size_t i = 0; i < CG_COUNT(texts) && !found; i++)
		found = text_holds(texts[i], folded);
	return found;
}

struct seen {
	uint64_t number;
	size_t slot;
};

static int newest_first(const void *a, const void *b)
{
	uint64_t x = ((const struct seen *)a)->number, y = ((const struct seen *)b)->number;
	return x < y ? 1 : x > y ? -1 : 0;
}

cg_rc refusals_list(const struct refusals *refusals, const struct refusals_filter *filter,
		    uint64_t below, size_t limit, struct arena *arena, struct refusals_page *out,
		    struct cg_err *err)
{
	const struct refusals_file *file = refusals->file;
	struct seen *seen = arena_alloc(arena, SLOTS * sizeof(*seen));
	Cg__Refusal **items = arena_alloc(arena, limit * sizeof(Cg__Refusal *));
	const char *q = text_fold(filter->q, arena);
	size_t n = 0;
	if (!seen || !items || !q)
		return cg_fail_memory(err);
	*out = (struct refusals_page){.items = items};
	for (size_t i = 0; i < SLOTS; i++) {
		uint64_t state = word_load(&file->slots[i].state);
		if (state != 0 && (state & 1) == 0 && (below == 0 || state >> 1 < below))
			seen[n++] = (struct seen){state >> 1, i};
	}
	qsort(seen, n, sizeof(*seen), newest_first);
	for (size_t i = 0; i < n; i++) {
		Cg__Refusal *r = read_slot(&file->slots[seen[i].slot], seen[i].number, arena);
		if (arena->failed)
			return cg_fail_memory(err);
		if (!r || !fits(filter, span_of(q), r))
			continue;
		if (out->n == limit) {
			out->next = seen[i].number + 1;
			return CG_OK;
		}
		items[out->n++] = r;
	}
	return CG_OK;
}

cg_rc refusals_certificate(const struct refusals *refusals, const struct sha256 *sha256,
			   struct arena *arena, struct span *der, struct cg_err *err)
{
	char *bytes = arena_alloc(arena, CERT_DER_MAX);
	if (!bytes)
		return cg_fail_memory(err);
	for (const struct der_slot *s = refusals->file->ders;
	     s < refusals->file->ders + REFUSALS_DERS; s++) {
		uint64_t state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE);
		struct sha256 again;
		if (state == 0 || (state & 1) != 0 || !is_of(s, sha256))
			continue;
		uint64_t n = word_load(&s->n);
		if (n > CERT_DER_MAX)
			continue;
		words_load(s->data, bytes, n);
		/* Its digest says whether it is whole. */
		if (sha256_of(span_make(bytes, n), &again) != CG_OK)
			return cg_fail_memory(err);
		if (memcmp(&again, sha256, sizeof(again)) != 0)
			continue;
		*der = span_make(bytes, n);
		return CG_OK;
	}
	return cg_fail(err, CG_NOT_FOUND,
		       "This certificate is not kept any more: have its holder call once more.");
}
