#include "base/base.h"
#include "store/tables.h"
#include "base/limits.h"

const struct table_def store_tables[STORE__TABLES] = {
    [STORE_META] = {"meta.db",	       &cg__meta__descriptor	    },
    [STORE_API] = {"api.db",		     &cg__api__descriptor		 },
    [STORE_KEY] = {"key.db",		     &cg__key__descriptor		 },
    [STORE_CREDENTIAL] = {"credential.db",	   &cg__credential__descriptor      },
    [STORE_CERTIFICATE] = {"certificate.db",	     &cg__certificate__descriptor	 },
    [STORE_USER] = {"user.db",	       &cg__user__descriptor	    },
    [STORE_REST_TOKEN] = {"rest_token.db",	   &cg__rest_token__descriptor      },
    [STORE_POLICY] = {"policy.db",	   &cg__policy__descriptor	  },
    [STORE_QUOTA_COUNT] = {"quota_count.db",	     &cg__quota_count__descriptor	 },
    [STORE_USAGE] = {"usage.db",		 &cg__usage__descriptor	       },
    [STORE_NOTICE] = {"notice.db",	   &cg__notice__descriptor	  },
    [STORE_AUDIT] = {"audit.db",		 &cg__audit_entry__descriptor     },
    [STORE_EXPOSED_KEY] = {"exposed_key.db",	     &cg__exposed_key__descriptor	 },
    [STORE_CRL] = {"crl.db",		     &cg__crl__descriptor		 },
    [STORE_SESSION] = {"session.db",	     &cg__session__descriptor	     },
    [STORE_SETTING] = {"setting.db",	     &cg__setting__descriptor	     },
    [STORE_ORGANISATION] = {"organisation.db",     &cg__organisation__descriptor    },
    [STORE_DEVELOPER] = {"developer.db",	 &cg__developer__descriptor	   },
    [STORE_LINK] = {"link.db",	       &cg__link__descriptor	    },
    [STORE_OUTBOX_MAIL] = {"outbox_mail.db",	     &cg__outbox_mail__descriptor	 },
    [STORE_USER_CERTIFICATE] = {"user_certificate.db", &cg__user_certificate__descriptor},
    [STORE_CATALOGUE] = {"catalogue.db",	 &cg__catalogue_entry__descriptor },
    [STORE_REQUEST] = {"request.db",	     &cg__key_request__descriptor	 },
};

static size_t text_key(const char *text, struct span *keys)
{
	keys[0] = span_of(text);
	return text ? 1 : 0;
}

size_t store_index_keys(enum store_index index, const void *message, struct span *keys, size_t max)
{
	const struct index_def *def = &store_indexes[index];
	const char *text;
	if (def->keys)
		return def->keys(message, keys, max);
	memcpy(&text, (const char *)message + def->text_at, sizeof(text));
	return text_key(text, keys);
}

/* The library refuses the same index key twice for one record. */
static size_t add_once(struct span *keys, size_t n, size_t max, struct span key)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(keys[i], key))
			return n;
	if (n < max)
		keys[n++] = key;
	return n;
}

static size_t key_apis(const void *message, struct span *keys, size_t max)
{
	const Cg__Key *key = message;
	size_t n = 0;
	for (size_t i = 0; i < key->n_access; i++)
		n = add_once(keys, n, max, span_of(key->access[i]->api_id));
	return n;
}

static size_t key_policies(const void *message, struct span *keys, size_t max)
{
	const Cg__Key *key = message;
	size_t n = 0;
	for (size_t i = 0; i < key->n_policy_ids; i++)
		n = add_once(keys, n, max, span_of(key->policy_ids[i]));
	return n;
}

static size_t token_sha256(const void *message, struct span *keys, size_t max)
{
	const Cg__RestToken *token = message;
	(void)max;
	keys[0] = span_make(token->sha256.data, token->sha256.len);
	return token->has_sha256 ? 1 : 0;
}

