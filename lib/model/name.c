#include "base/base.h"
#include "model/name.h"
#include "base/limits.h"
#include "base/text.h"
#include <uninorm.h>
#include <unictype.h>
#include <unistr.h>

/* White space folded, in place; the text is valid UTF-8. */
static void fold_space(char *text)
{
	const uint8_t *from = (const uint8_t *)text;
	size_t n = 0, left = strlen(text);
	bool space = false;
	while (left > 0) {
		ucs4_t c;
		int len = u8_mbtoucr(&c, from, left);
		if (len <= 0)
			break;
		if (uc_is_property_white_space(c)) {
			space = n > 0;
		} else {
			if (space)
				text[n++] = ' ';
			space = false;
			memmove(text + n, from, (size_t)len);
			n += (size_t)len;
		}
		from += len;
		left -= (size_t)len;
	}
	text[n] = '\0';
}

cg_rc name_read(const char *text, struct arena *arena, char **out, struct cg_err *err)
{
	uint32_t unseen;
	size_t n = 0;
	if (!text_is_clean(span_of(text)))
		return cg_fail_field(err, "name",
				     "holds control characters, or is not UTF-8; type it anew");
	if (text_first_unseen(span_of(text), &unseen))
		return cg_fail_field(err, "name",
				     "holds a character that is not seen (U+%04X); type the name "
				     "anew",
				     (unsigned)unseen);
	uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)text, strlen(text), NULL, &n);
	if (!normal)
		return cg_fail_memory(err);
	char *name = arena_copy(arena, span_make(normal, n));
	free(normal);
	if (!name)
		return cg_fail_memory(err);
	fold_space(name);
	if (!*name)
		return cg_fail_field(err, "name", "is missing");
	if (strlen(name) > NAME_MAX_BYTES)
		return cg_fail_field(err, "name", "is longer than %d bytes", NAME_MAX_BYTES);
	*out = name;
	return CG_OK;
}
