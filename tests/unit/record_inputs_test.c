/* lib/record: what clients send becomes a record, or changes one, or is refused with the member's
 * name. */
#include "record_world.h"

static Cg__Key *patched(Cg__Key *key, const char *text, cg_rc want)
{
	struct cg_err err = {0};
	json_t *patch = parse(text);
	cg_rc rc = record_patch(&cg__key__descriptor, patch, key, &arena, &key, &err);
	if (rc != want)
		fail_msg("%s: %d %s", text, rc, err.text);
	json_decref(patch);
	return key;
}

/* An optional sub-record is there whole or not at all. */
static void test_optional_message(void **state)
{
	(void)state;
	Cg__Key *key = (Cg__Key *)(void *)record_new(&cg__key__descriptor, &arena), *back;
	static char id[] = "the-id";
	assert_non_null(key);
	key->id = id;
	assert_null(key->rate);
	key = patched(key, "{\"name\": \"x\"}", CG_OK);
	(void)patched(key, "{\"rate\": {\"limit\": 5}}", CG_BAD_VALUE);
	(void)patched(key, "{\"rate\": {}}", CG_BAD_VALUE);
	(void)patched(key, "{\"rate\": 5}", CG_BAD_VALUE);
	(void)patched(key, "{\"rate\": {\"limit\": 0, \"per_seconds\": 1}}", CG_BAD_VALUE);
	(void)patched(key, "{\"rate\": {\"limit\": 1, \"per_seconds\": 1, \"x\": 1}}",
		      CG_BAD_INPUT);
	(void)patched(key, "{\"quota\": {\"limit\": 1, \"period\": \"year\"}}", CG_BAD_VALUE);
	key = patched(key, "{\"rate\": {\"limit\": 5, \"per_seconds\": 60}}", CG_OK);
	key = patched(
	    key, "{\"rate\": {\"limit\": 7}, \"quota\": {\"limit\": 9, \"period\": \"month\"}}",
	    CG_OK);
	assert_int_equal(record_unpack(&cg__key__descriptor, pack(&key->base), &arena, &back, NULL),
			 CG_OK);
	assert_int_equal(back->rate->limit, 7);
	assert_int_equal(back->rate->per_seconds, 60);
	assert_int_equal(back->quota->period, CG__QUOTA__PERIOD__MONTH);
	key = patched(key, "{\"rate\": null}", CG_OK);
	assert_null(key->rate);
	assert_non_null(key->quota);
}

