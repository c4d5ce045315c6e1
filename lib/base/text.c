#include "base/base.h"
#include "base/text.h"
#include <unistr.h>

bool number_parse(struct span text, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	if (text.n == 0)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		uint64_t d = (uint64_t)(text.p[i] - '0');
		if (v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

/* One character off *s; its bytes in *n.  False where the bytes are not UTF-8 (*n is 1 then). */
static bool take_char(struct span *s, ucs4_t *c, size_t *n)
{
	int got = u8_mbtoucr(c, (const uint8_t *)s->p, s->n);
	*n = got > 0 ? (size_t)got : 1;
	*s = span_from(*s, *n);
	return got > 0;
}

static bool is_control(ucs4_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Characters that change how others are shown, or show nothing: bidi controls, zero-width and
 * interlinear marks, line and paragraph separators, tags, BOM. */
static bool is_deceptive(ucs4_t c)
{
	return c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

bool text_is_clean(struct span text)
{
	while (text.n > 0) {
		ucs4_t c;
		size_t n;
		if (!take_char(&text, &c, &n) || is_control(c))
			return false;
	}
	return true;
}

bool text_holds(const char *text, struct span part)
{
	size_t n = text ? strlen(text) : 0;
	for (size_t i = 0; i + part.n <= n; i++)
		if (strncasecmp(text + i, part.p, part.n) == 0)
			return true;
	return false;
}

void text_for_log(struct span text, char *out, size_t room)
{
	static const char cut[] = "...";
	size_t n = 0;
	if (room < sizeof(cut)) {
		if (room > 0)
			out[0] = '\0';
		return;
	}
	while (text.n > 0) {
		const char *at = text.p;
		ucs4_t c;
		size_t len;
		char piece[16];
		if (!take_char(&text, &c, &len))
			(void)snprintf(piece, sizeof(piece), "\\x%02x", (unsigned)(uint8_t)*at);
		else if (is_control(c))
			(void)snprintf(piece, sizeof(piece), "\\x%02x", (unsigned)c);
		else if (is_deceptive(c))
			(void)snprintf(piece, sizeof(piece), "\\u{%04x}", (unsigned)c);
		else
			(void)snprintf(piece, sizeof(piece), "%.*s", (int)len, at);
		size_t add = strlen(piece);
		if (n + add + sizeof(cut) > room) {
			memcpy(out + n, cut, sizeof(cut));
			return;
		}
		memcpy(out + n, piece, add);
		n += add;
	}
	out[n] = '\0';
}
