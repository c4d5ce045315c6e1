#include "base/base.h"
#include "base/text.h"
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
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

/* Characters that change how others are shown, or show nothing: what Unicode calls format
 * characters and ignorable by default, separators of lines and paragraphs, and the Braille pattern
 * without dots. */
static bool is_unseen(ucs4_t c)
{
	return c >= 0x80 &&
	       (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Zl |
							UC_CATEGORY_MASK_Zp) ||
		uc_is_property_default_ignorable_code_point(c) || c == 0x2800);
}

/* --- characters of a name --- */

#define ZWNJ 0x200c
#define ZWJ  0x200d

/* The joining type of the nearest character on a side that is not transparent (RFC 5892 appendix
 * A.1). */
static int joins_on(const ucs4_t *text, size_t n, size_t at, int step)
{
	for (size_t i = at + (size_t)step; i < n; i += (size_t)step)
		if (uc_joining_type(text[i]) != UC_JOINING_TYPE_T)
			return uc_joining_type(text[i]);
	return UC_JOINING_TYPE_U;
}

static bool is_pictographic(ucs4_t c)
{
	return uc_is_property_extended_pictographic(c) || uc_is_property_emoji_modifier(c);
}

/* Whether a joiner or a non-joiner says how its word is written (RFC 5892 appendix A.1 and A.2:
 * behind a virama, or between letters that join), or puts one picture together of two (UTS #51).
 * Anywhere else it is not seen. */
static bool is_join_seen(const ucs4_t *text, size_t n, size_t at)
{
	if (at == 0 || at + 1 >= n)
		return false;
	if (uc_combining_class(text[at - 1]) == UC_CCC_VR)
		return true;
	if (text[at] == ZWJ)
		return is_pictographic(text[at - 1]) &&
		       uc_is_property_extended_pictographic(text[at + 1]);
	int before = joins_on(text, n, at, -1), after = joins_on(text, n, at, 1);
	return (before == UC_JOINING_TYPE_L || before == UC_JOINING_TYPE_D) &&
	       (after == UC_JOINING_TYPE_R || after == UC_JOINING_TYPE_D);
}

static const char *char_fault(const ucs4_t *text, size_t n, size_t at)
{
	ucs4_t c = text[at];
	if (at == 0 && uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M))
		return "begins with a mark that belongs to a letter before it";
	if (uc_is_property_not_a_character(c))
		return "holds what is no character";
	if (uc_is_property_private_use(c))
		return "holds a character of private use, which others see as something else";
	if ((c == ZWNJ || c == ZWJ) && is_join_seen(text, n, at))
		return NULL;
	return is_unseen(c) ? "holds a character that is not seen" : NULL;
}

const char *text_name_fault(struct span text, uint32_t *out)
{
	size_t n = 0;
	const char *why = NULL;
	ucs4_t *chars = u8_to_u32((const uint8_t *)text.p, text.n, NULL, &n);
	*out = 0;
	if (!chars)
		return text.n > 0 ? "cannot be read" : NULL;
	for (size_t i = 0; i < n && !why; i++)
		if ((why = char_fault(chars, n, i)))
			*out = chars[i];
	free(chars);
	return why;
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

/* White space folded, in place; the text is valid UTF-8. */
static void fold_space(char *text)
{
	struct span left = span_of(text);
	size_t at = 0;
	bool space = false;
	while (left.n > 0) {
		ucs4_t c;
		const char *from = left.p;
		size_t n;
		if (!take_char(&left, &c, &n))
			break;
		if (uc_is_property_white_space(c)) {
			space = at > 0;
			continue;
		}
		if (space)
			text[at++] = ' ';
		space = false;
		memmove(text + at, from, n);
		at += n;
	}
	text[at] = '\0';
}

char *text_normal(struct span text, struct arena *arena)
{
	size_t n = 0;
	if (text.n == 0)
		return arena_strdup(arena, "");
	uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)text.p, text.n, NULL, &n);
	if (!normal)
		return errno == ENOMEM ? NULL : arena_copy(arena, text);
	char *out = arena_copy(arena, span_make(normal, n));
	free(normal);
	if (out)
		fold_space(out);
	return out;
}

/* ASCII alone. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_ascii(struct span text)
{
	uint64_t eight, high = 0;
	size_t i = 0;
	for (; i + sizeof(eight) <= text.n; i += sizeof(eight)) {
		memcpy(&eight, text.p + i, sizeof(eight));
		high |= eight;
	}
	for (; i < text.n; i++)
		high |= (unsigned char)text.p[i];
	return (high & 0x8080808080808080) == 0;
}

/* Combining marks of the block U+0300 begin with these bytes: most texts have none, and to compose
 * all would take three times as long. */
static bool is_composed(struct span text)
{
	return !memchr(text.p, 0xcc, text.n) && !memchr(text.p, 0xcd, text.n);
}

/* In `room` bytes at `out`, or else from malloc; NULL: not UTF-8, or no memory. */
static uint8_t *fold(struct span text, uint8_t *out, size_t *room)
{
	return u8_casefold((const uint8_t *)text.p, text.n, NULL,
			   is_composed(text) ? NULL : UNINORM_NFC, out, room);
}

char *text_fold(struct span text, struct arena *arena)
{
	size_t n = 0;
	const char *normal = text_normal(text, arena);
	if (!normal)
		return NULL;
	text = span_of(normal);
	uint8_t *folded = is_ascii(text) ? NULL : fold(text, NULL, &n);
	char *out = arena_copy(arena, folded ? span_make(folded, n) : text);
	free(folded);
	for (size_t i = 0; out && !folded && i < text.n; i++)
		out[i] = lower(out[i]);
	return out;
}

/* Of bytes that are folded but for the letter case of ASCII. */
static bool hold(struct span bytes, struct span folded)
{
	for (size_t i = 0; i + folded.n <= bytes.n; i++) {
		size_t k = 0;
		while (k < folded.n && lower(bytes.p[i + k]) == folded.p[k])
			k++;
		if (k == folded.n)
			return true;
	}
	return false;
}

bool bytes_hold(struct span bytes, struct span folded)
{
	uint8_t room[512], *out;
	size_t n = sizeof(room);
	if (folded.n == 0 || is_ascii(bytes) || !(out = fold(bytes, room, &n)))
		return hold(bytes, folded);
	bool found = hold(span_make(out, n), folded);
	if (out != room)
		free(out);
	return found;
}

bool text_holds(const char *text, struct span folded)
{
	return bytes_hold(span_of(text), folded);
}

bool text_is_folded(struct span text, struct span folded)
{
	uint8_t room[512], *out;
	size_t n = sizeof(room);
	if (is_ascii(text) || !(out = fold(text, room, &n)))
		return span_is_nocase(text, folded);
	bool same = span_is(span_make(out, n), folded);
	if (out != room)
		free(out);
	return same;
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
		else if (is_unseen(c))
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
