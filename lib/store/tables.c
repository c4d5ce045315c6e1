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
    [STORE_AUDIT] = {"audit.db",	 &cg__audit_entry__descriptor},
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

/* Adds one: the library refuses the same index key twice for one record. */
static size_t add_once(const char *text, struct span *keys, size_t n, size_t max)
{
	struct span id = span_of(text);
	for (size_t i = 0; i < n; i++)
		if (span_is(keys[i], id))
			return n;
	if (n < max)
		keys[n++] = id;
	return n;
}

static size_t key_apis(const void *message, struct span *keys, size_t max)
{
	const Cg__Key *key = message;
	size_t n = 0;
	for (size_t i = 0; i < key->n_access; i++)
		n = add_once(key->access[i]->api_id, keys, n, max);
	return n;
}

static size_t key_policies(const void *message, struct span *keys, size_t max)
{
	const Cg__Key *key = message;
	size_t n = 0;
	for (size_t i = 0; i < key->n_policy_ids; i++)
		n = add_once(key->policy_ids[i], keys, n, max);
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

const struct index_def store_indexes[STORE__INDEXES] = {
    [STORE_API_BY_NAME] = {"api-by-name.db",	     STORE_API,	api_name	},
    [STORE_KEY_BY_NAME] = {"key-by-name.db",	     STORE_KEY,	key_name	},
    [STORE_KEY_BY_API] = {"key-by-api.db",	   STORE_KEY,	      key_apis      },
    [STORE_KEY_BY_POLICY] = {"key-by-policy.db",	 STORE_KEY,	    key_policies	},
    [STORE_POLICY_BY_NAME] = {"policy-by-name.db",	   STORE_POLICY,	 policy_name   },
    [STORE_CREDENTIAL_BY_KEY] = {"credential-by-key.db",	 STORE_CREDENTIAL, credential_key},
    [STORE_USER_BY_NAME] = {"user-by-name.db",	       STORE_USER,	   user_name	    },
    [STORE_REST_TOKEN_BY_NAME] = {"rest_token-by-name.db",   STORE_REST_TOKEN, token_name    },
    [STORE_REST_TOKEN_BY_SHA256] = {"rest_token-by-sha256.db", STORE_REST_TOKEN, token_sha256  },
};