static const struct {
	const char *name;
	const ProtobufCMessageDescriptor *type;
	const char *json;
	cg_rc want;
	const char *field; /* named in the errors */
} inputs[] = {
    {"nothing",		      API,			  "{}",						    CG_OK,	  NULL	      },
    {"not an object",		      API,			   "[]",						    CG_BAD_INPUT, NULL	   },
    {"unknown",		      API,			  "{\"nmae\": \"x\"}",					  CG_BAD_INPUT, "nmae"	      },
    {"unknown null",		     API,			  "{\"nmae\": null}",				      CG_BAD_INPUT, "nmae"	  },
    {"unknown nested",	       API,			    "{\"auth\": {\"use_certificat\": true}}",		      CG_BAD_INPUT,
     "auth.use_certificat"															       },
    {"unknown nested null",	    API,				 "{\"auth\": {\"use_certificat\": null}}",		   CG_BAD_INPUT,
     "auth.use_certificat"															       },
    {"unknown in a list",		  KEY,			       "{\"access\": [{\"api_id\": \"a\"}, {\"api\": \"b\"}]}",
     CG_BAD_INPUT,															"access[1].api"},
    {"unknown empty name",	   API,				"{\"\": 1}",					     CG_BAD_INPUT, ""	     },
    {"unknown other case",	   API,				"{\"Name\": \"x\"}",				     CG_BAD_INPUT, "Name"	 },
    {"DER by its own name",	    &cg__certificate__descriptor, "{\"der\": \"x\"}",				      CG_BAD_INPUT, "der"		 },
    {"unknown beside a bad value",   API,				"{\"name\": 1, \"nmae\": 2}",			      CG_BAD_INPUT, "nmae"	  },
    {"read only",		    API,			  "{\"id\": \"x\"}",					  CG_BAD_VALUE, "id"	    },
    {"read only number",		 API,			      "{\"revision\": 1}",					   CG_BAD_VALUE, "revision"	   },
    {"text: number",		     API,			  "{\"name\": 1}",					   CG_BAD_VALUE, "name"	       },
    {"text: list",		   API,			  "{\"name\": [\"x\"]}",				       CG_BAD_VALUE, "name"	   },
    {"text: empty",		    API,			  "{\"name\": \"\"}",					     CG_BAD_VALUE, "name"	 },
    {"text: newline",		      API,			   "{\"name\": \"a\\nb\"}",				    CG_BAD_VALUE, "name"		},
    {"text: escape",		     API,			  "{\"name\": \"\\u001b[31m\"}",				 CG_BAD_VALUE, "name"	     },
    {"text: DEL",		    API,			  "{\"name\": \"\\u007f\"}",				  CG_BAD_VALUE, "name"	      },
    {"text: C1",		     API,			  "{\"name\": \"\\u009b\"}",				 CG_BAD_VALUE, "name"	     },
    {"text: markup",		     API,			  "{\"name\": \"<script>\"}",			      CG_OK,	     NULL		 },
    {"bool: number",		     API,			  "{\"active\": 1}",					     CG_BAD_VALUE, "active"	   },
    {"bool: text",		   API,			  "{\"active\": \"true\"}",				  CG_BAD_VALUE, "active"	},
    {"number: text",		     API,			  "{\"timeout_ms\": \"5\"}",				     CG_BAD_VALUE, "timeout_ms"   },
    {"number: real",		     API,			  "{\"timeout_ms\": 5.0}",				   CG_BAD_VALUE, "timeout_ms"   },
    {"number: bool",		     API,			  "{\"timeout_ms\": true}",				    CG_BAD_VALUE, "timeout_ms"   },
    {"number: negative",		 API,			      "{\"timeout_ms\": -1}",				      CG_BAD_VALUE, "timeout_ms"	},
    {"number: below",		      API,			   "{\"timeout_ms\": 0}",					  CG_BAD_VALUE, "timeout_ms"   },
    {"number: least",		      API,			   "{\"timeout_ms\": 1}",					  CG_OK,	 NULL	     },
    {"number: huge",		     API,			  "{\"timeout_ms\": 9223372036854775807}",		   CG_BAD_VALUE, "timeout_ms"   },
    {"enum: other",		    API,			  "{\"auth\": {\"trust\": \"blind\"}}",		       CG_BAD_VALUE, "auth.trust"	 },
    {"enum: other case",		 API,			      "{\"auth\": {\"trust\": \"PINNED\"}}",		     CG_BAD_VALUE, "auth.trust"   },
    {"enum: number",		     API,			  "{\"auth\": {\"trust\": 0}}",				CG_BAD_VALUE, "auth.trust"	  },
    {"object: text",		     API,			  "{\"auth\": \"x\"}",				       CG_BAD_VALUE, "auth"	   },
    {"object: list",		     API,			  "{\"auth\": []}",					    CG_BAD_VALUE, "auth"		},
    {"object: null is all defaults", API,			  "{\"auth\": null}",				      CG_OK,	     NULL		 },
    {"list: text",		   API,			  "{\"sites\": \"x\"}",				      CG_BAD_VALUE, "sites"	   },
    {"list: object",		     API,			  "{\"sites\": {}}",					     CG_BAD_VALUE, "sites"	  },
    {"list: null within",		  API,			       "{\"sites\": [\"a\", null]}",			     CG_BAD_VALUE, "sites[1]"     },
    {"list: number within",	    API,				 "{\"sites\": [1]}",					     CG_BAD_VALUE, "sites[0]"     },
    {"list: empty text within",	API,			     "{\"sites\": [\"\"]}",				    CG_BAD_VALUE, "sites[0]"	    },
    {"entries: text",		      KEY,			   "{\"access\": [\"a\"]}",				    CG_BAD_VALUE, "access[0]"    },
    {"entries: list",		      KEY,			   "{\"access\": [[]]}",					 CG_BAD_VALUE, "access[0]"	  },
    {"entries: within",		KEY,			     "{\"access\": [{\"api_id\": \"a\", \"methods\": [1]}]}", CG_BAD_VALUE,
     "access[0].methods[0]"															      },
    {"time: bad",		    KEY,			  "{\"expires_at\": \"tomorrow\"}",			 CG_BAD_VALUE, "expires_at"   },
    {"time: number",		     KEY,			  "{\"expires_at\": 1700000000}",			  CG_BAD_VALUE, "expires_at"   },
    {"time: no such day",		  KEY,			       "{\"expires_at\": \"2027-02-30T00:00:00Z\"}",	     CG_BAD_VALUE,
     "expires_at"																	},
    {"time: date",		   KEY,			  "{\"expires_at\": \"2027-02-03\"}",			    CG_BAD_VALUE, "expires_at"   },
    {"time: null",		   KEY,			  "{\"expires_at\": null}",				  CG_OK,	 NULL	     },
    {"map: text",		    KEY,			  "{\"meta\": \"x\"}",					    CG_BAD_VALUE, "meta"		},
    {"map: list",		    KEY,			  "{\"meta\": []}",					 CG_BAD_VALUE, "meta"	     },
    {"map: number within",	   KEY,				"{\"meta\": {\"a\": 1}}",				  CG_BAD_VALUE, "meta.a"	},
    {"map: null within",		 KEY,			      "{\"meta\": {\"a\": null}}",				   CG_BAD_VALUE, "meta.a"	 },
    {"map: empty name",		KEY,			     "{\"meta\": {\"\": \"x\"}}",				  CG_BAD_VALUE, "meta."	       },
    {"map: control",		     KEY,			  "{\"meta\": {\"a\": \"x\\ty\"}}",			    CG_BAD_VALUE, "meta.a"	  },
    {"map: control in a name",       KEY,			    "{\"meta\": {\"a\\u0001\": \"x\"}}",			 CG_BAD_VALUE, NULL	   },
    {"map: empty value",		 KEY,			      "{\"meta\": {\"a\": \"\"}}",				   CG_OK,	  NULL	      },
    {"digest: short",		      CREDENTIAL,			  "{\"bound_to\": [\"abcd\"]}",				CG_BAD_VALUE, "bound_to[0]"  },
    {"digest: number",	       CREDENTIAL,		   "{\"bound_to\": [1]}",					  CG_BAD_VALUE, "bound_to[0]"  },
};

