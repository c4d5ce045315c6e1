#include "base/base.h"
#include "store/tables.h"

const struct table_def store_tables[STORE__TABLES] = {
    [STORE_META] = {"meta.db",	       &cg__meta__descriptor	    },
    [STORE_API] = {"api.db",	     &cg__api__descriptor	 },
    [STORE_KEY] = {"key.db",	     &cg__key__descriptor	 },
    [STORE_CREDENTIAL] = {"credential.db",  &cg__credential__descriptor },
    [STORE_CERTIFICATE] = {"certificate.db", &cg__certificate__descriptor},
    [STORE_USER] = {"user.db",	       &cg__user__descriptor	    },
    [STORE_REST_TOKEN] = {"rest_token.db",  &cg__rest_token__descriptor },
    [STORE_POLICY] = {"policy.db",	   &cg__policy__descriptor	  },
    [STORE_QUOTA_COUNT] = {"quota_count.db", &cg__quota_count__descriptor},
    [STORE_USAGE] = {"usage.db",	 &cg__usage__descriptor      },
    [STORE_NOTICE] = {"notice.db",	   &cg__notice__descriptor	  },
    [STORE_AUDIT] = {"audit.db",	 &cg__audit_entry__descriptor},
    [STORE_EXPOSED_KEY] = {"exposed_key.db", &cg__exposed_key__descriptor},
    [STORE_CRL] = {"crl.db",	     &cg__crl__descriptor	 },
    [STORE_SESSION] = {"session.db",     &cg__session__descriptor    },
};

static size_t text_key(const char *text, struct span *keys)
{
	keys[0] = span_of(text);
	return text ? 1 : 0;
}

static size_t api_name(const void *message, struct span *keys, size_t max)
{
	(void)max;
	return text_key(((const Cg__Api *)message)->name, keys);
}

static size_t key_name(const void *message, struct span *keys, size_t max)
{
	(void)max;
	return text_key(((const Cg__Key *)message)->name, keys);
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

static size_t policy_name(const void *message, struct span *keys, size_t max)
{
	(void)max;
	return text_key(((const Cg__Policy *)message)->name, keys);
}

static size_t credential_key(const void *message, struct span *keys, size_t max)
{
	(void)max;
	return text_key(((const Cg__Credential *)message)->key_id, keys);
}

static size_t user_name(const void *message, struct span *keys, size_t max)
{
	(void)max;
	return text_key(((const Cg__User *)message)->name, keys);
}

static size_t token_name(const void *message, struct span *keys, size_t max)
{
	(void)max;
	return text_key(((const Cg__RestToken *)message)->name, keys);
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

static size_t session_user(const void *message, struct span *keys, size_t max)
{
	(void)max;
	return text_key(((const Cg__Session *)message)->user_id, keys);
}

void store_time_key(enum store_index index, int64_t unix_s, char out[STORE_TIME_BYTES])
{
	/* Times of before 1970 are all the same here. */
	uint64_t t = unix_s > 0 ? (uint64_t)unix_s : 0;
	if (index == STORE_KEY_BY_USE)
		t = ~t;
	for (int i = STORE_TIME_BYTES - 1; i >= 0; i--, t >>= 8)
		out[i] = (char)(t & 0xff);
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

const struct index_def store_indexes[STORE__INDEXES] = {
    [STORE_API_BY_NAME] = {"api-by-name.db",	     STORE_API,		api_name	},
    [STORE_KEY_BY_NAME] = {"key-by-name.db",	     STORE_KEY,		key_name	},
    [STORE_KEY_BY_API] = {"key-by-api.db",	   STORE_KEY,	      key_apis	      },
    [STORE_KEY_BY_POLICY] = {"key-by-policy.db",	 STORE_KEY,	    key_policies	},
    [STORE_POLICY_BY_NAME] = {"policy-by-name.db",	   STORE_POLICY,	 policy_name	    },
    [STORE_CREDENTIAL_BY_KEY] = {"credential-by-key.db",	 STORE_CREDENTIAL,  credential_key	 },
    [STORE_USER_BY_NAME] = {"user-by-name.db",	       STORE_USER,	   user_name	    },
    [STORE_REST_TOKEN_BY_NAME] = {"rest_token-by-name.db",   STORE_REST_TOKEN,  token_name      },
    [STORE_REST_TOKEN_BY_SHA256] = {"rest_token-by-sha256.db", STORE_REST_TOKEN,	 token_sha256    },
    [STORE_CERTIFICATE_BY_SPKI] = {"certificate-by-spki.db",  STORE_CERTIFICATE, certificate_spki},
    [STORE_CERTIFICATE_BY_KIND] = {"certificate-by-kind.db",  STORE_CERTIFICATE, certificate_kind},
    [STORE_API_BY_CA] = {"api-by-ca.db",		 STORE_API,	    api_cas	   },
    [STORE_SESSION_BY_USER] = {"session-by-user.db",	     STORE_SESSION,	    session_user	},
    [STORE_KEY_BY_TEXT] = {"key-by-text.db",	     STORE_KEY,		key_text	},
    [STORE_CERTIFICATE_BY_TEXT] = {"certificate-by-text.db",  STORE_CERTIFICATE, certificate_text},
    [STORE_KEY_BY_USE] = {"key-by-use.db",	   STORE_KEY,	      key_use	     },
    [STORE_CERTIFICATE_BY_END] = {"certificate-by-end.db",   STORE_CERTIFICATE, certificate_end },
    [STORE_AUDIT_BY_TOPIC] = {"audit-by-topic.db",	   STORE_AUDIT,	audit_topics    },
    [STORE_USAGE_BY_KEY] = {"usage-by-key.db",	       STORE_USAGE,	    usage_key	     },
};