static size_t certificate_spki(const void *message, struct span *keys, size_t max)
{
	const Cg__Certificate *c = message;
	(void)max;
	keys[0] = span_make(c->spki_sha256.data, c->spki_sha256.len);
	return 1;
}

static size_t certificate_kind(const void *message, struct span *keys, size_t max)
{
	(void)max;
	switch ((int)((const Cg__Certificate *)message)->kind) {
	case CG__CERTIFICATE__KIND__CA:
		keys[0] = SPAN_LIT("ca");
		return 1;
	case CG__CERTIFICATE__KIND__UPSTREAM:
		keys[0] = SPAN_LIT("upstream");
		return 1;
	default:
		return 0;
	}
}

static size_t api_cas(const void *message, struct span *keys, size_t max)
{
	const Cg__Api *api = message;
	const Cg__ApiAuth *auth = api->auth;
	const Cg__UpstreamTls *tls = api->upstream_tls;
	size_t n = 0;
	for (size_t i = 0; i < auth->n_ca_certificates; i++)
		n = add_once(
		    keys, n, max,
		    span_make(auth->ca_certificates[i].data, auth->ca_certificates[i].len));
	for (size_t i = 0; tls && i < tls->n_ca_certificates; i++)
		n = add_once(keys, n, max,
			     span_make(tls->ca_certificates[i].data, tls->ca_certificates[i].len));
	return n;
}

static size_t link_sha256(const void *message, struct span *keys, size_t max)
{
	const Cg__Link *link = message;
	size_t n = 0;
	for (size_t i = 0; i < link->n_sha256; i++)
		n = add_once(keys, n, max, span_make(link->sha256[i].data, link->sha256[i].len));
	return n;
}

void store_number_write(uint64_t number, char out[STORE_NUMBER_BYTES])
{
	for (int i = STORE_NUMBER_BYTES - 1; i >= 0; i--, number >>= 8)
		out[i] = (char)(number & 0xff);
}

uint64_t store_number_read(struct span bytes)
{
	uint64_t number = 0;
	for (size_t i = 0; i < bytes.n && i < STORE_NUMBER_BYTES; i++)
		number = number << 8 | (uint8_t)bytes.p[i];
	return number;
}

void store_time_key(enum store_index index, int64_t unix_s, char out[STORE_TIME_BYTES])
{
	/* Times of before 1970 are all the same here. */
	uint64_t t = unix_s > 0 ? (uint64_t)unix_s : 0;
	if (index == STORE_KEY_BY_USE)
		t = ~t;
	store_number_write(t, out);
}

static size_t time_key(enum store_index index, int64_t unix_s, struct span *keys)
{
	/* Until this thread's next one. */
	static _Thread_local char bytes[STORE_TIME_BYTES];
	store_time_key(index, unix_s, bytes);
	keys[0] = span_make(bytes, sizeof(bytes));
	return 1;
}

/* Texts put together; what has no room in it is not searched. */
struct text {
	char bytes[8192];
	size_t n;
};

static void add_text(struct text *to, const char *text)
{
	size_t n = text ? strlen(text) : 0, room = sizeof(to->bytes) - to->n;
	if (to->n > 0 && room > 0) {
		to->bytes[to->n++] = '\n';
		room--;
	}
	if (n > room)
		n = room;
	if (n > 0)
		memcpy(to->bytes + to->n, text, n);
	to->n += n;
}

static size_t key_text(const void *message, struct span *keys, size_t max)
{
	/* Until this thread's next one. */
	static _Thread_local struct text text;
	const Cg__Key *key = message;
	(void)max;
	text.n = 0;
	add_text(&text, key->name);
	add_text(&text, key->id);
	for (size_t i = 0; i < key->n_tags; i++)
		add_text(&text, key->tags[i]);
	keys[0] = span_make(text.bytes, text.n);
	return text.n > 0 ? 1 : 0;
}