static void test_inputs(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(inputs); i++) {
		struct cg_err err = {0};
		void *m = NULL;
		json_t *json = parse(inputs[i].json);
		cg_rc rc = record_from_json(inputs[i].type, json, NULL, &arena, &m, &err);
		if (rc != inputs[i].want || (inputs[i].field && !names(&err, inputs[i].field)))
			fail_msg("%s: %d, field %s, \"%s\"", inputs[i].name, (int)rc,
				 err.n_fields ? err.list : "-", err.text);
		assert_int_equal(rc == CG_OK, m != NULL);
		assert_true(rc == CG_OK || err.text[0]);
		json_decref(json);
		arena_clear(&arena);
	}
	/* All faults at once. */
	struct cg_err err = {0};
	void *m;
	json_t *json = parse("{\"name\": 1, \"active\": 2, \"timeout_ms\": 0,"
			     "\"auth\": {\"keyless\": 3}, \"sites\": [4]}");
	assert_int_equal(record_from_json(&cg__api__descriptor, json, NULL, &arena, &m, &err),
			 CG_BAD_VALUE);
	static const char *const all[] = {"name", "active", "timeout_ms", "auth.keyless",
					  "sites[0]"};
	assert_int_equal(err.n_fields, CG_COUNT(all));
	for (size_t i = 0; i < CG_COUNT(all); i++)
		assert_true(names(&err, all[i]));
	json_decref(json);
}

