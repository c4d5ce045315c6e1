/* Copies of texts in blocks of exactly their size: one byte too far is found by the sanitizer. */
#ifndef CG_TESTS_UNIT_EXACT_H
#define CG_TESTS_UNIT_EXACT_H

#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>

static inline struct span exact(const char *text, size_t n)
{
	char *p = malloc(n ? n : 1);
	assert_non_null(p);
	if (n > 0)
		memcpy(p, text, n);
	return span_make(p, n);
}

static inline void drop(struct span s)
{
	free((void *)(uintptr_t)s.p);
}

#endif
