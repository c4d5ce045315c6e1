/* All that is wrong with a record, told at once: what can be read of it is checked also where
 * something else cannot be read. */
#include "base/base.h"
#include "base/text.h"
#include "record/record.h"

/* How much of a fault's field stands for what is left out because of it: of a list of messages one
 * member of one of them ("access[2].methods"), else the record's member. */
static size_t part_of(const char *field)
{
	size_t n = strcspn(field, ".[");
	const char *end = field[n] == '[' ? strchr(field + n, ']') : NULL;
	return end && end[1] == '.' ? (size_t)(end - field) + 2 + strcspn(end + 2, ".[") : n;
}

static bool is_same_part(const char *a, const char *b)
{
	size_t n = part_of(a);
	return n == part_of(b) && strncmp(a, b, n) == 0;
}

/* Leaves the part out; with `whole` all of the record's member. */
static void leave_out(json_t *json, const char *field, bool whole)
{
	char name[CG_FAULT_FIELD], member[CG_FAULT_FIELD];
	struct span rest = span_make(field, part_of(field)), first, number;
	json_t *item = NULL;
	uint64_t i;
	if (!span_next(&rest, '[', &first))
		return;
	(void)snprintf(name, sizeof(name), "%.*s", (int)first.n, first.p);
	if (!whole && rest.n > 0 && span_next(&rest, ']', &number) && rest.n > 1 &&
	    number_parse(number, LIST_MAX_ENTRIES, &i))
		item = json_array_get(json_object_get(json, name), (size_t)i);
	if (item) {
		(void)snprintf(member, sizeof(member), "%.*s", (int)rest.n - 1, rest.p + 1);
		(void)json_object_del(item, member);
	} else {
		(void)json_object_del(json, name);
	}
}

static void leave_out_all(json_t *json, const struct cg_err *err, bool whole)
{
	for (struct cg_fault f = {NULL, NULL}; cg_err_next(err, &f);)
		leave_out(json, f.field, whole);
}

/* Those of parts that had none yet. */
static void add_faults(struct cg_err *to, const struct cg_err *more)
{
	const struct cg_err first = *to;
	for (struct cg_fault f = {NULL, NULL}; cg_err_next(more, &f);) {
		bool told = false;
		for (struct cg_fault k = {NULL, NULL}; cg_err_next(&first, &k);)
			told = told || is_same_part(k.field, f.field);
		if (!told)
			(void)cg_fail_field(to, f.field, "%s", f.text);
	}
	to->n_more += more->n_more;
	if (!to->code && !more->clash)
		to->code = more->code;
}

static cg_rc read_json(const ProtobufCMessageDescriptor *type, const json_t *json, const void *base,
		       struct arena *arena, void *out_message, struct cg_err *err)
{
	return base ? record_patch(type, json, base, arena, out_message, err)
		    : record_from_json(type, json, NULL, arena, out_message, err);
}

cg_rc record_read_checked(const ProtobufCMessageDescriptor *type, const json_t *json,
			  const void *base, record_check_fn check, void *arg, struct arena *arena,
			  void *out_message, struct cg_err *err)
{
	struct cg_err more = {0};
	void *m;
	cg_rc rc = read_json(type, json, base, arena, &m, err);
	if (rc == CG_OK) {
		memcpy(out_message, &m, sizeof(m));
		return check(m, arg, err);
	}
	if (rc != CG_BAD_VALUE || !err)
		return rc;
	json_t *rest = json_deep_copy(json);
	if (!rest)
		return cg_fail_memory(err);
	leave_out_all(rest, err, false);
	cg_rc again = read_json(type, rest, base, arena, &m, &more);
	/* What was left out was required where it stood. */
	if (again == CG_BAD_VALUE) {
		leave_out_all(rest, &more, true);
		more = (struct cg_err){0};
		again = read_json(type, rest, base, arena, &m, &more);
	}
	if (again == CG_OK && cg_is_told(check(m, arg, &more)))
		add_faults(err, &more);
	json_decref(rest);
	return rc;
}
