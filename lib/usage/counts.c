#include "base/base.h"
#include "usage/counts.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mapped.h"
#include "usage/words.h"
#include <fcntl.h>

/* `state` is the generation, then the count of requests.  0: empty.  A generation without a count:
 * being filled, by somebody who may have died at it.  Each addition is made only while the
 * generation is still the same, so a thread that slept while its slot was emptied counts in another
 * one. */
#define COUNT_BITS  40
#define COUNT_MASK  (((uint64_t)1 << COUNT_BITS) - 1)
#define GENERATIONS (((uint64_t)1 << 24) - 2) /* of minutes: 1 to GENERATIONS */
#define TOTALS	    (GENERATIONS + 1)
/* A slot stays for so many minutes after its own, for threads that are slow. */
#define STAYS_MINUTES 2
/* Places that are looked at for a group. */
#define PROBES 64
#define OTHERS 64

#define LAYOUT 2 /* of the file: mapped_open */

struct slot {
	uint64_t state;
	uint64_t saved; /* the count that is in the store; the steward's */
	uint64_t number, at, hash, status;
	uint64_t api_id[ID_MAX_BYTES / 8], key_id[ID_MAX_BYTES / 8], code[USAGE_CODE_MAX / 8];
	uint64_t sum_us[USAGE_PARTS];
	uint32_t counts[USAGE_PARTS][HISTOGRAM_BUCKETS];
};

/* A credential that lets requests through.  Another one that falls on its place takes it over, so
 * with very many a minute of one may be missed; a torn digest is nobody's. */
struct use {
	uint64_t at;	/* the beginning of the last minute; 0: empty */
	uint64_t saved; /* the one that is in the store */
	uint64_t sha256[SHA256_BYTES / 8];
};

struct usage_file {
	struct mapped_head head;
	uint64_t id; /* random */
	_Alignas(64) uint64_t number;
	uint64_t other, lost;
	_Alignas(64) uint64_t in_flight[USAGE_GATES_MAX];
	struct slot minutes[USAGE_SLOTS];
	struct slot others[OTHERS]; /* for when the minutes' are taken */
	struct slot totals[USAGE_TOTALS];
	struct use uses[USAGE_USES];
};

struct usage {
	struct usage_file *file;
	int gates_fd; /* of a file beside it, whose bytes the gates lock */
	int gate;     /* -1: none */
};

static void make(void *memory)
{
	struct usage_file *file = memory;
	if (random_bytes(&file->id, sizeof(file->id)) != CG_OK)
		file->id = (uint64_t)time(NULL) << 20 | (uint64_t)getpid();
}

cg_rc usage_open(const struct home *home, struct usage **out, struct cg_err *err)
{
	char path[HOME_PATH_MAX + 16];
	void *memory = NULL;
	struct usage *u = calloc(1, sizeof(*u));
	if (!u)
		return cg_fail_memory(err);
	(void)snprintf(path, sizeof(path), "%s/usage", home->run);
	cg_rc rc = mapped_open(path, sizeof(struct usage_file), LAYOUT, make, &memory, err);
	if (rc != CG_OK) {
		free(u);
		return rc;
	}
	u->file = memory;
	u->gate = -1;
	(void)snprintf(path, sizeof(path), "%s/usage.gates", home->run);
	u->gates_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	*out = u;
	return CG_OK;
}

void usage_close(struct usage **usage)
{
	struct usage *u = *usage;
	if (!u)
		return;
	void *memory = u->file;
	mapped_close(&memory, sizeof(struct usage_file));
	if (u->gates_fd >= 0)
		(void)close(u->gates_fd);
	free(u);
	*usage = NULL;
}

/* --- groups --- */

/* As it lies in a slot. */
struct packed {
	uint64_t hash, at, status;
	uint64_t api_id[ID_MAX_BYTES / 8], key_id[ID_MAX_BYTES / 8], code[USAGE_CODE_MAX / 8];
};

static void pack_text(struct span text, uint64_t *out, size_t room)
{
	memset(out, 0, room);
	if (text.n > 0)
		memcpy(out, text.p, text.n < room ? text.n : room);
}

/* By words: it is done twice for each request. */
static uint64_t hash_words(uint64_t h, const uint64_t *words, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof(*words); i++) {
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15;
		h ^= h >> 32;
	}
	return h;
}

static uint64_t hash_of_packed(const struct packed *p)
{
	uint64_t h = hash_words(p->at, &p->status, sizeof(p->status));
	h = hash_words(h, p->api_id, sizeof(p->api_id));
	h = hash_words(h, p->key_id, sizeof(p->key_id));
	return hash_words(h, p->code, sizeof(p->code));
}

