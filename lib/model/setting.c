#include "base/base.h"
#include "model/setting.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/markdown.h"
#include "base/url.h"
#include "model/audit.h"
#include "model/entity.h"
#include "model/revoked.h"

/* --- checks --- */

/* Letters, digits, dots and hyphens: what stands behind an @.  In lower case; NULL for others. */
static char *domain_normal(const char *text, struct arena *arena)
{
	size_t n = strlen(text), label = 0;
	char *out = arena_strdup(arena, text);
	for (char *c = out; c && *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
		bool edge = label == 0 || c[1] == '.' || c[1] == '\0';
		if (*c == '.') {
			if (label == 0)
				return NULL;
			label = 0;
			continue;
		}
		bool word = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
		if ((!word && (*c != '-' || edge)) || ++label > DOMAIN_LABEL_MAX)
			return NULL;
	}
	return n <= DOMAIN_MAX_BYTES && label > 0 ? out : NULL;
}

/* The base of links: scheme, host and port.  A person may well paste the page's own address, so
 * `own` ("/admin") may stand behind it. */
static void check_base(char **base, const char *field, const char *own, bool plain_too,
		       struct arena *arena, struct cg_err *err, cg_rc *rc)
{
	struct url url;
	if (!**base)
		return;
	const char *why = url_parse(*base, arena, &url);
	if (!why && *url.path && strcmp(url.path, own) != 0)
		why = "must end behind the host and port: paths are added to it";
	if (!why && !url.https && !plain_too)
		why = "must begin with https://: passwords pass over these pages";
	if (why) {
		*rc = cg_fail_field(err, field, "%s", why);
		return;
	}
	bool usual = url.port == (url.https ? 443 : 80);
	char port[8] = "";
	if (!usual)
		(void)snprintf(port, sizeof(port), ":%u", url.port);
	char *normal = arena_printf(arena, "http%s://%s%s", url.https ? "s" : "", url.host, port);
	if (!normal) {
		*rc = cg_fail_memory(err);
		return;
	}
	for (char *c = normal; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	*base = normal;
}

static void check_mail_from(const Cg__Setting *s, struct arena *arena, struct cg_err *err,
			    cg_rc *rc)
{
	const char *at = strrchr(s->mail_from, '@');
	if (!*s->mail_from)
		return;
	/* It goes into a mail's head and to the mail program: nothing but a plain address. */
	bool ok = at && at > s->mail_from && at - s->mail_from <= MAIL_LOCAL_MAX &&
		  domain_normal(at + 1, arena);
	for (const char *c = s->mail_from; ok && c < at; c++)
		ok = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		     (*c >= '0' && *c <= '9') || strchr("+_=", *c) ||
		     (strchr(".-", *c) && c > s->mail_from);
	if (!ok)
		*rc = cg_fail_field(err, "mail_from",
				    "must be one plain address such as api@example.org");
}

cg_rc setting_check(Cg__Setting *s, struct arena *arena, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	check_base(&s->base_urls->gate, "base_urls.gate", "", true, arena, err, &rc);
	check_base(&s->base_urls->portal, "base_urls.portal", "/portal", false, arena, err, &rc);
	check_base(&s->base_urls->admin, "base_urls.admin", "/admin", false, arena, err, &rc);
	for (size_t i = 0; i < s->n_sign_up_domains; i++) {
		char at[32];
		char *domain = domain_normal(s->sign_up_domains[i], arena);
		(void)snprintf(at, sizeof(at), "sign_up_domains[%u]", (unsigned)i);
		if (domain)
			s->sign_up_domains[i] = domain;
		else
			rc = cg_fail_field(err, at,
					   "must be a domain such as example.org, without @");
	}
	check_mail_from(s, arena, err, &rc);
	return cg_worse(rc, markdown_check(span_of(s->terms), "terms", err));
}

/* --- reading --- */

cg_rc setting_get_in(struct store_txn *txn, struct arena *arena, Cg__Setting **out,
		     struct cg_err *err)
{
	struct span bytes;
	cg_rc rc = store_get(txn, STORE_SETTING, SPAN_LIT(SETTING_ID), arena, &bytes, err);
	if (rc == CG_OK)
		return record_unpack(&cg__setting__descriptor, bytes, arena, out, err);
	if (rc != CG_NOT_FOUND)
		return rc;
	Cg__Meta *meta;
	rc = store_get(txn, STORE_META, SPAN_LIT("meta"), arena, &bytes, err);
	if (rc == CG_OK)
		rc = record_unpack(&cg__meta__descriptor, bytes, arena, &meta, err);
	if (rc != CG_OK)
		return rc;
	*out = (Cg__Setting *)(void *)record_new(&cg__setting__descriptor, arena);
	if (!*out || !((*out)->id = arena_strdup(arena, SETTING_ID)))
		return cg_fail_memory(err);
	(*out)->revision = 1;
	(*out)->created_at = (*out)->updated_at = meta->created_at;
	(*out)->has_revision = (*out)->has_created_at = (*out)->has_updated_at = true;
	return CG_OK;
}

struct call {
	const struct actor *actor;
	uint64_t revision;
	const json_t *patch;
	struct arena *arena;
	Cg__Setting *setting;
};

static cg_rc get_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	return setting_get_in(txn, c->arena, &c->setting, err);
}

