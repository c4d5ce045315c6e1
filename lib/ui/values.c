/* Values of templates, and what a request brings. */
#include "base/base.h"
#include "ui/pages.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "model/key.h"
#include "model/setting.h"

const char *page_param(struct page_call *call, size_t i)
{
	struct span p = call->match.params[i];
	const char *text = p.n > 0 && !memchr(p.p, '\0', p.n) ? arena_copy(call->arena, p) : NULL;
	return text ? text : "";
}

const char *page_query(struct page_call *call, const char *name)
{
	struct span value = {NULL, 0};
	if (web_query_get(call->req->target.query, call->arena, name, &value, NULL) != CG_OK)
		return "";
	value = span_trim(value);
	char *text = arena_copy(call->arena, value);
	/* What was pasted over several lines is one text; and what no record can hold has to find
	 * nothing, which to leave it out would not. */
	for (size_t i = 0; text && i < value.n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = span_is_space(text[i]) ? ' ' : '?';
	if (text && !text_is_clean(span_make(text, value.n)))
		for (size_t i = 0; i < value.n; i++)
			if ((unsigned char)text[i] >= 0x80)
				text[i] = '?';
	return text ? text : "";
}

const char *page_field(struct page_call *call, const char *name)
{
	return web_form_text(&call->form, name, call->arena);
}

const char *page_secret(struct page_call *call, const char *name)
{
	/* No white space is taken off. */
	struct span value = web_form_get(&call->form, name);
	const char *text =
	    value.n > 0 && !memchr(value.p, '\0', value.n) ? arena_copy(call->arena, value) : NULL;
	return text ? text : "";
}

const char *page_lines(struct page_call *call, const char *name)
{
	char *text = arena_strdup(call->arena, page_field(call, name)), *to = text;
	for (const char *from = text; from && *from; from++)
		if (*from != '\r')
			*to++ = *from;
	if (text)
		*to = '\0';
	return text ? text : "";
}

/* What the form's field "once" holds; NULL when that is no id. */
static const char *once_of_form(struct page_call *call)
{
	const char *id = page_field(call, "once");
	return strlen(id) == ID_TEXT && strspn(id, "abcdefghijklmnopqrstuvwxyz234567") == ID_TEXT
		   ? id
		   : NULL;
}

static cg_rc digest_add(struct sha256 *digest, struct span text)
{
	struct sha256 both[2] = {*digest};
	cg_rc rc = sha256_of(text, &both[1]);
	return rc == CG_OK ? sha256_of(span_make((const char *)both, sizeof(both)), digest) : rc;
}

const char *page_once(struct page_call *call)
{
	const struct web_form *form = &call->form;
	struct sha256 digest = {{0}};
	const char *brought = once_of_form(call);
	char *id = brought ? arena_alloc(call->arena, ID_TEXT + 1) : NULL;
	cg_rc rc = id ? CG_OK : CG_NOT_FOUND;
	for (size_t i = 0; rc == CG_OK && i < form->n; i++) {
		/* That of the session: another one types the same. */
		if (span_is_text(form->fields[i].name, "csrf_token"))
			continue;
		rc = digest_add(&digest, form->fields[i].name);
		if (rc == CG_OK)
			rc = digest_add(&digest, form->fields[i].value);
	}
	if (rc != CG_OK)
		return NULL;
	base32_format(digest.b, ID_RAW_BYTES, id);
	return id;
}

const char *page_once_for_form(struct page_call *call)
{
	const char *brought = once_of_form(call);
	char *id = brought ? NULL : arena_alloc(call->arena, ID_TEXT + 1);
	if (brought)
		return brought;
	return id && random_id(id) == CG_OK ? id : "";
}

size_t page_had(struct page_call *call)
{
	json_t *had = page_typed_number(call, "had");
	size_t n = json_is_integer(had) ? (size_t)json_integer_value(had) : CREDENTIALS_ANY;
	json_decref(had);
	return n;
}

/* --- times --- */

#define DAY_S ((int64_t)24 * 3600)

static json_t *time_of(int64_t t, const char *text)
{
	char iso[RFC3339_TEXT + 1], title[64] = "";
	struct tm tm;
	time_t at = (time_t)t;
	if (!rfc3339_format(t, iso) || !gmtime_r(&at, &tm))
		return json_pack("{s:s, s:s, s:s}", "iso", "", "title", "", "text", "—");
	(void)snprintf(title, sizeof(title), "%d %s %d, %02d:%02d UTC", tm.tm_mday,
		       month_names[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
	return json_pack("{s:s, s:s, s:s}", "iso", iso, "title", title, "text", text);
}

json_t *page_day(int64_t t)
{
	char text[DAY_TEXT + 1];
	return time_of(t, day_format(t, text) ? text : "—");
}

json_t *page_time(const struct page_call *call, int64_t t)
{
	char text[32];
	struct tm tm;
	time_t at = (time_t)t;
	if (t / DAY_S != call->now_unix_s / DAY_S || !gmtime_r(&at, &tm))
		return page_day(t);
	(void)snprintf(text, sizeof(text), "%02d:%02d", tm.tm_hour, tm.tm_min);
	return time_of(t, text);
}

json_t *page_distance(const struct page_call *call, int64_t t)
{
	static const struct {
		int64_t seconds;
		const char *word;
	} units[] = {
	    {365 * DAY_S, "year"	},
	    {DAY_S,	    "day"	 },
	    {3600,	   "hour"	 },
	    {60,		 "minute"},
	};
	char text[64] = "just now";
	int64_t away = t - call->now_unix_s, size = away < 0 ? -away : away;
	for (size_t i = 0; i < CG_COUNT(units); i++) {
		int64_t n = size / units[i].seconds;
		/* 20 months are better told in days. */
		if (n < (i == 0 ? 3 : 1))
			continue;
		(void)snprintf(text, sizeof(text), "%s%" PRId64 " %s%s%s", away > 0 ? "in " : "", n,
			       units[i].word, n == 1 ? "" : "s", away < 0 ? " ago" : "");
		break;
	}
	return time_of(t, text);
}

/* --- texts --- */

json_t *page_text(struct span text)
{
	char safe[1024];
	struct buf clean;
	json_t *out = json_stringn(text.p ? text.p : "", text.n);
	if (!out) {
		text_for_log(text, safe, sizeof(safe));
		return json_string(safe);
	}
	if (text_is_clean_lines(text))
		return out;
	/* HTML forbids control characters. */
	json_decref(out);
	buf_init(&clean, FORM_BODY_MAX);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool bad = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
		/* U+0080 to U+009F */
		if (c == 0xc2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xa0) {
			bad = true;
			i++;
		}
		buf_add(&clean, bad ? SPAN_LIT("\xef\xbf\xbd") : span_make(text.p + i, 1));
	}
	out = json_stringn(clean.n > 0 ? buf_span(&clean).p : "", clean.n);
	buf_release(&clean);
	return out;
}

json_t *page_initial(const char *name)
{
	char initial[8] = "";
	/* The first character, which may have several bytes. */
	for (size_t i = 0; name[i] && i + 1 < sizeof(initial) &&
			   (i == 0 || ((unsigned char)name[i] & 0xc0) == 0x80);
	     i++)
		initial[i] = name[i];
	return page_text(span_of(initial));
}

json_t *page_number(uint64_t n)
{
	char text[NUMBER_TEXT];
	number_format(n, text);
	return json_string(text);
}

json_t *page_hex(const ProtobufCBinaryData *digest, size_t bytes)
{
	char hex[SHA256_HEX + 1], out[SHA256_HEX + SHA256_HEX / 4 + 1];
	size_t n = digest->len < bytes ? digest->len : bytes, at = 0;
	if (n > SHA256_BYTES)
		n = SHA256_BYTES;
	hex_format(digest->data, n, hex);
	for (size_t i = 0; i < 2 * n; i++) {
		if (i > 0 && i % 4 == 0)
			out[at++] = ' ';
		out[at++] = hex[i];
	}
	return json_stringn(out, at);
}

static const char *base_of_request(struct page_call *call)
{
	char safe[300];
	text_for_log(call->req->host, safe, sizeof(safe));
	const char *base = arena_printf(call->arena, "https://%s", safe);
	return base ? base : "";
}

/* The settings' base URLs; NULL when they cannot be read. */
static const Cg__BaseUrls *base_urls(struct page_call *call)
{
	Cg__Setting *setting;
	struct cg_err err = {0};
	if (setting_get(call->program->store, call->arena, &setting, &err) == CG_OK)
		return setting->base_urls;
	log_error("settings_not_read", "request_id", call->req->id, "cause", err.text, LOG_END);
	return NULL;
}

const char *page_base(struct page_call *call)
{
	const Cg__BaseUrls *urls = base_urls(call);
	return urls && *urls->gate ? urls->gate : base_of_request(call);
}

const char *page_admin_base(struct page_call *call)
{
	const Cg__BaseUrls *urls = base_urls(call);
	return urls && *urls->admin ? urls->admin : base_of_request(call);
}

json_t *page_badge(const char *kind, const char *text)
{
	return json_pack("{s:s, s:s}", "kind", kind, "text", text);
}

/* What is not plain in a query (RFC 3986 section 2.3) as %XX. */
static const char *query_escape(const char *text, struct arena *arena)
{
	char *out = arena_alloc(arena, 3 * strlen(text) + 1), *to = out;
	for (; out && *text; text++) {
		unsigned char c = (unsigned char)*text;
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr("-._~", c)) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '%';
		hex_format(&c, 1, to);
		to += 2;
	}
	return out ? out : "";
}

const char *page_link(struct page_call *call, const char *path, const struct page_pair *pairs,
		      size_t n)
{
	const char *out = path;
	bool first = true;
	for (size_t i = 0; out && i < n; i++) {
		if (!pairs[i].value || !*pairs[i].value)
			continue;
		out = arena_printf(call->arena, "%s%s%s=%s", out, first ? "?" : "&", pairs[i].name,
				   query_escape(pairs[i].value, call->arena));
		first = false;
	}
	return out ? out : "";
}

json_t *page_next(struct page_call *call, const char *path, const char *q, const char *cursor)
{
	const struct page_pair pairs[] = {
	    {"q",	  q	   },
	      {"cursor", cursor}
	};
	return cursor ? json_string(page_link(call, path, pairs, CG_COUNT(pairs))) : json_null();
}