static void pack(const struct usage_group *g, int64_t at_unix_s, struct packed *out)
{
	out->at = (uint64_t)at_unix_s;
	out->status = g->status;
	pack_text(g->api_id, out->api_id, sizeof(out->api_id));
	pack_text(g->key_id, out->key_id, sizeof(out->key_id));
	pack_text(g->code, out->code, sizeof(out->code));
	out->hash = hash_of_packed(out);
}

static void load_packed(const struct slot *s, struct packed *out)
{
	out->hash = word_load(&s->hash);
	out->at = word_load(&s->at);
	out->status = word_load(&s->status);
	words_load(s->api_id, out->api_id, sizeof(out->api_id));
	words_load(s->key_id, out->key_id, sizeof(out->key_id));
	words_load(s->code, out->code, sizeof(out->code));
}

static bool is_of(const struct slot *s, const struct packed *p)
{
	struct packed there;
	if (word_load(&s->hash) != p->hash)
		return false;
	load_packed(s, &there);
	return memcmp(&there, p, sizeof(there)) == 0;
}

/* --- counting --- */

struct sample {
	uint64_t us[USAGE_PARTS];
	bool upstream;
};

static void add_sample(struct slot *s, const struct sample *sample)
{
	for (size_t part = 0; part < USAGE_PARTS; part++) {
		if (part == USAGE_UPSTREAM && !sample->upstream)
			continue;
		uint64_t us = sample->us[part];
		(void)__atomic_fetch_add(&s->counts[part][histogram_bucket(us)], 1,
					 __ATOMIC_RELAXED);
		(void)__atomic_fetch_add(&s->sum_us[part], us, __ATOMIC_RELAXED);
	}
}

