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

cg_rc cg_fail_field(struct cg_err *err, const char *field, const char *fmt, ...)
{
	if (!err)
		return CG_BAD_VALUE;
	char text[sizeof(err->fields[0].text)];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (err->n_fields == 0)
		(void)snprintf(err->text, sizeof(err->text), "%s: %s", field, text);
	if (err->n_fields < CG_ERR_FIELDS) {
		struct cg_field_err *f = &err->fields[err->n_fields++];
		(void)snprintf(f->field, sizeof(f->field), "%s", field);
		(void)snprintf(f->text, sizeof(f->text), "%s", text);
	}
	return CG_BAD_VALUE;
}

cg_rc cg_fail_memory(struct cg_err *err)
{
	return cg_fail(err, CG_UNAVAILABLE, "The program has no memory left for this request.");
}
