/* An upstream's answer: where its head ends, and the framing of its body.  In one piece and in many
 * it must come out the same. */
#include "base/base.h"
#include "fuzz.h"
#include "upstream/body.h"
#include "upstream/head.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

struct outcome {
	size_t head_n, content_n, left_n;
	uint64_t content; /* a hash of it */
	enum upstream_body_state state;
	bool refused, ends_here;
};

static void add_content(struct outcome *o, struct span piece)
{
	for (size_t i = 0; i < piece.n; i++)
		o->content = (o->content ^ (uint8_t)piece.p[i]) * 1099511628211u;
	o->content_n += piece.n;
}

/* How much comes at a time: all, or what the bytes of `steps` say, in turn. */
static size_t step_of(struct span steps, size_t n)
{
	return steps.n == 0 ? SIZE_MAX : 1 + (size_t)(steps.p[n % steps.n] & 31);
}

static size_t find_head(struct span all, struct span steps)
{
	size_t looked = 0, came = 0;
	for (size_t i = 0; came < all.n; i++) {
		size_t step = step_of(steps, i);
		came = step < all.n - came ? came + step : all.n;
		char *copy = fuzz_exact((const uint8_t *)all.p, came);
		size_t n = upstream_head_size(span_make(copy, came), &looked);
		free(copy);
		MUST(n <= came && looked <= came);
		if (n > 0)
			return n;
	}
	return 0;
}

static void read_body(struct upstream_body *b, struct span rest, struct span steps,
		      struct outcome *o)
{
	size_t came = 0;
	o->state = BODY_MORE;
	for (size_t i = 0; came < rest.n && o->state == BODY_MORE; i++) {
		size_t step = step_of(steps, i);
		size_t n = step < rest.n - came ? step : rest.n - came;
		char *copy = fuzz_exact((const uint8_t *)rest.p + came, n);
		struct span in = span_make(copy, n), piece;
		do {
			size_t before = in.n;
			o->state = upstream_body_next(b, &in, &piece);
			MUST(in.n <= before && piece.n <= before - in.n);
			MUST((o->state == BODY_PIECE) == (piece.n > 0));
			MUST(o->state != BODY_MORE || in.n == 0);
			add_content(o, piece);
		} while (o->state == BODY_PIECE);
		came += n - in.n;
		free(copy);
	}
	if (rest.n == 0) {
		struct span in = {NULL, 0}, piece;
		o->state = upstream_body_next(b, &in, &piece);
	}
	/* What belongs to no body is left where it is. */
	o->left_n = o->state == BODY_BAD ? 0 : rest.n - came;
	o->ends_here = o->state != BODY_BAD && upstream_body_ends_here(b);
}

static struct outcome read_answer(struct span all, struct span steps, bool to_head)
{
	static struct upstream_head head;
	struct outcome o = {.content = 14695981039346656037u};
	struct upstream_body body;
	o.head_n = find_head(all, steps);
	if (o.head_n == 0)
		return o;
	char *copy = fuzz_exact((const uint8_t *)all.p, o.head_n);
	o.refused = upstream_head_read(span_make(copy, o.head_n), to_head, &head) != NULL;
	free(copy);
	if (o.refused)
		return o;
	upstream_body_begin(&body, &head);
	read_body(&body, span_from(all, o.head_n), steps, &o);
	/* A length is kept to. */
	if (head.has_length && head.has_body) {
		MUST(o.content_n <= head.length);
		MUST((o.state == BODY_END) == (o.content_n == head.length));
	}
	MUST(head.has_body || (o.content_n == 0 && o.state == BODY_END));
	MUST(!(head.has_body && head.chunked && head.has_length));
	MUST(o.state != BODY_END || o.ends_here);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	/* The first bytes say how it is cut into pieces. */
	size_t n_steps = n > 0 ? bytes[0] & 7 : 0;
	/* Each step is a copy of all that came before. */
	if (n < 1 + n_steps || n > 4096)
		return 0;
	char *steps = fuzz_exact(bytes + 1, n_steps);
	char *all = fuzz_exact(bytes + 1 + n_steps, n - 1 - n_steps);
	struct span whole = span_make(all, n - 1 - n_steps), none = {NULL, 0};
	for (int to_head = 0; to_head <= 1; to_head++) {
		struct outcome a = read_answer(whole, none, to_head != 0);
		struct outcome b = read_answer(whole, span_make(steps, n_steps), to_head != 0);
		MUST(a.head_n == b.head_n && a.refused == b.refused && a.state == b.state);
		/* Of what is bad in the end, more may have come out before. */
		MUST(a.content_n == b.content_n && a.content == b.content);
		MUST(a.left_n == b.left_n && a.ends_here == b.ends_here);
	}
	free(all);
	free(steps);
	return 0;
}
