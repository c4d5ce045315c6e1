/* A growing buffer that is born with its ceiling.  An append that does not fit empties it and marks
 * it failed, so that no half-built value is ever used; check once, at the end. */
#ifndef CG_BASE_BUF_H
#define CG_BASE_BUF_H

#include "base/base.h"
#include "base/span.h"

struct buf {
	char *p; /* NUL-terminated, never NULL while n > 0 */
	size_t n, room, max;
	bool failed;
};

/* An empty one that never holds more than max_bytes. */
void buf_init(struct buf *b, size_t max_bytes);
/* Wipes and frees. */
void buf_release(struct buf *b);
/* Each adds at the end: bytes, the text without its NUL, a character, what printf makes. */
void buf_add(struct buf *b, struct span bytes);
void buf_add_text(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) CG_PRINTF(2, 3);

/* What is in it; borrowed until the next change. */
static inline struct span buf_span(const struct buf *b)
{
	return (struct span){b->p, b->n};
}

#endif