static size_t certificate_text(const void *message, struct span *keys, size_t max)
{
	static _Thread_local struct text text;
	const Cg__Certificate *c = message;
	(void)max;
	text.n = 0;
	add_text(&text, c->id);
	add_text(&text, c->subject);
	add_text(&text, c->issuer);
	for (size_t i = 0; i < c->n_names; i++)
		add_text(&text, c->names[i]);
	keys[0] = span_make(text.bytes, text.n);
	return 1;
}

static size_t key_use(const void *message, struct span *keys, size_t max)
{
	const Cg__Key *key = message;
	(void)max;
	return key->has_last_used_at ? time_key(STORE_KEY_BY_USE, key->last_used_at, keys) : 0;
}

static size_t certificate_end(const void *message, struct span *keys, size_t max)
{
	(void)max;
	return time_key(STORE_CERTIFICATE_BY_END, ((const Cg__Certificate *)message)->not_after,
			keys);
}

/* --- states: id, NUL, flags, 8 bytes of the end --- */

#define STATE_ON	  1
#define STATE_REVOKED	  2
#define STATE_CERTIFICATE 4
#define STATE_TAIL	  (1 + 1 + STORE_NUMBER_BYTES)

static size_t state_key(const struct store_state *state, struct span *keys)
{
	static _Thread_local char bytes[ID_MAX_BYTES + STATE_TAIL];
	size_t n = state->key_id.n;
	if (n == 0 || n > ID_MAX_BYTES)
		return 0;
	memcpy(bytes, state->key_id.p, n);
	bytes[n] = '\0';
	bytes[n + 1] = (char)((state->on ? STATE_ON : 0) | (state->revoked ? STATE_REVOKED : 0) |
			      (state->is_certificate ? STATE_CERTIFICATE : 0));
	store_number_write(state->ends, bytes + n + 2);
	keys[0] = span_make(bytes, n + STATE_TAIL);
	return 1;
}

cg_rc store_state_read(struct span index_key, struct store_state *out, struct cg_err *err)
{
	if (index_key.n <= STATE_TAIL || index_key.p[index_key.n - STATE_TAIL] != '\0')
		return cg_fail(err, CG_UNAVAILABLE, "An index of the store holds a damaged state.");
	out->key_id = span_make(index_key.p, index_key.n - STATE_TAIL);
	struct span tail = span_from(index_key, out->key_id.n + 1);
	out->on = tail.p[0] & STATE_ON;
	out->revoked = tail.p[0] & STATE_REVOKED;
	out->is_certificate = tail.p[0] & STATE_CERTIFICATE;
	out->ends = store_number_read(span_from(tail, 1));
	return CG_OK;
}

static uint64_t end_of(bool has, int64_t unix_s)
{
	return !has ? STORE_NO_END : unix_s > 0 ? (uint64_t)unix_s : 0;
}

struct store_state store_key_state(const Cg__Key *key)
{
	return (struct store_state){.key_id = span_of(key->id),
				    .on = key->active,
				    .ends = end_of(key->has_expires_at, key->expires_at)};
}

struct store_state store_credential_state(const Cg__Credential *c)
{
	uint64_t valid = end_of(c->has_not_after, c->not_after);
	uint64_t ends = end_of(c->has_ends_at, c->ends_at);
	return (struct store_state){
	    .key_id = span_of(c->key_id),
	    .on = c->active && !c->held && !c->has_revoked_at,
	    .revoked = c->has_revoked_at,
	    .is_certificate = c->type == CG__CREDENTIAL__TYPE__CERTIFICATE,
	    .ends = valid < ends ? valid : ends,
	};
}

static size_t key_state(const void *message, struct span *keys, size_t max)
{
	struct store_state state = store_key_state(message);
	(void)max;
	return state_key(&state, keys);
}

static size_t credential_state(const void *message, struct span *keys, size_t max)
{
	struct store_state state = store_credential_state(message);
	(void)max;
	return state_key(&state, keys);
}

