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
 * interlinear marks, fillers, variation selectors, line and paragraph separators, tags, BOM.
 * Unicode's Default_Ignorable_Code_Point, the separators, and the Braille pattern without dots. */
static bool is_deceptive(ucs4_t c)
{
	static const struct {
		ucs4_t from, to;
	} ranges[] = {
	    {0xad,	   0xad   },
		{0x34f,	0x34f  },
	    {0x61c,   0x61c	 },
	      {0x115f,  0x1160 },
	    {0x17b4,  0x17b5 },
		{0x180b,	 0x180f },
	    {0x200b,  0x200f },
	      {0x2028,  0x202e },
	    {0x2060,  0x206f },
		{0x2800,	 0x2800 },
	    {0x3164,  0x3164 },
	      {0xfe00,  0xfe0f },
	    {0xfeff,  0xfeff },
		{0xffa0,	 0xffa0 },
	    {0xfff0,  0xfffb },
	      {0x1bca0, 0x1bca3},
	    {0x1d173, 0x1d17a},
		{0xe0000, 0xe0fff},
	};
	for (size_t i = 0; i < CG_COUNT(ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

bool text_first_unseen(struct span text, uint32_t *out)
{
	while (text.n > 0) {
		ucs4_t c;
		size_t n;
		if (take_char(&text, &c, &n) && is_deceptive(c)) {
			*out = c;
			return true;
		}
	}
	return false;
}

size_t decimal_format(uint64_t n, char out[DECIMAL_TEXT])
{
	size_t len = 1, at;
	for (uint64_t rest = n; rest > 9; rest /= 10)
		len++;
	for (at = len; at > 0; n /= 10)
		out[--at] = (char)('0' + n % 10);
	out[len] = '\0';
	return len;
}

void number_format(uint64_t n, char out[NUMBER_TEXT])
{
	char digits[DECIMAL_TEXT];
	size_t len = decimal_format(n, digits), at = 0;
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

static bool is_clean(struct span text, bool lines)
{
	while (text.n > 0) {
		ucs4_t c;
		size_t n;
		if (!take_char(&text, &c, &n))
			return false;
		if (is_control(c) && !(lines && (c == '\n' || c == '\t')))
			return false;
	}
	return true;
}

bool text_is_clean(struct span text)
{
	return is_clean(text, false);
}

bool text_is_clean_lines(struct span text)
{
	return is_clean(text, true);
}

/* ASCII alone. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool bytes_hold(struct span bytes, struct span part)
{
	if (part.n == 0)
		return true;
	char first = lower(part.p[0]);
	for (size_t i = 0; i + part.n <= bytes.n; i++) {
		size_t k = 1;
		if (lower(bytes.p[i]) != first)
			continue;
		while (k < part.n && lower(bytes.p[i + k]) == lower(part.p[k]))
			k++;
		if (k == part.n)
			return true;
	}
	return false;
}

bool text_holds(const char *text, struct span part)
{
	return bytes_hold(span_of(text), part);
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
