#include "base/base.h"
#include "base/arena.h"

#define BLOCK_BYTES ((size_t)16 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	max_align_t bytes[];
};

void arena_init(struct arena *a, size_t max_bytes)
{
	*a = (struct arena){.max_bytes = max_bytes};
}

void arena_release(struct arena *a)
{
	for (struct arena_block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		explicit_bzero(b->bytes, b->used);
		free(b);
	}
	a->blocks = NULL;
	a->used_bytes = 0;
	a->failed = false;
}

void arena_clear(struct arena *a)
{
	struct arena_block *kept = NULL;
	for (struct arena_block **at = &a->blocks; *at; at = &(*at)->next)
		if ((*at)->size == BLOCK_BYTES) {
			kept = *at;
			*at = kept->next;
			break;
		}
	arena_release(a);
	if (!kept)
		return;
	explicit_bzero(kept->bytes, kept->used);
	kept->used = 0;
	kept->next = NULL;
	a->blocks = kept;
}

/* size bytes as they happen to be. */
static void *take(struct arena *a, size_t size)
{
	size_t align = _Alignof(max_align_t);
	if (size > a->max_bytes)
		goto failed;
	size_t need = (size + align - 1) / align * align;
	if (need == 0)
		need = align;
	if (a->used_bytes + need > a->max_bytes)
		goto failed;
	struct arena_block *b = a->blocks;
	if (!b || b->size - b->used < need) {
		size_t room = need > BLOCK_BYTES ? need : BLOCK_BYTES;
		b = malloc(sizeof(*b) + room);
		if (!b)
			goto failed;
		*b = (struct arena_block){.next = a->blocks, .size = room};
		a->blocks = b;
	}
	void *p = (char *)b->bytes + b->used;
	b->used += need;
	a->used_bytes += need;
	return p;
failed:
	a->failed = true;
	return NULL;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p = take(a, size);
	if (p)
		memset(p, 0, size);
	return p;
}

void *arena_grow(struct arena *a, void *items, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return items;
	size_t more = *room ? 2 * *room : 16;
	void *grown = arena_alloc(a, more * size);
	if (!grown)
		return NULL;
	if (n > 0)
		memcpy(grown, items, n * size);
	*room = more;
	return grown;
}

char *arena_copy(struct arena *a, struct span bytes)
{
	char *p = bytes.n < SIZE_MAX ? take(a, bytes.n + 1) : NULL;
	if (p && bytes.n > 0)
		memcpy(p, bytes.p, bytes.n);
	if (p)
		p[bytes.n] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_copy(a, span_of(s));
}

char *arena_join(struct arena *a, const struct span *parts, size_t n)
{
	size_t all = 0;
	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(all, parts[i].n, &all))
			all = SIZE_MAX;
	char *text = all < SIZE_MAX ? take(a, all + 1) : NULL, *p = text;
	if (!text)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].n > 0)
			memcpy(p, parts[i].p, parts[i].n);
		p += parts[i].n;
	}
	*p = '\0';
	return text;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	struct arena_block *b = a->blocks;
	/* Most texts fit into what the newest block has left, and need not be measured first. */
	char *room = b ? (char *)b->bytes + b->used : NULL;
	size_t room_n = b ? b->size - b->used : 0;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(room, room_n, fmt, ap);
	va_end(ap);
	char *p = n < 0 ? NULL : take(a, (size_t)n + 1);
	/* What is above `used` is not wiped at the end. */
	if (room_n > 0 && p != room)
		explicit_bzero(room, room_n);
	if (p && p != room)
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}
