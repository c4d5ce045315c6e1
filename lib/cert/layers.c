/* Private keys behind layers of base64 and hex, as in Kubernetes secrets or dumps of a file. */
#include "base/base.h"
#include "cert/inside.h"

/* A layer is decoded at each alignment that its digits may have, so what stands before a key does
 * not hide it.  Shorter runs of digits are words and names, and binary has no longer ones: so a
 * layer below a layer costs next to nothing where there is none. */
#define RUN_MIN 24

enum layer { LAYER_BASE64, LAYER_BASE64URL, LAYER_HEX, LAYERS };

static int digit(enum layer layer, char c)
{
	if (layer == LAYER_HEX)
		return hex_digit(c);
	if (layer == LAYER_BASE64URL && (c == '-' || c == '_'))
		return c == '-' ? 62 : 63;
	return base64_value(c);
}

/* May stand between two digits. */
static bool is_between(enum layer layer, char c)
{
	/* UTF-16 has a NUL behind each. */
	if (c == ' ' || (c >= '\t' && c <= '\r') || c == '\0' || c == '\\')
		return true;
	return layer == LAYER_HEX ? strchr(":,;-xX{}", c) != NULL : strchr("\"'=,", c) != NULL;
}

/* The values of the digits, of runs of some length alone, into out (room: text.n). */
static size_t squeeze(struct span text, enum layer layer, char *out)
{
	size_t n = 0, run = 0;
	for (size_t i = 0; i <= text.n; i++) {
		int value = i < text.n ? digit(layer, text.p[i]) : -1;
		bool prefix = layer == LAYER_HEX && value == 0 && i + 1 < text.n &&
			      (text.p[i + 1] == 'x' || text.p[i + 1] == 'X');
		if (value >= 0 && !prefix) {
			out[n++] = (char)value;
			run++;
		} else if (i == text.n || (!prefix && !is_between(layer, text.p[i]))) {
			if (run < RUN_MIN)
				n -= run;
			run = 0;
		}
	}
	return n;
}

/* Digits -> bytes, into out (room: digits.n). */
static size_t pack(struct span digits, enum layer layer, char *out)
{
	unsigned width = layer == LAYER_HEX ? 4 : 6, have = 0;
	uint32_t bits = 0;
	size_t n = 0;
	for (size_t i = 0; i < digits.n; i++) {
		bits = bits << width | (uint8_t)digits.p[i];
		have += width;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have & 0xff);
		}
	}
	return n;
}

void private_keys_find_below(struct span text, unsigned depth, char *room, char *scratch,
			     struct private_keys *found)
{
	char *digits = room, *bytes = room + text.n;
	for (enum layer layer = 0; depth > 0 && layer < LAYERS; layer++) {
		size_t n = squeeze(text, layer, digits), alignments = layer == LAYER_HEX ? 2 : 4;
		for (size_t at = 0; at < alignments && at < n; at++) {
			struct span below = {bytes,
					     pack(span_make(digits + at, n - at), layer, bytes)};
			private_keys_find(below, scratch, found);
			private_keys_find_below(below, depth - 1, bytes + below.n, scratch, found);
		}
	}
}
