#include "base/base.h"
#include "records.h"
#include "base/limits.h"
#include "base/text.h"
#include <sys/prctl.h>

/* "listen_path" -> "--listen-path"; of a part that shares names with others "--cors-credentials".
 */
static void option_of(const char *part, const char *field, char out[64])
{
	int n = snprintf(out, 64, "--%.20s%s%.30s", part, *part ? "-" : "", field);
	for (int i = 2; i < n; i++)
		if (out[i] == '_')
			out[i] = '-';
}

/* Text that is not UTF-8 becomes something that no member takes, so that the model refuses it. */
static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);
	return json ? json : json_array();
}

static json_t *take_members(struct command *c, const char *part,
			    const ProtobufCMessageDescriptor *type, struct cg_err *err);

/* A switch may stand alone: "--use-certificate", "--use-certificate false". */
static json_t *take_bool(struct command *c, const char *option)
{
	for (int i = 0; i < c->n_words; i++) {
		if (strcmp(c->words[i], option) != 0)
			continue;
		const char *next = i + 1 < c->n_words ? c->words[i + 1] : "";
		if (strcmp(next, "true") != 0 && strcmp(next, "false") != 0) {
			(void)command_take_flag(c, option);
			return json_true();
		}
	}
	const char *value = command_take(c, option);
	if (!value)
		return NULL;
	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
		return json_boolean(strcmp(value, "true") == 0);
	return text_json(value); /* the model says what is wrong with it */
}

static json_t *value_of(const struct record_field *row, const char *text)
{
	json_error_t ignored;
	json_t *number;
	/* "null" takes a value away, as in a merge patch. */
	if (strcmp(text, "null") == 0)
		return json_null();
	if (row->form == FIELD_NUMBER && (number = json_loads(text, JSON_DECODE_ANY, &ignored)))
		return number;
	return text_json(text);
}

/* A certificate to show upstreams, or one of its CAs: the file may be DER, or hold its key too. */
static json_t *value_of_cert(struct command *c, const char *path, struct cg_err *err)
{
	struct cert_reading reading;
	if (command_read_cert(c, path, CERT_KIND_UPSTREAM, &reading, err) != CG_OK)
		return NULL;
	command_tell_notices(&reading);
	return json_string(cert_pem(&c->arena, reading.leaf.der));
}

static json_t *value_of_secret(struct command *c, const char *path, struct cg_err *err)
{
	struct span text;
	(void)prctl(PR_SET_DUMPABLE, 0);
	return command_read_file(c, path, &text, err) == CG_OK
		   ? json_stringn(text.p ? text.p : "", text.n)
		   : NULL;
}

/* Certificates and private keys come out of files: a command line is for everybody to see. */
static json_t *value_as(struct command *c, const struct record_field *row, const char *text,
			struct cg_err *err)
{
	if (row->form != FIELD_PEM && row->form != FIELD_SEALED)
		return value_of(row, text);
	if (!*text || strcmp(text, "null") == 0)
		return json_null();
	json_t *json =
	    row->form == FIELD_PEM ? value_of_cert(c, text, err) : value_of_secret(c, text, err);
	return json ? json : json_array(); /* which the model refuses */
}

static json_t *take_value(struct command *c, const char *part, const ProtobufCFieldDescriptor *f,
			  const struct record_field *row, struct cg_err *err)
{
	char option[64];
	const char *text;
	option_of(part, f->name, option);
	if (row->form == FIELD_BOOL)
		return take_bool(c, option);
	if (f->label != PROTOBUF_C_LABEL_REPEATED) {
		text = command_take(c, option);
		return text ? value_as(c, row, text, err) : NULL;
	}
	json_t *list = NULL;
	while ((text = command_take(c, option))) {
		if (!list)
			list = json_array();
		/* An empty value empties the list. */
		if (*text)
			(void)json_array_append_new(list, value_as(c, row, text, err));
	}
	return list;
}

/* "100/60": requests and seconds; "1000/day": requests and period, whose name the model knows. */
static json_t *take_pair(struct command *c, const ProtobufCFieldDescriptor *f, struct cg_err *err)
{
	bool is_rate = f->descriptor == &cg__rate__descriptor;
	char option[64];
	uint64_t limit, seconds;
	struct span number, rest;
	option_of("", f->name, option);
	const char *text = command_take(c, option);
	if (!text)
		return NULL;
	if (strcmp(text, "null") == 0)
		return json_null();
	rest = span_of(text);
	if (span_next(&rest, '/', &number) && rest.n > 0 &&
	    number_parse(number, INT64_MAX, &limit)) {
		if (!is_rate)
			return json_pack("{s:I, s:o}", "limit", (json_int_t)limit, "period",
					 text_json(rest.p));
		if (number_parse(rest, INT64_MAX, &seconds))
			return json_pack("{s:I, s:I}", "limit", (json_int_t)limit, "per_seconds",
					 (json_int_t)seconds);
	}
	(void)cg_fail_field(err, option, "%s",
			    is_rate ? "write requests/seconds, such as 100/60, or null for no limit"
				    : "write requests/period, such as 1000/day (hour, day, week or "
				      "month), or null for no limit");
	return NULL;
}

