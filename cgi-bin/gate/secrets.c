/* The values of an API's secret_headers, out of their seals. */
#include "base/base.h"
#include "base/limits.h"
#include "gate.h"
#include "model/api.h"

#define SECRETS_MAX ((size_t)4 * HEADER_RULES_MAX * HEADER_VALUE_MAX)

void secret_fields_free(struct secret_fields **fields)
{
	if (*fields)
		arena_release(&(*fields)->arena);
	free(*fields);
	*fields = NULL;
}

cg_rc secret_fields_load(struct store *store, const Cg__Api *api, struct secret_fields **out,
			 struct cg_err *err)
{
	struct secret_fields *f = calloc(1, sizeof(*f));
	if (!f)
		return cg_fail_memory(err);
	arena_init(&f->arena, SECRETS_MAX);
	f->items = arena_alloc(&f->arena, api->n_secret_headers * sizeof(*f->items));
	cg_rc rc = f->items ? CG_OK : cg_fail_memory(err);
	for (size_t i = 0; rc == CG_OK && i < api->n_secret_headers; i++) {
		f->items[i].name = span_of(api->secret_headers[i]->name);
		rc = api_secret_header_open(store_home(store), api, i, &f->arena,
					    &f->items[i].value, err);
	}
	if (rc == CG_OK)
		*out = f;
	else
		secret_fields_free(&f);
	return rc;
}