/* Lengths to the last byte, as the rows say. */
static void test_limits(void **state)
{
	(void)state;
	static const struct {
		const ProtobufCMessageDescriptor *type;
		const char *name;
		size_t max;
	} rows[] = {
	    {API, "name",	  NAME_MAX_BYTES},
	    {API, "listen_path", PATH_MAX_BYTES},
	    {API, "target_url",	URL_MAX_BYTES },
	    {KEY, "name",	  NAME_MAX_BYTES},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		for (size_t more = 0; more < 2; more++) {
			struct cg_err err = {0};
			void *m;
			char *text = calloc(1, rows[i].max + 2);
			assert_non_null(text);
			memset(text, 'x', rows[i].max + more);
			json_t *json = json_pack("{s:s}", rows[i].name, text);
			assert_int_equal(
			    record_from_json(rows[i].type, json, NULL, &arena, &m, &err),
			    more ? CG_BAD_VALUE : CG_OK);
			assert_int_equal(names(&err, rows[i].name), more);
			json_decref(json);
			free(text);
		}
	/* Numbers, as their rows say. */
	size_t n_rows, n_numbers = 0;
	const struct record_field *row = record_fields(&n_rows);
	for (; n_rows > 0; n_rows--, row++) {
		const char *dot = strchr(row->name, '.');
		if (row->form != FIELD_NUMBER || row->access != FIELD_SET ||
		    strncmp(row->name, "Api.", 4) != 0)
			continue;
		const struct {
			uint64_t n;
			cg_rc want;
		} edges[] = {
		    {row->min,     CG_OK	    },
		    {row->max,     CG_OK	    },
		    {row->min - 1, CG_BAD_VALUE},
		    {row->max + 1, CG_BAD_VALUE},
		};
		n_numbers++;
		for (size_t i = 0; i < CG_COUNT(edges); i++) {
			void *m;
			struct cg_err err = {0};
			if (row->min == 0 && i == 2)
				continue;
			json_t *json = json_pack("{s:I}", dot + 1, (json_int_t)edges[i].n);
			assert_int_equal(record_from_json(API, json, NULL, &arena, &m, &err),
					 edges[i].want);
			assert_int_equal(names(&err, dot + 1), edges[i].want != CG_OK);
			json_decref(json);
		}
	}
	assert_true(n_numbers >= 2);
	/* Bytes, not characters. */
	char name[2 * NAME_MAX_BYTES + 1];
	for (size_t i = 0; i < NAME_MAX_BYTES; i++)
		memcpy(name + 2 * i, "\xc3\xbc", 2);
	name[2 * NAME_MAX_BYTES] = '\0';
	void *m;
	json_t *json = json_pack("{s:s}", "name", name);
	assert_int_equal(record_from_json(API, json, NULL, &arena, &m, NULL), CG_BAD_VALUE);
	json_decref(json);
	/* Entries of lists and maps. */
	for (int more = 0; more < 2; more++) {
		json_t *list = json_array(), *map = json_object();
		for (int i = 0; i < LIST_MAX_ENTRIES + more; i++) {
			char text[16];
			(void)snprintf(text, sizeof(text), "%d", i);
			assert_int_equal(json_array_append_new(list, json_string(text)), 0);
			assert_int_equal(json_object_set_new(map, text, json_string("x")), 0);
		}
		json = json_pack("{s:o}", "tags", list);
		assert_int_equal(record_from_json(KEY, json, NULL, &arena, &m, NULL),
				 more ? CG_BAD_VALUE : CG_OK);
		json_decref(json);
		json = json_pack("{s:o}", "meta", map);
		assert_int_equal(record_from_json(KEY, json, NULL, &arena, &m, NULL),
				 more ? CG_BAD_VALUE : CG_OK);
		json_decref(json);
	}
	/* A record that is too large in all. */
	Cg__Key *key = (void *)record_new(KEY, &arena);
	struct cg_err err = {0};
	struct span bytes;
	assert_non_null(key);
	static char id[] = "id";
	key->id = id;
	key->name = arena_alloc(&arena, RECORD_MAX + 1);
	assert_non_null(key->name);
	memset(key->name, 'x', RECORD_MAX);
	assert_int_equal(record_pack(key, &arena, &bytes, &err), CG_TOO_BIG);
	arena_clear(&arena);
	/* No memory is an error, at every allocation. */
	json = parse("{\"name\": \"x\", \"sites\": [\"a\", \"b\"], \"auth\": {\"keyless\": true}}");
	bool made = false;
	for (size_t room = 0; !made; room += 16) {
		struct arena small;
		arena_init(&small, room);
		cg_rc rc = record_from_json(API, json, NULL, &small, &m, NULL);
		assert_true(rc == CG_OK || rc == CG_UNAVAILABLE);
		made = rc == CG_OK;
		arena_release(&small);
	}
	json_decref(json);
}

/* --- merge patch --- */

static void test_merge_patch(void **state)
{
	(void)state;
	static const struct {
		const char *patch, *member, *want; /* the member afterwards */
	} rows[] = {
	    {"{\"name\": \"b\"}",			  "name",		  "\"b\""			 },
	    {"{}",				    "name",	   "\"a\""			  },
	    {"{\"timeout_ms\": 5}",		    "timeout_ms",	  "5"			     },
	    {"{\"timeout_ms\": null}",		       "timeout_ms",     "30000"		    },
	    {"{\"active\": null}",			   "active",	     "true"			   },
	    {"{\"max_body_bytes\": null}",		   "max_body_bytes", "null"			   },
	    {"{\"max_body_bytes\": 0}",		"max_body_bytes", "0"			     },
	    {"{\"sites\": null}",			  "sites",	   "[]"		       },
	    {"{\"sites\": []}",			"sites",		 "[]"			     },
	    {"{\"sites\": [\"z\"]}",		     "sites",	      "[\"z\"]"		       },
	    {"{\"name\": \"b\"}",			  "sites",	   "[\"x\", \"y\"]"	   },
	    {"{\"auth\": {\"keyless\": true}}",	"auth",
	     "{\"use_certificate\": true, \"use_token\": false, \"token_header\": \"X-Key\","
	     "\"keyless\": true, \"trust\": \"pinned\", \"ca_certificates\": []}"		 },
	    {"{\"auth\": {\"token_header\": null}}",  "auth",
	     "{\"use_certificate\": true, \"use_token\": false, \"token_header\": "
	     "\"Authorization\","
	     "\"keyless\": false, \"trust\": \"pinned\", \"ca_certificates\": []}"		  },
	    {"{\"auth\": null}",			 "auth",
	     "{\"use_certificate\": false, \"use_token\": true, \"token_header\": "
	     "\"Authorization\","
	     "\"keyless\": false, \"trust\": \"pinned\", \"ca_certificates\": []}"		  },
	    {"{\"auth\": {}}",			       "auth",
	     "{\"use_certificate\": true, \"use_token\": false, \"token_header\": \"X-Key\","
	     "\"keyless\": false, \"trust\": \"pinned\", \"ca_certificates\": []}"		  },
	    {"{\"id\": \"the-id\", \"revision\": 7}", "id",		    "\"the-id\""		},
 /* taking away what is not there, or not theirs to take */
	    {"{\"id\": null}",			       "id",	     "\"the-id\""		 },
	    {"{\"created_at\": null}",		       "created_at",     "\"2023-11-14T22:13:20Z\""},
	};
	json_t *json = parse("{\"name\": \"a\", \"timeout_ms\": 9, \"active\": false,"
			     "\"max_body_bytes\": 77, \"sites\": [\"x\", \"y\"],"
			     "\"auth\": {\"use_certificate\": true, \"use_token\": false,"
			     "\"token_header\": \"X-Key\"}}");
	Cg__Api *base;
	static char id[] = "the-id";
	assert_int_equal(record_from_json(API, json, NULL, &arena, &base, NULL), CG_OK);
	json_decref(json);
	base->id = id;
	base->has_revision = base->has_created_at = true;
	base->revision = 7;
	base->created_at = 1700000000;
	struct span before = pack(base);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct cg_err err = {0};
		Cg__Api *after;
		json_t *patch = parse(rows[i].patch), *want = parse(rows[i].want);
		if (record_patch(API, patch, base, &arena, &after, &err) != CG_OK)
			fail_msg("%s: %s", rows[i].patch, err.text);
		json_t *now = record_to_json(after);
		if (!json_equal(json_object_get(now, rows[i].member), want))
			fail_msg("%s: %s", rows[i].patch, rows[i].member);
		/* The base is as it was. */
		assert_true(span_is(before, pack(base)));
		json_decref(now);
		json_decref(want);
		json_decref(patch);
	}
	static const struct {
		const char *patch;
		cg_rc want;
	} bad[] = {
	    {"{\"nmae\": null}",		 CG_BAD_INPUT},
	    {"{\"auth\": {\"x\": null}}", CG_BAD_INPUT},
	    {"{\"id\": \"other\"}",	    CG_BAD_VALUE},
	    {"{\"revision\": 8}",	  CG_BAD_VALUE},
	    {"{\"auth\": true}",		 CG_BAD_VALUE},
	    {"[]",			CG_BAD_INPUT},
	    {"null",		      CG_BAD_INPUT},
	    {"\"x\"",		      CG_BAD_INPUT},
	};
	for (size_t i = 0; i < CG_COUNT(bad); i++) {
		Cg__Api *after;
		json_t *patch = parse(bad[i].patch);
		if (record_patch(API, patch, base, &arena, &after, NULL) != bad[i].want)
			fail_msg("%s", bad[i].patch);
		json_decref(patch);
	}
}

