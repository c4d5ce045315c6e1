#include "base/base.h"
#include "live/live.h"
#include "base/clock.h"
#include "base/mapped.h"
#include <sys/stat.h>

/* 2 MB: 16 bits for each of a million digests. */
#define KNOWN_BITS   (1u << 24)
#define KNOWN_WORDS  (KNOWN_BITS / 64)
#define KNOWN_HASHES 4

#define LAYOUT 1 /* of the file: mapped_open */

struct live_file {
	struct mapped_head head;
	_Alignas(64) uint64_t generation;
	uint32_t filled;
	_Alignas(64) uint64_t known[KNOWN_WORDS];
};

struct live {
	struct live_file *file;
	char path[HOME_PATH_MAX + 8];
	ino_t inode;
	int64_t looked_ms;
	bool lost;
};

static void make(void *memory)
{
	struct live_file *file = memory;
	/* Not 0 again: a process that outlived the file's loss would take its old cache for
	 * valid. */
	if (random_bytes(&file->generation, sizeof(file->generation)) != CG_OK)
		file->generation = (uint64_t)time(NULL) << 20;
}

cg_rc live_open(const struct home *home, struct live **out, struct cg_err *err)
{
	void *memory = NULL;
	struct stat st;
	struct live *live = calloc(1, sizeof(*live));
	if (!live)
		return cg_fail_memory(err);
	(void)snprintf(live->path, sizeof(live->path), "%s/live", home->run);
	cg_rc rc = mapped_open(live->path, sizeof(struct live_file), LAYOUT, make, &memory, err);
	if (rc == CG_OK && stat(live->path, &st) != 0)
		rc = cg_fail(err, CG_UNAVAILABLE, "%s cannot be used: %s.", live->path,
			     strerror(errno));
	if (rc != CG_OK) {
		mapped_close(&memory, sizeof(struct live_file));
		free(live);
		return rc;
	}
	live->file = memory;
	live->inode = st.st_ino;
	*out = live;
	return CG_OK;
}

bool live_is_lost(struct live *live)
{
	struct stat st;
	int64_t now = clock_mono_ms(), looked = __atomic_load_n(&live->looked_ms, __ATOMIC_RELAXED);
	if (now - looked >= 1000 &&
	    __atomic_compare_exchange_n(&live->looked_ms, &looked, now, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED) &&
	    (stat(live->path, &st) != 0 ? errno == ENOENT : st.st_ino != live->inode))
		__atomic_store_n(&live->lost, true, __ATOMIC_RELAXED);
	return __atomic_load_n(&live->lost, __ATOMIC_RELAXED);
}

void live_close(struct live **live)
{
	if (!*live)
		return;
	void *memory = (*live)->file;
	mapped_close(&memory, sizeof(struct live_file));
	free(*live);
	*live = NULL;
}

uint64_t live_generation(const struct live *live)
{
	return __atomic_load_n(&live->file->generation, __ATOMIC_ACQUIRE);
}

void live_generation_move(struct live *live)
{
	(void)__atomic_add_fetch(&live->file->generation, 1, __ATOMIC_ACQ_REL);
}

/* A digest's bytes are evenly spread: each hash is three of them. */
static uint32_t known_bit(const struct sha256 *digest, unsigned i)
{
	const uint8_t *b = digest->b + (size_t)3 * i;
	return ((uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2]) % KNOWN_BITS;
}

bool live_may_be_known(const struct live *live, const struct sha256 *digest)
{
	if (!live_is_filled(live))
		return true;
	for (unsigned i = 0; i < KNOWN_HASHES; i++) {
		uint32_t bit = known_bit(digest, i);
		uint64_t word = __atomic_load_n(&live->file->known[bit / 64], __ATOMIC_RELAXED);
		if (!(word >> (bit % 64) & 1))
			return false;
	}
	return true;
}

void live_note_known(struct live *live, const struct sha256 *digest)
{
	for (unsigned i = 0; i < KNOWN_HASHES; i++) {
		uint32_t bit = known_bit(digest, i);
		(void)__atomic_or_fetch(&live->file->known[bit / 64], (uint64_t)1 << (bit % 64),
					__ATOMIC_RELAXED);
	}
}

bool live_is_filled(const struct live *live)
{
	return __atomic_load_n(&live->file->filled, __ATOMIC_ACQUIRE) != 0;
}

void live_set_filled(struct live *live)
{
	__atomic_store_n(&live->file->filled, 1, __ATOMIC_RELEASE);
}
