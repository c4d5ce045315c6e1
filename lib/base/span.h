/* Bytes by pointer and length: everything that comes from outside travels like this, so that a NUL
 * in the middle ends nothing. */
#ifndef CG_BASE_SPAN_H
#define CG_BASE_SPAN_H

#include "base/base.h"

/* Borrowed bytes; p may be NULL when n is 0. */
struct span {
	const char *p;
	size_t n;
};

#define SPAN_LIT(s) ((struct span){(s), sizeof(s) - 1})

static inline struct span span_make(const void *p, size_t n)
{
	return (struct span){(const char *)p, n};
}

/* A C string, or an empty span for NULL. */
static inline struct span span_of(const char *s)
{
	return (struct span){s, s ? strlen(s) : 0};
}

static inline bool span_is(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool span_is_text(struct span a, const char *s)
{
	return span_is(a, span_of(s));
}

/* Equal but for ASCII letter case. */
static inline bool span_is_nocase(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static inline bool span_starts(struct span a, struct span with)
{
	return a.n >= with.n && (with.n == 0 || memcmp(a.p, with.p, with.n) == 0);
}

/* The bytes from offset on; empty where it ends before. */
static inline struct span span_from(struct span a, size_t offset)
{
	return offset >= a.n ? (struct span){a.p ? a.p + a.n : NULL, 0}
			     : (struct span){a.p + offset, a.n - offset};
}

static inline bool span_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without ASCII white space at both ends. */
static inline struct span span_trim(struct span a)
{
	while (a.n > 0 && span_is_space(a.p[0])) {
		a.p++;
		a.n--;
	}
	while (a.n > 0 && span_is_space(a.p[a.n - 1]))
		a.n--;
	return a;
}

/* Takes what stands before the next separator off *rest into *part; false when nothing is left.
 * "a,,b" gives "a", "", "b". */
static inline bool span_next(struct span *rest, char separator, struct span *part)
{
	if (!rest->p)
		return false;
	const char *hit = rest->n > 0 ? memchr(rest->p, separator, rest->n) : NULL;
	if (!hit) {
		*part = *rest;
		*rest = (struct span){NULL, 0};
		return true;
	}
	*part = (struct span){rest->p, (size_t)(hit - rest->p)};
	*rest = span_from(*rest, part->n + 1);
	return true;
}

#endif