/* A map's names merge one by one (RFC 7396). */
static void test_merge_map(void **state)
{
	(void)state;
	json_t *json = parse("{\"name\": \"k\", \"meta\": {\"a\": \"1\", \"b\": \"2\"}}");
	json_t *patch = parse("{\"meta\": {\"a\": null, \"c\": \"3\"}}");
	json_t *want = parse("{\"b\": \"2\", \"c\": \"3\"}");
	Cg__Key *base, *after;
	static char id[] = "id";
	assert_int_equal(record_from_json(KEY, json, NULL, &arena, &base, NULL), CG_OK);
	base->id = id;
	assert_int_equal(record_patch(KEY, patch, base, &arena, &after, NULL), CG_OK);
	json_t *now = record_to_json(after);
	assert_true(json_equal(json_object_get(now, "meta"), want));
	json_t *changes;
	assert_int_equal(record_changes(base, after, &changes, NULL), CG_OK);
	assert_int_equal(json_object_size(changes), 1);
	assert_true(json_equal(json_object_get(changes, "meta"), want));
	json_decref(changes);
	json_decref(now);
	json_decref(want);
	json_decref(patch);
	json_decref(json);
}

/* A sealed member: given once, never shown, kept by true, taken away by null, whole in an export.
 */
static void test_sealed(void **state)
{
	Cg__Api *api, *next, *again;
	struct cg_err err = {0};
	(void)state;
	json_t *json =
	    parse("{\"name\": \"x\", \"upstream_tls\": {\"client_key\": \"a\\nsecret\"}}");
	assert_int_equal(record_from_json(API, json, NULL, &arena, &api, NULL), CG_OK);
	assert_int_equal(api->upstream_tls->client_key.len, 8);
	assert_memory_equal(api->upstream_tls->client_key.data, "a\nsecret", 8);
	json_decref(json);
	static char id[] = "id";
	api->id = id;
	json_t *shown = record_to_json(api);
	assert_true(
	    json_is_true(json_object_get(json_object_get(shown, "upstream_tls"), "client_key")));
	/* What was shown may be sent back. */
	assert_int_equal(record_from_json(API, shown, api, &arena, &next, NULL), CG_OK);
	assert_ptr_equal(next->upstream_tls->client_key.data, api->upstream_tls->client_key.data);
	/* But not where there is none. */
	(void)json_object_del(shown, "id");
	assert_int_equal(record_from_json(API, shown, NULL, &arena, &next, &err), CG_BAD_VALUE);
	assert_true(names(&err, "upstream_tls.client_key"));
	json_decref(shown);
	static const struct {
		const char *patch;
		bool kept, there, changed;
	} rows[] = {
	    {"{\"timeout_ms\": 5}",				    true,  true,	false},
	    {"{\"upstream_tls\": {\"server_name\": \"n\"}}",	     true,  true,	 true },
	    {"{\"upstream_tls\": {\"client_key\": true}}",	   true,	 true,  false},
	    {"{\"upstream_tls\": {\"client_key\": \"a\\nSECRET\"}}", false, true,  true },
	    {"{\"upstream_tls\": {\"client_key\": null}}",	   false, false, true },
	    {"{\"upstream_tls\": null}",				 false, false, true },
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		json_t *patch = parse(rows[i].patch);
		assert_int_equal(record_patch(API, patch, api, &arena, &next, NULL), CG_OK);
		Cg__UpstreamTls *tls = next->upstream_tls;
		bool there = tls && tls->has_client_key;
		assert_int_equal(there, rows[i].there);
		assert_int_equal(there &&
				     tls->client_key.data == api->upstream_tls->client_key.data,
				 rows[i].kept);
		json_t *changes;
		assert_int_equal(record_changes(api, next, &changes, NULL), CG_OK);
		assert_int_equal(json_object_get(changes, "upstream_tls") != NULL, rows[i].changed);
		char *text = json_dumps(changes, 0);
		assert_non_null(text);
		assert_null(strcasestr(text, "secret"));
		assert_null(strcasestr(text, "736563726574"));
		free(text);
		json_decref(changes);
		json_decref(patch);
	}
	static const char *const wrong[] = {"\"\"", "1", "[]", "{}", "false"};
	for (size_t i = 0; i < CG_COUNT(wrong); i++) {
		json = json_pack("{s:{s:o}}", "upstream_tls", "client_key", parse(wrong[i]));
		err = (struct cg_err){0};
		assert_int_equal(record_from_json(API, json, api, &arena, &next, &err),
				 CG_BAD_VALUE);
		assert_true(names(&err, "upstream_tls.client_key"));
		json_decref(json);
	}
	/* In a list it is that of the same name. */
	json = parse("{\"name\": \"x\", \"secret_headers\": [{\"name\": \"A\", \"value\": \"1\"},"
		     " {\"name\": \"B\", \"value\": \"2\"}]}");
	assert_int_equal(record_from_json(API, json, NULL, &arena, &again, NULL), CG_OK);
	again->id = id;
	json_decref(json);
	json = parse("{\"secret_headers\": [{\"name\": \"B\", \"value\": true},"
		     " {\"name\": \"A\", \"value\": \"3\"}]}");
	assert_int_equal(record_patch(API, json, again, &arena, &next, NULL), CG_OK);
	assert_ptr_equal(next->secret_headers[0]->value.data, again->secret_headers[1]->value.data);
	assert_memory_equal(next->secret_headers[1]->value.data, "3", 1);
	json_decref(json);
	json = parse("{\"secret_headers\": [{\"name\": \"a\", \"value\": true}]}");
	err = (struct cg_err){0};
	assert_int_equal(record_patch(API, json, again, &arena, &next, &err), CG_BAD_VALUE);
	assert_true(names(&err, "secret_headers[0].value"));
	json_decref(json);
	/* An export has it as it is stored. */
	json_t *whole = record_to_whole_json(api);
	json_t *hex = json_object_get(json_object_get(whole, "upstream_tls"), "client_key");
	assert_string_equal(json_string_value(hex), "610a736563726574");
	assert_int_equal(record_from_whole_json(API, whole, &arena, &again, NULL), CG_OK);
	assert_int_equal(again->upstream_tls->client_key.len, 8);
	assert_memory_equal(again->upstream_tls->client_key.data, "a\nsecret", 8);
	assert_int_equal(json_string_set(hex, "610a7"), 0);
	assert_int_equal(record_from_whole_json(API, whole, &arena, &again, NULL), CG_BAD_VALUE);
	assert_int_equal(json_string_set(hex, "61xx"), 0);
	assert_int_equal(record_from_whole_json(API, whole, &arena, &again, NULL), CG_BAD_VALUE);
	json_decref(whole);
}