static size_t audit_topics(const void *message, struct span *keys, size_t max)
{
	const Cg__AuditEntry *entry = message;
	size_t n = 0;
	if (entry->subject_id && *entry->subject_id)
		n = add_once(keys, n, max, span_of(entry->subject_id));
	return entry->action ? add_once(keys, n, max, span_of(entry->action)) : n;
}

static size_t usage_key(const void *message, struct span *keys, size_t max)
{
	const Cg__Usage *usage = message;
	(void)max;
	return usage->key_id && *usage->key_id ? text_key(usage->key_id, keys) : 0;
}

static size_t request_certificate(const void *message, struct span *keys, size_t max)
{
	const Cg__KeyRequest *r = message;
	(void)max;
	keys[0] = span_make(r->certificate_sha256.data, r->certificate_sha256.len);
	return r->has_certificate_sha256 && r->status == CG__KEY_REQUEST__STATUS__PENDING;
}

static size_t request_status(const void *message, struct span *keys, size_t max)
{
	static const char *const words[] = {"pending", "approved", "declined", "withdrawn"};
	unsigned status = (unsigned)((const Cg__KeyRequest *)message)->status;
	(void)max;
	return text_key(status < CG_COUNT(words) ? words[status] : NULL, keys);
}

#define BY(file, table, keys)                                                                      \
	{                                                                                          \
		file, table, keys, 0                                                               \
	}
/* By one member that is a text; of records that have none, none is in it. */
#define BY_TEXT(file, table, type, member)                                                          \
	{                                                                                           \
		file, table, NULL, _Generic(((type *)NULL)->member, char *: offsetof(type, member)) \
	}