/* What is no UTF-8 became nothing, which the model refuses in a list. */
static void append(json_t *list, json_t *item)
{
	(void)json_array_append_new(list, item ? item : json_null());
}

/* "Name: value", once per field; an empty one empties the list. */
static json_t *take_headers(struct command *c, const char *part, const ProtobufCFieldDescriptor *f)
{
	char option[64];
	const char *text;
	json_t *list = NULL;
	option_of(part, f->name, option);
	while ((text = command_take(c, option))) {
		struct span rest = span_of(text), name;
		if (!list)
			list = json_array();
		if (!*text)
			continue;
		if (!strchr(text, ':') || !span_next(&rest, ':', &name)) {
			(void)json_array_append_new(list, text_json(text)); /* refused */
			continue;
		}
		rest = span_trim(rest);
		append(list, json_pack("{s:s%, s:s%}", "name", name.p, name.n, "value",
				       rest.p ? rest.p : "", rest.n));
	}
	return list;
}

/* "Name: FILE", once per field; "Name" leaves the one that is there, and an empty one empties the
 * list. */
static json_t *take_secret_headers(struct command *c, const ProtobufCFieldDescriptor *f,
				   struct cg_err *err)
{
	char option[64];
	const char *text;
	json_t *list = NULL;
	option_of("", f->name, option);
	while ((text = command_take(c, option))) {
		struct span rest = span_of(text), name, value;
		json_t *secret = NULL;
		if (!list)
			list = json_array();
		if (!*text)
			continue;
		(void)span_next(&rest, ':', &name);
		char *path = arena_copy(&c->arena, span_trim(rest));
		if (!rest.p)
			secret = json_true();
		else if (path && *path && (secret = value_of_secret(c, path, err))) {
			/* A file ends with a line break that is not the value's. */
			value = span_trim(
			    span_make(json_string_value(secret), json_string_length(secret)));
			json_t *trimmed = json_stringn(value.p, value.n);
			json_decref(secret);
			secret = trimmed;
		}
		append(list, json_pack("{s:s%, s:o}", "name", name.p, name.n, "value",
				       secret ? secret : json_array()));
	}
	return list;
}

/* What is a part of the record of its own: its options bear its name.  "--cors null" takes it away.
 */
static json_t *take_part(struct command *c, const ProtobufCFieldDescriptor *f, struct cg_err *err)
{
	char part[32];
	const char *text;
	(void)snprintf(part, sizeof(part), "--%s", f->name);
	for (char *at = part; *at; at++)
		if (*at == '_')
			*at = '-';
	text = command_take(c, part);
	if (text)
		return strcmp(text, "null") == 0 ? json_null() : text_json(text);
	return take_members(c, part + 2, f->descriptor, err);
}

static bool is_part(const ProtobufCMessageDescriptor *type)
{
	return type == &cg__upstream_tls__descriptor || type == &cg__header_rules__descriptor ||
	       type == &cg__cors__descriptor || type == &cg__base_urls__descriptor;
}

json_t *records_take_members(struct command *c, const ProtobufCMessageDescriptor *type,
			     struct cg_err *err)
{
	json_t *json = take_members(c, "", type, err);
	if (json && err->text[0] == '\0')
		return json;
	if (!json)
		(void)cg_fail(err, CG_BAD_INPUT, "An option's value cannot be read.");
	json_decref(json);
	return NULL;
}

static json_t *take_members(struct command *c, const char *part,
			    const ProtobufCMessageDescriptor *type, struct cg_err *err)
{
	json_t *out = json_object();
	for (unsigned i = 0; out && i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		const struct record_field *row = record_field(type, f);
		bool list = f->label == PROTOBUF_C_LABEL_REPEATED;
		json_t *value = NULL;
		if (!row || row->access != FIELD_SET || row->form == FIELD_MAP)
			continue;
		if (row->form != FIELD_MESSAGE)
			value = take_value(c, part, f, row, err);
		else if (f->descriptor == &cg__rate__descriptor ||
			 f->descriptor == &cg__quota__descriptor)
			value = take_pair(c, f, err);
		else if (f->descriptor == &cg__header_field__descriptor)
			value = take_headers(c, part, f);
		else if (f->descriptor == &cg__secret_header__descriptor)
			value = take_secret_headers(c, f, err);
		else if (is_part(f->descriptor))
			value = take_part(c, f, err);
		else if (!list)
			value = take_members(c, part, f->descriptor, err);
		/* No option of a sub-record: nothing is said of it. */
		if (json_is_object(value) && json_object_size(value) == 0) {
			json_decref(value);
			continue;
		}
		if (value && json_object_set_new(out, f->name, value) < 0) {
			json_decref(out);
			out = NULL;
		}
	}
	return out;
}

void records_take_apis(struct command *c, json_t *json)
{
	const char *api;
	json_t *access = NULL;
	while ((api = command_take(c, "--api"))) {
		if (!access)
			access = json_array();
		(void)json_array_append_new(access, json_pack("{s:o}", "api_id", text_json(api)));
	}
	if (access)
		(void)json_object_set_new(json, "access", access);
}

