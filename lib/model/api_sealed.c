/* What of an API is sealed: the private key that the gate shows to upstreams, and the values of
 * secret_headers. */
#include "base/base.h"
#include "model/api.h"
#include "model/api_in.h"
#include "model/sealing.h"

/* Seals `plain`, or opens what `value` has, for its place in the record. */
static cg_rc seal(const struct home *home, struct span plain, const char *place,
		  ProtobufCBinaryData *value, struct arena *arena, struct cg_err *err)
{
	struct span sealed;
	cg_rc rc = place ? sealing_close(home, plain, span_of(place), arena, &sealed, err)
			 : cg_fail_memory(err);
	if (rc == CG_OK)
		*value = (ProtobufCBinaryData){sealed.n, (uint8_t *)(uintptr_t)sealed.p};
	return rc;
}

static cg_rc unseal(const struct home *home, const ProtobufCBinaryData *value, const char *place,
		    struct arena *arena, struct span *out, struct cg_err *err)
{
	return place ? sealing_open(home, span_make(value->data, value->len), span_of(place), arena,
				    out, err)
		     : cg_fail_memory(err);
}

static const char *place_of_key(const Cg__Api *api, struct arena *arena)
{
	return arena_printf(arena, "%s upstream_tls.client_key", api->id);
}

static const char *place_of_header(const Cg__Api *api, const Cg__SecretHeader *header,
				   struct arena *arena)
{
	return arena_printf(arena, "%s secret_headers %s", api->id, header->name);
}

cg_rc api_seal_client_key(const struct home *home, Cg__Api *api, struct span pem,
			  struct arena *arena, struct cg_err *err)
{
	return seal(home, pem, place_of_key(api, arena), &api->upstream_tls->client_key, arena,
		    err);
}

cg_rc api_client_key_open(const struct home *home, const Cg__Api *api, struct arena *arena,
			  struct span *out, struct cg_err *err)
{
	return unseal(home, &api->upstream_tls->client_key, place_of_key(api, arena), arena, out,
		      err);
}

cg_rc api_seal_header(const struct home *home, const Cg__Api *api, Cg__SecretHeader *header,
		      struct arena *arena, struct cg_err *err)
{
	return seal(home, span_make(header->value.data, header->value.len),
		    place_of_header(api, header, arena), &header->value, arena, err);
}

cg_rc api_secret_header_open(const struct home *home, const Cg__Api *api, size_t i,
			     struct arena *arena, struct span *out, struct cg_err *err)
{
	const Cg__SecretHeader *header = api->secret_headers[i];
	return unseal(home, &header->value, place_of_header(api, header, arena), arena, out, err);
}

static bool has_client_key(const Cg__Api *api)
{
	return api->upstream_tls && api->upstream_tls->has_client_key;
}

bool api_has_sealed(const Cg__Api *api)
{
	return has_client_key(api) || api->n_secret_headers > 0;
}

cg_rc api_reseal(const struct home *home, Cg__Api *api, struct arena *arena, size_t *n,
		 struct cg_err *err)
{
	struct span plain;
	cg_rc rc = CG_OK;
	if (has_client_key(api)) {
		rc = api_client_key_open(home, api, arena, &plain, err);
		if (rc == CG_OK)
			rc = api_seal_client_key(home, api, plain, arena, err);
	}
	for (size_t i = 0; rc == CG_OK && i < api->n_secret_headers; i++) {
		Cg__SecretHeader *header = api->secret_headers[i];
		rc = api_secret_header_open(home, api, i, arena, &plain, err);
		if (rc != CG_OK)
			break;
		header->value = (ProtobufCBinaryData){plain.n, (uint8_t *)(uintptr_t)plain.p};
		rc = api_seal_header(home, api, header, arena, err);
	}
	if (rc == CG_OK)
		*n = has_client_key(api) + api->n_secret_headers;
	return rc;
}
