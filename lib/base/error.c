#include "base/base.h"
#include "base/error.h"

CG_PRINTF(3, 0)
static void say(struct cg_err *err, const char *code, const char *fmt, va_list ap)
{
	if (!err)
		return;
	err->code = code;
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
}

cg_rc cg_fail(struct cg_err *err, cg_rc rc, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(err, NULL, fmt, ap);
	va_end(ap);
	return rc;
}

cg_rc cg_fail_code(struct cg_err *err, cg_rc rc, const char *code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(err, code, fmt, ap);
	va_end(ap);
	return rc;
}

/* Lists a fault; false when it was not the first. */
static bool list(struct cg_err *err, const char *field, const char *text)
{
	size_t name_n = strnlen(field, CG_FAULT_FIELD - 1), text_n = strlen(text);
	bool first = err->text[0] == '\0';
	if (err->n_fields == FAULTS_MAX || name_n + text_n + 2 > sizeof(err->list) - err->used) {
		err->n_more++;
		return first;
	}
	char *at = err->list + err->used;
	memcpy(at, field, name_n);
	at[name_n] = '\0';
	memcpy(at + name_n + 1, text, text_n + 1);
	err->used += name_n + text_n + 2;
	err->n_fields++;
	return first;
}

cg_rc cg_fail_field(struct cg_err *err, const char *field, const char *fmt, ...)
{
	if (!err)
		return CG_BAD_VALUE;
	char text[CG_FAULT_TEXT];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (list(err, field, text))
		(void)snprintf(err->text, sizeof(err->text), "%s: %s", field, text);
	/* With it, the whole is no clash any more. */
	if (err->clash)
		err->code = NULL;
	err->clash = false;
	return CG_BAD_VALUE;
}

cg_rc cg_fail_unknown(struct cg_err *err, const char *field, const char *fmt, ...)
{
	static const char code[] = "unknown_member";
	if (!err)
		return CG_BAD_INPUT;
	char text[CG_FAULT_TEXT];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)list(err, field, text);
	if (!err->code || strcmp(err->code, code) != 0)
		(void)snprintf(err->text, sizeof(err->text), "%s: %s", field, text);
	err->code = code;
	err->clash = false;
	return CG_BAD_INPUT;
}

cg_rc cg_fail_clash(struct cg_err *err, const char *code, const char *field, const char *fmt, ...)
{
	if (!err)
		return CG_CLASH;
	char text[CG_FAULT_TEXT];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (list(err, field, text)) {
		(void)snprintf(err->text, sizeof(err->text), "%s", text);
		err->code = code;
		err->clash = true;
	}
	return CG_CLASH;
}

bool cg_is_told(cg_rc rc)
{
	return rc == CG_OK || rc == CG_CLASH || rc == CG_BAD_VALUE || rc == CG_BAD_INPUT;
}

cg_rc cg_worse(cg_rc a, cg_rc b)
{
	static const cg_rc mild[] = {CG_OK, CG_CLASH, CG_BAD_VALUE, CG_BAD_INPUT};
	for (size_t i = 0; i < CG_COUNT(mild); i++) {
		if (a == mild[i])
			return b;
		if (b == mild[i])
			return a;
	}
	return a;
}

bool cg_err_next(const struct cg_err *err, struct cg_fault *at)
{
	const char *next = at->field ? at->text + strlen(at->text) + 1 : err->list;
	if (next == err->list + err->used)
		return false;
	at->field = next;
	at->text = next + strlen(next) + 1;
	return true;
}

bool cg_err_names(const struct cg_err *err, const char *field)
{
	for (struct cg_fault f = {NULL, NULL}; cg_err_next(err, &f);)
		if (strcmp(f.field, field) == 0)
			return true;
	return false;
}

void cg_err_add(struct cg_err *err, const struct cg_err *more)
{
	for (struct cg_fault f = {NULL, NULL}; cg_err_next(more, &f);)
		(void)cg_fail_field(err, f.field, "%s", f.text);
	err->n_more += more->n_more;
}

cg_rc cg_beside(cg_rc rc, const struct cg_err *fault, struct cg_err *err)
{
	if (!fault || (rc != CG_OK && rc != CG_BAD_VALUE))
		return rc;
	if (err && rc == CG_OK && err->n_fields == 0)
		*err = *fault;
	else if (err)
		cg_err_add(err, fault);
	return CG_BAD_VALUE;
}

cg_rc cg_fail_memory(struct cg_err *err)
{
	return cg_fail(err, CG_UNAVAILABLE, "The program has no memory left for this request.");
}
