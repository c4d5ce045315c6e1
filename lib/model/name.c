#include "base/base.h"
#include "model/name.h"
#include "base/limits.h"
#include "base/text.h"

cg_rc name_read(const char *text, const char *field, struct arena *arena, char **out,
		struct cg_err *err)
{
	uint32_t c;
	if (!text_is_clean(span_of(text)))
		return cg_fail_field(err, field,
				     "holds control characters, or is not UTF-8; type it anew");
	/* As it was typed, too: some of what is not seen is white space. */
	const char *why = text_name_fault(span_of(text), &c);
	if (why)
		return cg_fail_field(err, field, "%s (U+%04X); type it anew", why, (unsigned)c);
	char *name = text_normal(span_of(text), arena);
	if (!name)
		return cg_fail_memory(err);
	if (!*name)
		return cg_fail_field(err, field, "is missing");
	if (strlen(name) > NAME_MAX_BYTES)
		return cg_fail_field(err, field, "is longer than %d bytes", NAME_MAX_BYTES);
	why = text_name_fault(span_of(name), &c);
	if (why)
		return cg_fail_field(err, field, "%s (U+%04X); type it anew", why, (unsigned)c);
	*out = name;
	return CG_OK;
}

static bool is_among(const char *text, char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

cg_rc tags_read(char **tags, size_t *n, char *const *before, size_t n_before, struct arena *arena,
		struct cg_err *err)
{
	cg_rc worst = CG_OK;
	size_t kept = 0;
	for (size_t i = 0; i < *n; i++) {
		char at[32], *tag = tags[i];
		(void)snprintf(at, sizeof(at), "tags[%zu]", i);
		cg_rc rc =
		    is_among(tag, before, n_before) ? CG_OK : name_read(tag, at, arena, &tag, err);
		if (rc != CG_OK && rc != CG_BAD_VALUE)
			return rc;
		worst = rc != CG_OK ? rc : worst;
		if (rc == CG_OK && !is_among(tag, tags, kept))
			tags[kept++] = tag;
	}
	*n = kept;
	return worst;
}
