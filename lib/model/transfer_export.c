#include "base/base.h"
#include "model/transfer_in.h"

const struct transfer_section transfer_sections[TRANSFER_SECTIONS] = {
    {"users",	      STORE_USER,		  true },
    {"certificates",	     STORE_CERTIFICATE,	true },
    {"crls",	      STORE_CRL,		true },
    {"apis",	      STORE_API,		true },
    {"policies",		 STORE_POLICY,	       true },
    {"organisations",     STORE_ORGANISATION,	  true },
    {"developers",	   STORE_DEVELOPER,	    true },
    {"keys",	      STORE_KEY,		true },
    {"credentials",	    STORE_CREDENTIAL,	      true },
    {"catalogue",	  STORE_CATALOGUE,	   true },
    {"requests",		 STORE_REQUEST,		true },
    {"exposed_keys",	     STORE_EXPOSED_KEY,	true },
    {"user_certificates", STORE_USER_CERTIFICATE, true },
    {"tokens",	       STORE_REST_TOKEN,	 true },
    {"settings",		 STORE_SETTING,		true },
    {"audit",	      STORE_AUDIT,		   false},
};

struct exporting {
	const struct transfer_section *section;
	FILE *to;
	struct arena arena; /* of one record */
	char after[64];
	size_t after_n, batch;
	bool first;
};

static cg_rc export_record(struct span index_key, struct span key, struct span value, void *arg,
			   struct cg_err *err)
{
	struct exporting *x = arg;
	void *message;
	(void)index_key;
	arena_clear(&x->arena);
	cg_rc rc =
	    record_unpack(store_table_type(x->section->table), value, &x->arena, &message, err);
	if (rc != CG_OK)
		return rc;
	json_t *json = record_to_whole_json(message);
	(void)fputs(x->first ? "\n" : ",\n", x->to);
	int written = json ? json_dumpf(json, x->to, JSON_COMPACT) : -1;
	json_decref(json);
	if (written < 0)
		return cg_fail(err, CG_FULL, "The export cannot be written.");
	x->first = false;
	if (key.n > sizeof(x->after))
		return cg_fail(err, CG_UNAVAILABLE, "A record's key is too long.");
	memcpy(x->after, key.p, key.n);
	x->after_n = key.n;
	return ++x->batch == TRANSFER_BATCH ? CG_NOT_FOUND : CG_OK;
}

static cg_rc export_batch(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct exporting *x = arg;
	char after[sizeof(x->after)];
	memcpy(after, x->after, x->after_n);
	struct store_walk walk = {.table = x->section->table,
				  .after_key = span_make(after, x->after_n)};
	x->batch = 0;
	return store_walk(txn, &walk, export_record, x, err);
}

cg_rc transfer_export(struct store *store, FILE *to, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	(void)fprintf(to, "{\"certgate_export\": %d,\n\"schema_version\": %d", TRANSFER_FORMAT,
		      STORE_SCHEMA_VERSION);
	for (size_t i = 0; rc == CG_OK && i < TRANSFER_SECTIONS; i++) {
		struct exporting x = {.section = &transfer_sections[i], .to = to, .first = true};
		arena_init(&x.arena, (size_t)16 * 1024 * 1024);
		(void)fprintf(to, ",\n\"%s\": [", transfer_sections[i].name);
		do {
			rc = store_read(store, export_batch, &x, err);
		} while (rc == CG_OK && x.batch == TRANSFER_BATCH);
		(void)fputs("\n]", to);
		arena_release(&x.arena);
	}
	(void)fputs("}\n", to);
	if (rc == CG_OK && (ferror(to) || fflush(to) != 0))
		rc = cg_fail(err, CG_FULL, "The export cannot be written: %s.", strerror(errno));
	return rc;
}