const struct index_def store_indexes[STORE__INDEXES] = {
    [STORE_API_BY_NAME] = BY_TEXT("api-by-name.db", STORE_API, Cg__Api, name),
    [STORE_KEY_BY_NAME] = BY_TEXT("key-by-name.db", STORE_KEY, Cg__Key, name),
    [STORE_KEY_BY_API] = BY("key-by-api.db", STORE_KEY, key_apis),
    [STORE_KEY_BY_POLICY] = BY("key-by-policy.db", STORE_KEY, key_policies),
    [STORE_POLICY_BY_NAME] = BY_TEXT("policy-by-name.db", STORE_POLICY, Cg__Policy, name),
    [STORE_CREDENTIAL_BY_KEY] =
	BY_TEXT("credential-by-key.db", STORE_CREDENTIAL, Cg__Credential, key_id),
    [STORE_USER_BY_NAME] = BY_TEXT("user-by-name.db", STORE_USER, Cg__User, name),
    [STORE_REST_TOKEN_BY_NAME] =
	BY_TEXT("rest_token-by-name.db", STORE_REST_TOKEN, Cg__RestToken, name),
    [STORE_REST_TOKEN_BY_SHA256] = BY("rest_token-by-sha256.db", STORE_REST_TOKEN, token_sha256),
    [STORE_CERTIFICATE_BY_SPKI] = BY("certificate-by-spki.db", STORE_CERTIFICATE, certificate_spki),
    [STORE_CERTIFICATE_BY_KIND] = BY("certificate-by-kind.db", STORE_CERTIFICATE, certificate_kind),
    [STORE_API_BY_CA] = BY("api-by-ca.db", STORE_API, api_cas),
    [STORE_SESSION_BY_USER] = BY_TEXT("session-by-user.db", STORE_SESSION, Cg__Session, user_id),
    [STORE_KEY_BY_ORGANISATION] =
	BY_TEXT("key-by-organisation.db", STORE_KEY, Cg__Key, organisation_id),
    [STORE_KEY_BY_DEVELOPER] = BY_TEXT("key-by-developer.db", STORE_KEY, Cg__Key, developer_id),
    [STORE_ORGANISATION_BY_NAME] =
	BY_TEXT("organisation-by-name.db", STORE_ORGANISATION, Cg__Organisation, name),
    [STORE_DEVELOPER_BY_NAME] =
	BY_TEXT("developer-by-name.db", STORE_DEVELOPER, Cg__Developer, name),
    [STORE_DEVELOPER_BY_EMAIL] =
	BY_TEXT("developer-by-email.db", STORE_DEVELOPER, Cg__Developer, email),
    [STORE_DEVELOPER_BY_ORGANISATION] =
	BY_TEXT("developer-by-organisation.db", STORE_DEVELOPER, Cg__Developer, organisation_id),
    [STORE_LINK_BY_SHA256] = BY("link-by-sha256.db", STORE_LINK, link_sha256),
    [STORE_LINK_BY_EMAIL] = BY_TEXT("link-by-email.db", STORE_LINK, Cg__Link, email),
    [STORE_OUTBOX_MAIL_BY_DUE] =
	BY_TEXT("outbox_mail-by-due.db", STORE_OUTBOX_MAIL, Cg__OutboxMail, due),
    [STORE_OUTBOX_MAIL_BY_TO] =
	BY_TEXT("outbox_mail-by-to.db", STORE_OUTBOX_MAIL, Cg__OutboxMail, to),
    [STORE_USER_CERTIFICATE_BY_USER] = BY_TEXT(
	"user_certificate-by-user.db", STORE_USER_CERTIFICATE, Cg__UserCertificate, user_id),
    [STORE_KEY_BY_USE] = BY("key-by-use.db", STORE_KEY, key_use),
    [STORE_CERTIFICATE_BY_END] = BY("certificate-by-end.db", STORE_CERTIFICATE, certificate_end),
    [STORE_AUDIT_BY_TOPIC] = BY("audit-by-topic.db", STORE_AUDIT, audit_topics),
    [STORE_USAGE_BY_KEY] = BY("usage-by-key.db", STORE_USAGE, usage_key),
    [STORE_CATALOGUE_BY_NAME] =
	BY_TEXT("catalogue-by-name.db", STORE_CATALOGUE, Cg__CatalogueEntry, name),
    [STORE_CATALOGUE_BY_POLICY] =
	BY_TEXT("catalogue-by-policy.db", STORE_CATALOGUE, Cg__CatalogueEntry, policy_id),
    [STORE_REQUEST_BY_NAME] = BY_TEXT("request-by-name.db", STORE_REQUEST, Cg__KeyRequest, name),
    [STORE_REQUEST_BY_DEVELOPER] =
	BY_TEXT("request-by-developer.db", STORE_REQUEST, Cg__KeyRequest, developer_id),
    [STORE_REQUEST_BY_CATALOGUE] =
	BY_TEXT("request-by-catalogue.db", STORE_REQUEST, Cg__KeyRequest, catalogue_id),
    [STORE_REQUEST_BY_KEY] = BY_TEXT("request-by-key.db", STORE_REQUEST, Cg__KeyRequest, key_id),
    [STORE_REQUEST_BY_CERTIFICATE] =
	BY("request-by-certificate.db", STORE_REQUEST, request_certificate),
    [STORE_REQUEST_BY_STATUS] = BY("request-by-status.db", STORE_REQUEST, request_status),
    [STORE_REQUEST_BY_CODE] =
	BY_TEXT("request-by-code.db", STORE_REQUEST, Cg__KeyRequest, proof_code),
    [STORE_KEY_BY_TEXT] = BY("key-by-text.db", STORE_KEY, key_text),
    [STORE_CERTIFICATE_BY_TEXT] = BY("certificate-by-text.db", STORE_CERTIFICATE, certificate_text),
    [STORE_KEY_BY_STATE] = BY("key-by-state.db", STORE_KEY, key_state),
    [STORE_CREDENTIAL_BY_STATE] = BY("credential-by-state.db", STORE_CREDENTIAL, credential_state),
};
