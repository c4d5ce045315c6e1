#include "base/base.h"
#include "mail/render.h"
#include "base/limits.h"
#include "base/url.h"
#include "mail/message.h"
#include "page/page.h"

#define TEXT_LAYOUT "mail/layout.txt.tpl"
#define HTML_LAYOUT "mail/layout.html.tpl"

/* By kind: the names of its templates, and where its link leads to. */
static const struct {
	const char *name, *link;
} kinds[] = {
    [CG__OUTBOX_MAIL__KIND__CONFIRM] = {"confirm",	   "/portal/confirm?code="},
    [CG__OUTBOX_MAIL__KIND__RESET] = {"reset",	       "/portal/reset?code="  },
    [CG__OUTBOX_MAIL__KIND__ACCOUNT_EXISTS] = {"account-exists",	 NULL		     },
    [CG__OUTBOX_MAIL__KIND__INVITE] = {"invite",		 "/portal/invite?code=" },
    [CG__OUTBOX_MAIL__KIND__REQUEST_RECEIVED] = {"request-received", NULL			 },
    [CG__OUTBOX_MAIL__KIND__REQUEST_APPROVED] = {"request-approved", NULL			 },
    [CG__OUTBOX_MAIL__KIND__REQUEST_DECLINED] = {"request-declined", NULL			 },
    [CG__OUTBOX_MAIL__KIND__REQUEST_NEW] = {"request-new",	   NULL		       },
    [CG__OUTBOX_MAIL__KIND__ENDS_SOON] = {"ends-soon",	       NULL		   },
    [CG__OUTBOX_MAIL__KIND__ENDED] = {"ended",	       NULL		   },
    [CG__OUTBOX_MAIL__KIND__KEY_REVOKED] = {"key-revoked",	   NULL		       },
    [CG__OUTBOX_MAIL__KIND__QUOTA] = {"quota",	       NULL		   },
    [CG__OUTBOX_MAIL__KIND__RENEWED] = {"renewed",	   "/portal/stop?code="   },
};

const char *mail_sender(const Cg__Setting *setting, struct arena *arena)
{
	struct url url;
	if (*setting->mail_from)
		return setting->mail_from;
	bool named = *setting->base_urls->portal &&
		     !url_parse(setting->base_urls->portal, arena, &url) && url.host[0] != '[';
	return arena_printf(arena, "certgate@%s", named ? url.host : "localhost");
}

/* Texts without blank lines where a section was left out; the first line is the subject. */
static char *tidy(struct span raw, struct arena *arena, const char **subject)
{
	char *out = arena_alloc(arena, raw.n + 1), *to = out;
	size_t newlines = 2;
	for (size_t i = 0; out && i < raw.n; i++) {
		newlines = raw.p[i] == '\n' ? newlines + 1 : 0;
		if (newlines <= 2)
			*to++ = raw.p[i];
	}
	if (!out)
		return NULL;
	while (to > out && to[-1] == '\n')
		to--;
	*to++ = '\n';
	*to = '\0';
	char *end = strchr(out, '\n');
	*end = '\0';
	*subject = out;
	return end + 1 + strspn(end + 1, "\n");
}

static json_t *values_of(const Cg__OutboxMail *mail, const Cg__Setting *setting, const char *secret,
			 struct arena *arena)
{
	json_t *values = json_loads(mail->values, JSON_REJECT_DUPLICATES, NULL);
	const char *path = json_string_value(json_object_get(values, "path"));
	bool dashboard = path && strncmp(path, "/admin/", 7) == 0;
	const char *base = dashboard && *setting->base_urls->admin ? setting->base_urls->admin
								   : setting->base_urls->portal;
	char *url = secret ? arena_printf(arena, "%s%s%s", base, kinds[mail->kind].link, secret)
			   : arena_printf(arena, "%s%s", base, path ? path : "/portal/");
	json_t *more =
	    url ? json_pack("{s:s, s:s, s:s, s:s, s:s}", "url", url, "to", mail->to, "portal_title",
			    setting->portal_title, "portal_url", setting->base_urls->portal,
			    "gate_url", setting->base_urls->gate)
		: NULL;
	if (!values || !more || json_object_update_new(values, more) != 0) {
		json_decref(values);
		return NULL;
	}
	return values;
}

static cg_rc fill(const Cg__OutboxMail *mail, const Cg__Setting *setting, json_t *values,
		  struct arena *arena, struct buf *text, struct buf *html, struct buf *out,
		  struct cg_err *err)
{
	struct message m = {.id = mail->id,
			    .date_unix_s = mail->created_at,
			    .from = mail_sender(setting, arena),
			    .to = mail->to,
			    .from_name = setting->portal_title};
	const char *name = kinds[mail->kind].name;
	char *text_body = arena_printf(arena, "mail/%s.txt.tpl", name);
	char *html_body = arena_printf(arena, "mail/%s.html.tpl", name);
	json_t *nothing = json_object();
	cg_rc rc = text_body && html_body && nothing && m.from
		       ? page_write(TEXT_LAYOUT, text_body, nothing, values, text, err)
		       : cg_fail_memory(err);
	char *tidied = rc == CG_OK ? tidy(buf_span(text), arena, &m.subject) : NULL;
	if (rc == CG_OK &&
	    (!tidied || json_object_set_new(values, "subject", json_string(m.subject)) != 0))
		rc = cg_fail_memory(err);
	if (rc == CG_OK)
		rc = page_write(HTML_LAYOUT, html_body, nothing, values, html, err);
	json_decref(nothing);
	if (rc != CG_OK)
		return rc;
	m.text = span_of(tidied);
	m.html = buf_span(html);
	return message_write(&m, out, err);
}

cg_rc mail_render(const Cg__OutboxMail *mail, const Cg__Setting *setting, const char *secret,
		  struct arena *arena, struct buf *out, struct cg_err *err)
{
	struct buf text, html;
	if (!*setting->base_urls->portal)
		return cg_fail(err, CG_BAD_VALUE,
			       "The setting base_urls.portal is missing: links in mails begin "
			       "with it.");
	if ((size_t)mail->kind >= CG_COUNT(kinds) || (secret && !kinds[mail->kind].link))
		return cg_fail(err, CG_BAD_VALUE, "This program does not know such a mail.");
	json_t *values = values_of(mail, setting, secret, arena);
	if (!values)
		return cg_fail_memory(err);
	buf_init(&text, MAIL_BYTES_MAX);
	buf_init(&html, MAIL_BYTES_MAX);
	cg_rc rc = fill(mail, setting, values, arena, &text, &html, out, err);
	json_decref(values);
	buf_release(&text);
	buf_release(&html);
	return rc;
}