json_t *records_take(struct command *c, const struct record_kind *kind, struct cg_err *err)
{
	json_t *json = records_take_members(c, kind->entity->type, err);
	if (json && kind->take)
		kind->take(c, json);
	return json;
}

static json_t *show_json(struct command *c, const struct record_kind *kind, const void *message,
			 struct arena *arena, struct cg_err *err)
{
	return kind->show ? kind->show(c, message, arena, err) : record_to_json(message);
}

int records_print_done(struct command *c, const struct record_kind *kind, const void *message)
{
	const struct entity_head *m = message;
	struct cg_err err = {0};
	json_t *json = show_json(c, kind, message, &c->arena, &err);
	return command_print_done(c, json, m->id, NULL, &err);
}

int records_create(struct command *c, const struct record_kind *kind)
{
	struct cg_err err = {0};
	void *message;
	json_t *json = records_take(c, kind, &err);
	if (!json)
		return command_fail(c, &err);
	if (!command_all_taken(c)) {
		json_decref(json);
		return EXIT_USAGE;
	}
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = entity_create(c->store, kind->entity, &c->actor, json, &c->arena, &message,
				   &err);
	json_decref(json);
	return rc == CG_OK ? records_print_done(c, kind, message) : command_fail(c, &err);
}

static cg_rc list_page(struct command *c, const struct record_kind *kind, struct span cursor,
		       struct span q, struct arena *arena, struct entity_page *out,
		       struct cg_err *err)
{
	return kind->list ? kind->list(c->store, cursor, LIST_LIMIT_MAX, q, arena, out, err)
			  : entity_list(c->store, kind->entity, cursor, LIST_LIMIT_MAX, q, arena,
					out, err);
}

static int list(struct command *c, const struct record_kind *kind)
{
	struct cg_err err = {0};
	struct entity_page page = {0};
	const char *q = command_next(c);
	if (!command_all_taken(c))
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	json_t *items = json_array();
	char *next = NULL;
	/* Page by page, each in memory of its own: the store is not held for longer. */
	do {
		struct arena arena;
		arena_init(&arena, COMMAND_ARENA_MAX);
		if (rc == CG_OK)
			rc = list_page(c, kind, span_of(next), span_of(q), &arena, &page, &err);
		for (size_t i = 0; rc == CG_OK && i < page.n; i++)
			if (json_array_append_new(
				items, show_json(c, kind, page.messages[i], &arena, &err)) < 0)
				rc = err.text[0] ? CG_UNAVAILABLE : cg_fail_memory(&err);
		free(next);
		next = NULL;
		if (rc == CG_OK && page.next && !(next = strdup(page.next)))
			rc = cg_fail_memory(&err);
		arena_release(&arena);
	} while (next);
	if (rc == CG_OK)
		return command_print(c, items);
	json_decref(items);
	return command_fail(c, &err);
}

static int show(struct command *c, const struct record_kind *kind)
{
	struct cg_err err = {0};
	void *message;
	const char *id = command_next(c);
	if (!command_all_taken(c) || !id)
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = entity_get(c->store, kind->entity, id, &c->arena, &message, &err);
	json_t *json = rc == CG_OK ? show_json(c, kind, message, &c->arena, &err) : NULL;
	return json || err.text[0] == '\0' ? command_print(c, json) : command_fail(c, &err);
}

static int set(struct command *c, const struct record_kind *kind)
{
	struct cg_err err = {0};
	void *message;
	json_t *patch = records_take(c, kind, &err);
	if (!patch)
		return command_fail(c, &err);
	const char *id = command_next(c);
	if (!command_all_taken(c) || !id || json_object_size(patch) == 0) {
		json_decref(patch);
		return EXIT_USAGE;
	}
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = entity_change(c->store, kind->entity, &c->actor, id, ENTITY_ANY_REVISION,
				   patch, &c->arena, &message, &err);
	json_decref(patch);
	return rc == CG_OK ? records_print_done(c, kind, message) : command_fail(c, &err);
}

static int delete (struct command *c, const struct entity *e)
{
	struct cg_err err = {0};
	const char *id = command_next(c);
	if (!command_all_taken(c) || !id)
		return EXIT_USAGE;
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc =
		    entity_remove(c->store, e, &c->actor, id, ENTITY_ANY_REVISION, &c->arena, &err);
	return rc == CG_OK ? EXIT_DONE : command_fail(c, &err);
}

int records_main(struct command *c, const struct record_kind *kind, const char *verb,
		 int (*create)(struct command *c))
{
	if (strcmp(verb, "list") == 0)
		return list(c, kind);
	if (strcmp(verb, "show") == 0)
		return show(c, kind);
	if (strcmp(verb, "create") == 0)
		return create(c);
	if (strcmp(verb, "set") == 0)
		return set(c, kind);
	if (strcmp(verb, "delete") == 0)
		return delete (c, kind->entity);
	return EXIT_USAGE;
}
