#include "base/base.h"
#include "base/buf.h"

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.max = max_bytes};
}

void buf_release(struct buf *b)
{
	if (b->p) {
		explicit_bzero(b->p, b->room);
		free(b->p);
	}
	*b = (struct buf){.max = b->max};
}

static void fail(struct buf *b)
{
	buf_release(b);
	b->failed = true;
}

void buf_add(struct buf *b, struct span bytes)
{
	if (b->failed || bytes.n == 0)
		return;
	if (bytes.n > b->max - b->n) {
		fail(b);
		return;
	}
	size_t need = b->n + bytes.n + 1;
	if (need > b->room) {
		size_t room = b->room ? b->room : 256;
		while (room < need)
			room *= 2;
		/* Not realloc: it would leave an unwiped copy of what may be a secret. */
		char *p = malloc(room);
		if (!p) {
			fail(b);
			return;
		}
		if (b->p) {
			memcpy(p, b->p, b->n);
			explicit_bzero(b->p, b->room);
			free(b->p);
		}
		b->p = p;
		b->room = room;
	}
	memcpy(b->p + b->n, bytes.p, bytes.n);
	b->n += bytes.n;
	b->p[b->n] = '\0';
}

void buf_add_text(struct buf *b, const char *s)
{
	buf_add(b, span_of(s));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, span_make(&c, 1));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[512];
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0) {
		fail(b);
	} else if ((size_t)n < sizeof(small)) {
		buf_add(b, span_make(small, (size_t)n));
	} else {
		char *big = malloc((size_t)n + 1);
		if (big) {
			(void)vsnprintf(big, (size_t)n + 1, fmt, again);
			buf_add(b, span_make(big, (size_t)n));
			explicit_bzero(big, (size_t)n);
			free(big);
		} else {
			fail(b);
		}
	}
	va_end(again);
}