/* jansson's memory; the one with this number is not to be had, 0: each is. */
static unsigned long n_taken, refused;

static void *take_or_fail(size_t n)
{
	return ++n_taken == refused ? NULL : malloc(n);
}

/* What is acknowledged must be what was asked for: no change of it may be lost on the way. */
static void test_no_memory(void **state)
{
	(void)state;
	json_t *json = parse("{\"name\": \"a\", \"tags\": [\"x\"], \"meta\": {\"a\": \"1\"},"
			     "\"rate\": {\"limit\": 1, \"per_seconds\": 1}}");
	json_t *patch = parse("{\"active\": false, \"tags\": [\"y\", \"z\"], \"rate\": null,"
			      "\"meta\": {\"a\": null, \"b\": \"2\"}}");
	Cg__Key *base, *want;
	static char id[] = "id";
	json_t *all, *changes;
	assert_int_equal(record_from_json(KEY, json, NULL, &arena, &base, NULL), CG_OK);
	base->id = id;
	assert_int_equal(record_patch(KEY, patch, base, &arena, &want, NULL), CG_OK);
	assert_int_equal(record_changes(base, want, &all, NULL), CG_OK);
	struct span packed = pack(want);
	unsigned refusals = 0;
	json_set_alloc_funcs(take_or_fail, free);
	for (refused = 1;; refused++) {
		Cg__Key *after;
		n_taken = 0;
		cg_rc rc = record_patch(KEY, patch, base, &arena, &after, NULL);
		bool over = n_taken < refused;
		if (rc == CG_OK && !span_is(packed, pack(after)))
			fail_msg("patched in part, without allocation %lu", refused);
		refusals += rc != CG_OK;
		n_taken = 0;
		rc = record_changes(base, want, &changes, NULL);
		if (rc == CG_OK && !json_equal(changes, all))
			fail_msg("changes told in part, without allocation %lu", refused);
		if (rc == CG_OK)
			json_decref(changes);
		refusals += rc != CG_OK;
		if (over && n_taken < refused)
			break;
	}
	json_set_alloc_funcs(malloc, free);
	assert_true(refusals > 100);
	json_decref(all);
	json_decref(patch);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_optional_message, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_inputs, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_merge_patch, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_merge_map, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_sealed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
