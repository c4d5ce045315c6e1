#include "base/base.h"
#include "model/email.h"
#include "base/limits.h"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_domain(const char *text)
{
	size_t label = 0, labels = 1;
	for (const char *c = text; *c; c++) {
		if (*c == '.') {
			if (label == 0 || c[-1] == '-')
				return false;
			label = 0;
			labels++;
			continue;
		}
		if ((!is_word(*c) && (*c != '-' || label == 0)) || ++label > DOMAIN_LABEL_MAX)
			return false;
	}
	return label > 0 && labels > 1 && text[strlen(text) - 1] != '-';
}

static bool is_local(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool inside = i > 0 && i + 1 < n;
		if (text[i] == '.' ? !inside || text[i - 1] == '.'
				   : !is_word(text[i]) && !strchr("_+='&~#", text[i]) &&
					 (text[i] != '-' || i == 0))
			return false;
	}
	return n > 0 && n <= MAIL_LOCAL_MAX;
}

char *email_normal(const char *text, struct arena *arena)
{
	char *out = strlen(text) <= MAIL_ADDRESS_MAX ? arena_strdup(arena, text) : NULL;
	for (char *c = out; c && *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	const char *at = out ? strchr(out, '@') : NULL;
	return at && is_local(out, (size_t)(at - out)) && is_domain(at + 1) ? out : NULL;
}

const char *email_domain(const char *email)
{
	const char *at = strchr(email, '@');
	return at ? at + 1 : "";
}