cg_rc setting_get(struct store *store, struct arena *arena, Cg__Setting **out, struct cg_err *err)
{
	struct call c = {.arena = arena};
	cg_rc rc = store_read(store, get_txn, &c, err);
	if (rc == CG_OK)
		*out = c.setting;
	return rc;
}

/* --- changing --- */

static cg_rc put(struct store_txn *txn, struct call *c, const json_t *changes, struct cg_err *err)
{
	Cg__Setting *s = c->setting;
	struct span bytes;
	s->updated_at = clock_unix_s();
	s->revision++;
	cg_rc rc = record_pack(s, c->arena, &bytes, err);
	if (rc == CG_OK)
		rc = store_put(txn, STORE_SETTING, SPAN_LIT(SETTING_ID), bytes, err);
	return rc == CG_OK ? audit_add(txn, c->actor, "settings.change", SETTING_ID, "Settings",
				       changes, c->arena, err)
			   : rc;
}

static cg_rc check_one(void *setting, void *arena, struct cg_err *err)
{
	return setting_check(setting, arena, err);
}

static cg_rc change_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct call *c = arg;
	Cg__Setting *before;
	cg_rc rc = actor_require(c->actor, CG__ROLE__OWNER, err);
	if (rc == CG_OK)
		rc = setting_get_in(txn, c->arena, &before, err);
	if (rc == CG_OK && c->revision != ENTITY_ANY_REVISION && c->revision != before->revision)
		return cg_fail(err, CG_STALE,
			       "The settings were changed meanwhile (they are at revision %" PRIu64
			       "): read them again and repeat your change.",
			       before->revision);
	if (rc == CG_OK)
		rc = record_read_checked(&cg__setting__descriptor, c->patch, before, check_one,
					 c->arena, c->arena, &c->setting, err);
	json_t *changes;
	if (rc == CG_OK)
		rc = record_changes(before, c->setting, &changes, err);
	if (rc != CG_OK)
		return rc;
	if (json_object_size(changes) > 0)
		rc = revoked_note_less(txn, STORE_SETTING, before, c->setting, c->arena, err);
	if (rc == CG_OK && json_object_size(changes) > 0)
		rc = put(txn, c, changes, err);
	json_decref(changes);
	return rc;
}

cg_rc setting_change(struct store *store, const struct actor *actor, uint64_t revision,
		     const json_t *patch, struct arena *arena, Cg__Setting **out,
		     struct cg_err *err)
{
	struct call c = {actor, revision, patch, arena, NULL};
	/* The file for lighttpd is written when the grants have changed. */
	cg_rc rc = store_write(store, STORE_CHANGES_GRANTS, change_txn, &c, err);
	if (rc == CG_OK)
		*out = c.setting;
	return rc;
}
