/* Mapped memory that several processes write at once, word by word: a torn copy is a torn copy and
 * nothing worse.  Private to usage/. */
#ifndef CG_USAGE_WORDS_H
#define CG_USAGE_WORDS_H

#include "base/base.h"

static inline uint64_t word_load(const uint64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static inline void word_save(uint64_t *at, uint64_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELAXED);
}

/* n bytes into whole words, the rest of the last one zeroed. */
static inline void words_save(uint64_t *to, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += 8, to++) {
		uint64_t word = 0;
		memcpy(&word, (const char *)bytes + i, n - i < 8 ? n - i : 8);
		word_save(to, word);
	}
}

static inline void words_load(const uint64_t *from, void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += 8, from++) {
		uint64_t word = word_load(from);
		memcpy((char *)bytes + i, &word, n - i < 8 ? n - i : 8);
	}
}

/* FNV-1a, 64 bits.  Against halves and for places in tables, not against anybody: only certgate
 * writes here. */
static inline uint64_t hash_more(uint64_t h, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
	return h;
}

static inline uint64_t hash_of(const void *bytes, size_t n)
{
	return hash_more(0xcbf29ce484222325, bytes, n);
}

#endif
