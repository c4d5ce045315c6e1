#include "base/base.h"
#include "upstream/body.h"
#include "base/hash.h"
#include "base/limits.h"

void upstream_body_begin(struct upstream_body *b, const struct upstream_head *head)
{
	*b = (struct upstream_body){.chunked = head->has_body && head->chunked,
				    .left = head->has_body && head->has_length ? head->length : 0};
	b->until_close = head->has_body && !head->chunked && !head->has_length;
}

static enum upstream_body_state take(uint64_t *left, struct span *in, struct span *out)
{
	*out = *in;
	if (out->n > *left)
		out->n = (size_t)*left;
	*left -= out->n;
	*in = span_from(*in, out->n);
	return BODY_PIECE;
}

/* One byte of a chunk's size line. */
static bool take_size(struct upstream_body *b, char c)
{
	int digit = hex_digit(c);
	if (digit >= 0) {
		/* Zeros in front do not count, but there is an end to them. */
		if (b->left >> 59 != 0 || ++b->digits > 32)
			return false;
		b->left = b->left << 4 | (unsigned)digit;
		return true;
	}
	if (b->digits == 0 || (c != '\r' && c != ';' && c != ' ' && c != '\t'))
		return false;
	b->next = c == '\r' ? CHUNK_LINE_END : CHUNK_EXTENSION;
	return true;
}

/* Extensions and trailer fields mean nothing to us, but they are text, and there is no more of them
 * than of the content, but for as much as a head may have. */
static bool may_stand_aside(struct upstream_body *b, char c)
{
	unsigned char u = (unsigned char)c;
	return ++b->aside <= RESPONSE_HEAD_MAX && (u >= 0x20 || c == '\t') && u != 0x7f;
}

/* One byte of the framing; false where it is none. */
static bool take_frame(struct upstream_body *b, char c)
{
	switch (b->next) {
	case CHUNK_SIZE:
		return take_size(b, c);
	case CHUNK_EXTENSION:
		if (c == '\r')
			b->next = CHUNK_LINE_END;
		return c == '\r' || may_stand_aside(b, c);
	case CHUNK_LINE_END:
		b->next = b->left > 0 ? CHUNK_CONTENT : CHUNK_TRAILER;
		return c == '\n';
	case CHUNK_CR:
		b->next = CHUNK_LF;
		return c == '\r';
	case CHUNK_LF:
		b->next = CHUNK_SIZE;
		b->digits = 0;
		return c == '\n';
	case CHUNK_TRAILER:
		b->next = c == '\r' ? CHUNK_LAST_LF : CHUNK_TRAILER_LINE;
		return c == '\r' || may_stand_aside(b, c);
	case CHUNK_TRAILER_LINE:
		if (c == '\r')
			b->next = CHUNK_TRAILER_LF;
		return c == '\r' || may_stand_aside(b, c);
	case CHUNK_TRAILER_LF:
		b->next = CHUNK_TRAILER;
		return c == '\n';
	case CHUNK_LAST_LF:
		b->next = CHUNK_DONE;
		return c == '\n';
	case CHUNK_CONTENT:
	case CHUNK_DONE:
		break;
	}
	return false;
}

static enum upstream_body_state next_of_chunks(struct upstream_body *b, struct span *in,
					       struct span *out)
{
	while (b->next != CHUNK_DONE && in->n > 0) {
		if (b->next == CHUNK_CONTENT) {
			enum upstream_body_state state = take(&b->left, in, out);
			b->aside -= b->aside < out->n ? b->aside : out->n;
			if (b->left == 0)
				b->next = CHUNK_CR;
			return state;
		}
		if (!take_frame(b, in->p[0]))
			return BODY_BAD;
		*in = span_from(*in, 1);
	}
	return b->next == CHUNK_DONE ? BODY_END : BODY_MORE;
}

enum upstream_body_state upstream_body_next(struct upstream_body *b, struct span *in,
					    struct span *out)
{
	*out = (struct span){NULL, 0};
	if (b->chunked)
		return next_of_chunks(b, in, out);
	if (b->until_close) {
		uint64_t any = UINT64_MAX;
		return in->n > 0 ? take(&any, in, out) : BODY_MORE;
	}
	if (b->left == 0)
		return BODY_END;
	return in->n > 0 ? take(&b->left, in, out) : BODY_MORE;
}

bool upstream_body_ends_here(const struct upstream_body *b)
{
	return b->until_close || (b->chunked ? b->next == CHUNK_DONE : b->left == 0);
}
