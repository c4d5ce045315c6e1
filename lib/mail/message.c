#include "base/base.h"
#include "mail/message.h"
#include "base/clock.h"
#include "base/hash.h"

/* Of text in one encoded word: 75 characters in all (RFC 2047 section 2). */
#define WORD_BYTES 45
/* A line that is longer is encoded; 998 is the limit (RFC 5322 section 2.1.1). */
#define LINE_MAX_BYTES 900
#define QP_LINE	       72

/* ASCII that can be a field's text as it is: nothing that could end the line, or look encoded. */
static bool is_plain(const char *text)
{
	size_t n = 0;
	for (const char *c = text; *c; c++, n++)
		if (*c < ' ' || *c > '~')
			return false;
	return n < LINE_MAX_BYTES && !strstr(text, "=?");
}

/* How many bytes of UTF-8, at most WORD_BYTES and whole characters, come next. */
static size_t word_length(const char *text, size_t n)
{
	size_t take = n < WORD_BYTES ? n : WORD_BYTES;
	while (take < n && take > 1 && ((unsigned char)text[take] & 0xc0) == 0x80)
		take--;
	return take;
}

static void add_encoded(struct buf *out, const char *text)
{
	struct arena arena;
	arena_init(&arena, 64 * 1024);
	for (size_t n = strlen(text), take; n > 0; n -= take, text += take) {
		take = word_length(text, n);
		char *word = base64_format(&arena, span_make(text, take));
		if (!word) {
			out->failed = true;
			break;
		}
		buf_printf(out, "=?UTF-8?B?%s?=%s", word, take < n ? "\n " : "");
	}
	arena_release(&arena);
}

static void add_text(struct buf *out, const char *text)
{
	if (is_plain(text))
		buf_add_text(out, text);
	else
		add_encoded(out, text);
}

static void add_name(struct buf *out, const char *name)
{
	if (!is_plain(name)) {
		add_encoded(out, name);
		return;
	}
	buf_add_char(out, '"');
	for (const char *c = name; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *c);
	}
	buf_add_char(out, '"');
}

static void add_date(struct buf *out, int64_t at)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	struct tm tm;
	time_t t = (time_t)at;
	if (gmtime_r(&t, &tm))
		buf_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\n", days[tm.tm_wday],
			   tm.tm_mday, month_names[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
			   tm.tm_min, tm.tm_sec);
}

/* Whether it can go as it is. */
static bool is_short(struct span text)
{
	size_t line = 0;
	for (size_t i = 0; i < text.n; i++) {
		line = text.p[i] == '\n' ? 0 : line + 1;
		if (line > LINE_MAX_BYTES || text.p[i] == '\r' || text.p[i] == '\0')
			return false;
	}
	return true;
}

static bool is_ascii(struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] > '~')
			return false;
	return true;
}

/* RFC 2045 section 6.7. */
static void add_quoted(struct buf *out, struct span text)
{
	size_t line = 0;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool ends = i + 1 == text.n || text.p[i + 1] == '\n';
		if (c == '\n') {
			buf_add_char(out, '\n');
			line = 0;
			continue;
		}
		if (line >= QP_LINE) {
			buf_add_text(out, "=\n");
			line = 0;
		}
		if ((c > ' ' && c <= '~' && c != '=') || (c == ' ' && !ends)) {
			buf_add_char(out, (char)c);
			line++;
		} else {
			buf_printf(out, "=%02X", c);
			line += 3;
		}
	}
}

static void add_part(struct buf *out, const char *id, const char *type, struct span text)
{
	bool as_it_is = is_short(text);
	buf_printf(out,
		   "\n--=_%s\nContent-Type: text/%s; charset=utf-8\n"
		   "Content-Transfer-Encoding: %s\n\n",
		   id, type,
		   !as_it_is	    ? "quoted-printable"
		   : is_ascii(text) ? "7bit"
				    : "8bit");
	if (as_it_is)
		buf_add(out, text);
	else
		add_quoted(out, text);
}

cg_rc message_write(const struct message *m, struct buf *out, struct cg_err *err)
{
	const char *at = strrchr(m->from, '@');
	add_date(out, m->date_unix_s);
	buf_add_text(out, "From: ");
	add_name(out, m->from_name);
	buf_printf(out, " <%s>\nTo: <%s>\nSubject: ", m->from, m->to);
	add_text(out, m->subject);
	/* Who gets it twice, because this host died in between, can tell by its id. */
	buf_printf(out,
		   "\nMessage-ID: <%s%s>\nX-Certgate-Mail: %s\nAuto-Submitted: auto-generated\n"
		   "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"=_%s\"\n",
		   m->id, at ? at : "@localhost", m->id, m->id);
	add_part(out, m->id, "plain", m->text);
	add_part(out, m->id, "html", m->html);
	buf_printf(out, "\n--=_%s--\n", m->id);
	return out->failed ? cg_fail_memory(err) : CG_OK;
}