/* Counts in a slot that is the group's; false when it has been emptied meanwhile. */
static bool add(struct slot *s, uint64_t state, const struct sample *sample)
{
	uint64_t generation = state >> COUNT_BITS;
	/* Before the request itself: the steward takes a slot to have changed when that has. */
	add_sample(s, sample);
	while (!__atomic_compare_exchange_n(&s->state, &state, state + 1, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		if (state >> COUNT_BITS != generation || (state & COUNT_MASK) == 0)
			return false;
	return true;
}

static bool claim(struct usage_file *file, struct slot *s, const struct packed *p,
		  uint64_t generation, const struct sample *sample)
{
	uint64_t empty = 0, mine = generation << COUNT_BITS;
	if (!__atomic_compare_exchange_n(&s->state, &empty, mine, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	word_save(&s->saved, 0);
	word_save(&s->number, __atomic_add_fetch(&file->number, 1, __ATOMIC_RELAXED));
	word_save(&s->at, p->at);
	word_save(&s->hash, p->hash);
	word_save(&s->status, p->status);
	words_save(s->api_id, p->api_id, sizeof(p->api_id));
	words_save(s->key_id, p->key_id, sizeof(p->key_id));
	words_save(s->code, p->code, sizeof(p->code));
	for (size_t part = 0; part < USAGE_PARTS; part++) {
		word_save(&s->sum_us[part], 0);
		for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
			__atomic_store_n(&s->counts[part][i], 0, __ATOMIC_RELAXED);
	}
	add_sample(s, sample);
	/* Fails when this thread slept so long that the steward took it for dead. */
	return __atomic_compare_exchange_n(&s->state, &mine, mine + 1, false, __ATOMIC_RELEASE,
					   __ATOMIC_RELAXED);
}

/* False: no slot of the table is to be had. */
static bool count_in(struct usage_file *file, struct slot *table, size_t n, const struct packed *p,
		     uint64_t generation, const struct sample *sample)
{
	size_t from = (size_t)(p->hash % n);
	for (size_t i = 0; i < PROBES && i < n; i++) {
		struct slot *s = &table[(from + i) % n];
		uint64_t state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE);
		if (state == 0 && claim(file, s, p, generation, sample))
			return true;
		/* Who was faster may have claimed it for the same group. */
		if (state == 0)
			state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE);
		if (state >> COUNT_BITS == generation && (state & COUNT_MASK) > 0 && is_of(s, p) &&
		    add(s, state, sample))
			return true;
	}
	return false;
}

static uint64_t generation_of(int64_t unix_s)
{
	return (uint64_t)(unix_s / 60) % GENERATIONS + 1;
}

static void count_other(struct usage_file *file, struct slot *table, size_t n, int64_t at_unix_s,
			uint64_t generation, const struct sample *sample)
{
	static const struct usage_group other = {.api_id = SPAN_LIT(USAGE_OTHER),
						 .key_id = SPAN_LIT(USAGE_OTHER),
						 .code = SPAN_LIT(USAGE_OTHER),
						 .status = 0};
	struct packed p;
	pack(&other, at_unix_s, &p);
	bool counted = count_in(file, table, n, &p, generation, sample);
	(void)__atomic_fetch_add(counted ? &file->other : &file->lost, 1, __ATOMIC_RELAXED);
}

static void count_minute(struct usage_file *file, const struct usage_group *group,
			 int64_t now_unix_s, const struct sample *sample)
{
	int64_t at = now_unix_s - now_unix_s % 60;
	uint64_t generation = generation_of(at);
	struct packed p;
	pack(group, at, &p);
	if (!count_in(file, file->minutes, USAGE_SLOTS, &p, generation, sample))
		count_other(file, file->others, OTHERS, at, generation, sample);
}

static void count_total(struct usage_file *file, const struct usage_group *group,
			const struct sample *sample)
{
	struct usage_group total = *group;
	struct packed p;
	total.key_id = SPAN_LIT("");
	total.status = group->status / 100 * 100;
	pack(&total, 0, &p);
	/* The last slots are kept for what finds none. */
	if (!count_in(file, file->totals, USAGE_TOTALS - OTHERS, &p, TOTALS, sample))
		count_other(file, file->totals + USAGE_TOTALS - OTHERS, OTHERS, 0, TOTALS, sample);
}

void usage_count(struct usage *u, const struct usage_group *group, int64_t now_unix_s,
		 int64_t whole_us, int64_t upstream_us)
{
	struct sample sample = {.upstream = upstream_us >= 0};
	int64_t passed_us = sample.upstream ? upstream_us : 0;
	if (now_unix_s < 0)
		now_unix_s = 0;
	if (whole_us < passed_us)
		whole_us = passed_us;
	sample.us[USAGE_WHOLE] = (uint64_t)whole_us;
	sample.us[USAGE_UPSTREAM] = (uint64_t)passed_us;
	sample.us[USAGE_OWN] = (uint64_t)(whole_us - passed_us);
	count_minute(u->file, group, now_unix_s, &sample);
	count_total(u->file, group, &sample);
}

/* --- uses of credentials --- */

static bool is_use_of(const struct use *use, const struct sha256 *credential)
{
	struct sha256 there;
	words_load(use->sha256, &there, sizeof(there));
	return memcmp(&there, credential, sizeof(there)) == 0;
}

void usage_used(struct usage *u, const struct sha256 *credential, int64_t now_unix_s)
{
	uint64_t at = now_unix_s > 0 ? (uint64_t)(now_unix_s - now_unix_s % 60) : 0, hash;
	memcpy(&hash, credential, sizeof(hash));
	struct use *use = &u->file->uses[hash % USAGE_USES];
	bool same = is_use_of(use, credential);
	/* Nearly always: nothing is written that other processors look at. */
	if (same && word_load(&use->at) == at)
		return;
	if (!same) {
		word_save(&use->at, 0);
		word_save(&use->saved, 0);
		__atomic_thread_fence(__ATOMIC_RELEASE);
		words_save(use->sha256, credential, sizeof(*credential));
	}
	__atomic_store_n(&use->at, at, __ATOMIC_RELEASE);
}

bool usage_used_changed(const struct usage *u, size_t *position, struct usage_use *out)
{
	while (*position < USAGE_USES) {
		size_t place = (*position)++;
		const struct use *use = &u->file->uses[place];
		uint64_t at = __atomic_load_n(&use->at, __ATOMIC_ACQUIRE);
		if (at == 0 || at == word_load(&use->saved))
			continue;
		out->at_unix_s = (int64_t)at;
		out->place = place;
		words_load(use->sha256, &out->credential, sizeof(out->credential));
		/* Taken over meanwhile, it is told next time: the minute was another one's. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (word_load(&use->at) == at)
			return true;
	}
	return false;
}

void usage_used_saved(struct usage *u, const struct usage_use *saved)
{
	struct use *use = &u->file->uses[saved->place];
	if (is_use_of(use, &saved->credential))
		word_save(&use->saved, (uint64_t)saved->at_unix_s);
}

/* --- in flight --- */

static struct flock byte_of(int gate)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = gate, .l_len = 1};
}

void usage_gate_enter(struct usage *u)
{
	for (int gate = 0; u->gates_fd >= 0 && gate < USAGE_GATES_MAX; gate++) {
		struct flock lock = byte_of(gate);
		if (fcntl(u->gates_fd, F_OFD_SETLK, &lock) != 0)
			continue;
		/* What the one before in this place had under way has ended with it. */
		__atomic_store_n(&u->file->in_flight[gate], 0, __ATOMIC_RELAXED);
		u->gate = gate;
		return;
	}
}

void usage_begin(struct usage *u)
{
	if (u->gate >= 0)
		(void)__atomic_fetch_add(&u->file->in_flight[u->gate], 1, __ATOMIC_RELAXED);
}

void usage_end(struct usage *u)
{
	if (u->gate >= 0)
		(void)__atomic_fetch_sub(&u->file->in_flight[u->gate], 1, __ATOMIC_RELAXED);
}

void usage_in_flight(const struct usage *u, uint64_t *requests, unsigned *gates)
{
	*requests = 0;
	*gates = 0;
	for (int gate = 0; u->gates_fd >= 0 && gate < USAGE_GATES_MAX; gate++) {
		struct flock lock = byte_of(gate);
		/* One's own lock is no obstacle, so it is not reported. */
		if (gate != u->gate &&
		    (fcntl(u->gates_fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK))
			continue;
		++*gates;
		*requests += word_load(&u->file->in_flight[gate]);
	}
}

/* --- for the steward --- */

static void unpack_text(const uint64_t *from, char *out, size_t room)
{
	memcpy(out, from, room);
	out[room] = '\0';
}

static void read_slot(const struct usage_file *file, const struct slot *s, size_t place,
		      struct usage_slot *out)
{
	struct packed p;
	/* Before the counts: those can only be newer, and are read again when this has changed. */
	uint64_t state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE);
	load_packed(s, &p);
	if (hash_of_packed(&p) != p.hash) {
		/* Two wrote at once, one of them after a sleep of minutes. */
		static const struct usage_group other = {.api_id = SPAN_LIT(USAGE_OTHER),
							 .key_id = SPAN_LIT(USAGE_OTHER),
							 .code = SPAN_LIT(USAGE_OTHER)};
		pack(&other, (int64_t)p.at, &p);
	}
	out->file = file->id;
	out->number = word_load(&s->number);
	out->at_unix_s = (int64_t)p.at;
	out->status = (unsigned)p.status;
	unpack_text(p.api_id, out->api_id, ID_MAX_BYTES);
	unpack_text(p.key_id, out->key_id, ID_MAX_BYTES);
	unpack_text(p.code, out->code, USAGE_CODE_MAX);
	out->requests = state & COUNT_MASK;
	for (size_t part = 0; part < USAGE_PARTS; part++) {
		out->sum_us[part] = word_load(&s->sum_us[part]);
		for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
			out->counts[part][i] =
			    __atomic_load_n(&s->counts[part][i], __ATOMIC_RELAXED);
	}
	out->first = word_load(&s->saved) == 0;
	out->place = place;
}

static struct slot *slot_at(struct usage_file *file, size_t place)
{
	return place < USAGE_SLOTS ? &file->minutes[place] : &file->others[place - USAGE_SLOTS];
}

/* Also one of the future, by a clock that has been set back since. */
static bool is_over(uint64_t generation, int64_t now_unix_s)
{
	uint64_t now = generation_of(now_unix_s);
	uint64_t age = (now + GENERATIONS - generation) % GENERATIONS;
	return age > STAYS_MINUTES && GENERATIONS - age > STAYS_MINUTES;
}

bool usage_changed(struct usage *u, int64_t now_unix_s, size_t *position, struct usage_slot *out)
{
	struct usage_file *file = u->file;
	while (*position < USAGE_SLOTS + OTHERS) {
		size_t place = (*position)++;
		struct slot *s = slot_at(file, place);
		uint64_t state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE);
		if (state == 0)
			continue;
		if ((state & COUNT_MASK) != word_load(&s->saved) && (state & COUNT_MASK) > 0) {
			read_slot(file, s, place, out);
			return true;
		}
		/* Whoever counts in it at this moment keeps it. */
		if (is_over(state >> COUNT_BITS, now_unix_s))
			(void)__atomic_compare_exchange_n(&s->state, &state, 0, false,
							  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
	return false;
}

void usage_saved(struct usage *u, const struct usage_slot *slot)
{
	struct slot *s = slot_at(u->file, slot->place);
	if (word_load(&s->number) == slot->number)
		word_save(&s->saved, slot->requests);
}

bool usage_total(const struct usage *u, size_t *position, struct usage_slot *out)
{
	const struct usage_file *file = u->file;
	while (*position < USAGE_TOTALS) {
		const struct slot *s = &file->totals[(*position)++];
		if ((__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) & COUNT_MASK) == 0)
			continue;
		read_slot(file, s, 0, out);
		return true;
	}
	return false;
}

void usage_not_told(const struct usage *u, uint64_t *other, uint64_t *lost)
{
	*other = word_load(&u->file->other);
	*lost = word_load(&u->file->lost);
}
