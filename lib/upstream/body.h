/* The framing of an answer's body (RFC 9112 section 6): where its content is, and where it ends.
 * Private to upstream/ and its tests. */
#ifndef CG_UPSTREAM_BODY_H
#define CG_UPSTREAM_BODY_H

#include "base/base.h"
#include "base/span.h"
#include "upstream/head.h"

enum upstream_body_state {
	BODY_PIECE, /* *out is content */
	BODY_MORE,  /* all that came is taken, more has to come */
	BODY_END,   /* the body is whole; what is left in *in does not belong to it */
	BODY_BAD    /* no framing of HTTP/1.1 */
};

struct upstream_body {
	bool chunked, until_close;
	uint64_t left; /* of the body, or of the chunk */
	/* Of chunks: what comes next. */
	enum {
		CHUNK_SIZE,	 /* digits */
		CHUNK_EXTENSION, /* up to the end of its line */
		CHUNK_LINE_END,	 /* LF */
		CHUNK_CONTENT,
		CHUNK_CR, /* behind the content */
		CHUNK_LF,
		CHUNK_TRAILER,	    /* a trailer field or the empty line, from its first byte */
		CHUNK_TRAILER_LINE, /* the rest of a trailer field */
		CHUNK_TRAILER_LF,
		CHUNK_LAST_LF,
		CHUNK_DONE
	} next;
	unsigned digits;
	size_t aside; /* bytes of extensions and trailers that no content before makes up for */
};

/* For the body that a head announces. */
void upstream_body_begin(struct upstream_body *b, const struct upstream_head *head);
/* Takes from the front of *in; the piece in *out is borrowed from it.  To be called until it says
 * anything but BODY_PIECE. */
enum upstream_body_state upstream_body_next(struct upstream_body *b, struct span *in,
					    struct span *out) CG_MUST_USE;
/* Whether the body is whole when the connection ends in good order after all that was taken. */
bool upstream_body_ends_here(const struct upstream_body *b);

#endif
