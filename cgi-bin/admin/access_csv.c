#include "base/base.h"
#include "access_csv.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "web/csv.h"

#define CURSOR_MAX     (2 * NAME_MAX_BYTES + 64)
#define PAGE_ARENA_MAX ((size_t)64 * 1024 * 1024)

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

/* "GET HEAD"; what stands for all where the list is empty. */
static void add_list(struct buf *to, const json_t *list, const char *member, const char *empty)
{
	struct buf cell;
	size_t i;
	json_t *one;
	buf_init(&cell, to->max);
	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		const char *text = member ? text_of(one, member) : json_string_value(one);
		buf_printf(&cell, "%s%s", i > 0 ? " " : "", text);
	}
	csv_cell(to, cell.n > 0 && !cell.failed ? cell.p : empty, false);
	to->failed = to->failed || cell.failed;
	buf_release(&cell);
}

static void add_line(struct buf *to, const json_t *item, const json_t *access)
{
	static const char *const after[] = {"approved_by", "approved_at", "last_used_at"};
	csv_cell(to, text_of(item, "key"), true);
	csv_cell(to, text_of(item, "key_id"), false);
	csv_cell(to, text_of(access, "api"), false);
	csv_cell(to, text_of(access, "api_id"), false);
	csv_cell(to, text_of(access, "listen_path"), false);
	add_list(to, json_object_get(access, "methods"), NULL, access ? "all" : "");
	add_list(to, json_object_get(access, "paths"), NULL, access ? "all" : "");
	csv_cell(to, text_of(access, "policy"), false);
	add_list(to, json_object_get(item, "credentials"), "sha256", "");
	for (size_t i = 0; i < CG_COUNT(after); i++)
		csv_cell(to, text_of(item, after[i]), false);
	csv_cell(to, json_is_true(json_object_get(item, "exact")) ? "yes" : "no", false);
	csv_end_line(to);
}

static void add_item(struct buf *to, const json_t *item)
{
	const json_t *access = json_object_get(item, "access");
	size_t i;
	json_t *one;
	/* Of a key whose rights are not known. */
	if (!json_is_array(access))
		add_line(to, item, NULL);
	json_array_foreach((json_t *)(uintptr_t)access, i, one)
	{
		add_line(to, item, one);
	}
}

/* Whom nobody asks for a key. */
static void add_open_apis(struct buf *to, const json_t *apis)
{
	size_t i;
	json_t *api;
	json_array_foreach((json_t *)(uintptr_t)apis, i, api)
	{
		json_t *item =
		    json_pack("{s:s, s:b}", "key", "everybody (keyless API)", "exact", 1);
		add_line(to, item, api);
		json_decref(item);
	}
}

static void add_names(struct buf *to)
{
	static const char *const names[] = {
	    "key",	   "key_id",	   "api",    "api_id",	    "listen_path",
	    "methods",	   "paths",	   "policy", "credentials", "approved_by",
	    "approved_at", "last_used_at", "exact"};
	for (size_t i = 0; i < CG_COUNT(names); i++)
		csv_cell(to, names[i], i == 0);
	csv_end_line(to);
}

/* The next page of keys; *cursor moves. */
static cg_rc send_page(struct web_response *resp, struct access_report *report, struct span *cursor,
		       struct arena *arena)
{
	struct cg_err err = {0};
	struct buf text;
	size_t i;
	json_t *items, *item;
	cg_rc rc = access_report_keys(report, cursor, LIST_LIMIT_MAX, arena, &items, &err);
	if (rc != CG_OK) {
		log_error("report_failed", "cause", err.text, LOG_END);
		return rc;
	}
	buf_init(&text, PAGE_BYTES_MAX);
	json_array_foreach(items, i, item)
	{
		add_item(&text, item);
	}
	json_decref(items);
	rc = text.failed ? CG_UNAVAILABLE : web_response_body(resp, buf_span(&text));
	buf_release(&text);
	return rc;
}

static cg_rc send_head(struct web_response *resp, const struct access_report *report,
		       int64_t at_unix_s)
{
	char at[RFC3339_TEXT + 1], name[96];
	struct buf text;
	(void)rfc3339_format(at_unix_s, at);
	(void)snprintf(name, sizeof(name), "attachment; filename=\"access-%.10s.csv\"", at);
	web_response_status(resp, 200);
	(void)web_response_field_text(resp, "Content-Type",
				      "text/csv; charset=utf-8; header=present");
	(void)web_response_field_text(resp, "Content-Disposition", name);
	(void)web_response_field_text(resp, "X-Content-Type-Options", "nosniff");
	(void)web_response_field_text(resp, "Cache-Control", "no-store");
	buf_init(&text, PAGE_BYTES_MAX);
	add_names(&text);
	add_open_apis(&text, access_report_open_apis(report));
	cg_rc rc = text.failed ? CG_UNAVAILABLE : web_response_body(resp, buf_span(&text));
	buf_release(&text);
	return rc;
}

void access_csv_send(struct web_response *resp, struct access_report *report, int64_t at_unix_s)
{
	char place[CURSOR_MAX] = "";
	struct span cursor = {NULL, 0};
	cg_rc rc = send_head(resp, report, at_unix_s);
	do {
		struct arena arena;
		arena_init(&arena, PAGE_ARENA_MAX);
		if (rc == CG_OK)
			rc = send_page(resp, report, &cursor, &arena);
		/* It lives in the page's arena. */
		if (rc == CG_OK && cursor.n > sizeof(place))
			rc = CG_UNAVAILABLE;
		if (rc == CG_OK && cursor.n > 0)
			memcpy(place, cursor.p, cursor.n);
		cursor.p = place;
		arena_release(&arena);
	} while (rc == CG_OK && cursor.n > 0);
	if (rc != CG_OK)
		web_response_abort(resp);
}
