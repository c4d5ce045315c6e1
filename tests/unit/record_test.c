/* lib/record: every field has its row, and messages go to bytes and JSON and back unharmed. */
#include "record_world.h"

static const ProtobufCMessageDescriptor *const types[] = {
    &cg__api__descriptor,
    &cg__api_auth__descriptor,
    &cg__key__descriptor,
    &cg__access__descriptor,
    &cg__meta_entry__descriptor,
    &cg__credential__descriptor,
    &cg__certificate__descriptor,
    &cg__user__descriptor,
    &cg__rest_token__descriptor,
    &cg__audit_entry__descriptor,
    &cg__meta__descriptor,
    &cg__refusal__descriptor,
    &cg__crl__descriptor,
    &cg__exposed_key__descriptor,
    &cg__policy__descriptor,
    &cg__rate__descriptor,
    &cg__quota__descriptor,
    &cg__quota_count__descriptor,
    &cg__usage__descriptor,
    &cg__notice__descriptor,
    &cg__upstream_tls__descriptor,
    &cg__header_rules__descriptor,
    &cg__header_field__descriptor,
    &cg__secret_header__descriptor,
    &cg__cors__descriptor,
    &cg__session__descriptor,
    &cg__organisation__descriptor,
    &cg__developer__descriptor,
    &cg__link__descriptor,
    &cg__outbox_mail__descriptor,
    &cg__setting__descriptor,
    &cg__base_urls__descriptor,
    &cg__user_certificate__descriptor,
    &cg__catalogue_entry__descriptor,
    &cg__key_request__descriptor,
};

/* --- rows --- */

static bool form_fits(const ProtobufCFieldDescriptor *f, enum field_form form)
{
	switch (form) {
	case FIELD_TEXT:
	case FIELD_LINES:
		return f->type == PROTOBUF_C_TYPE_STRING;
	case FIELD_NUMBER:
		return f->type == PROTOBUF_C_TYPE_UINT64;
	case FIELD_BOOL:
		return f->type == PROTOBUF_C_TYPE_BOOL;
	case FIELD_ENUM:
		return f->type == PROTOBUF_C_TYPE_ENUM;
	case FIELD_TIME:
		return f->type == PROTOBUF_C_TYPE_INT64;
	case FIELD_HEX:
	case FIELD_PEM:
	case FIELD_CRL:
		return f->type == PROTOBUF_C_TYPE_BYTES;
	case FIELD_SEALED: /* in a list nothing could say which of them is left as it is */
		return f->type == PROTOBUF_C_TYPE_BYTES && f->label != PROTOBUF_C_LABEL_REPEATED;
	case FIELD_MESSAGE:
		return f->type == PROTOBUF_C_TYPE_MESSAGE;
	case FIELD_MAP:
		return f->type == PROTOBUF_C_TYPE_MESSAGE && f->label == PROTOBUF_C_LABEL_REPEATED;
	}
	return false;
}

static void test_every_field_has_a_row(void **state)
{
	(void)state;
	size_t n_rows, n_fields = 0;
	const struct record_field *rows = record_fields(&n_rows);
	for (size_t t = 0; t < CG_COUNT(types); t++)
		for (unsigned i = 0; i < types[t]->n_fields; i++) {
			const ProtobufCFieldDescriptor *f = &types[t]->fields[i];
			const struct record_field *row = record_field(types[t], f);
			n_fields++;
			if (!row)
				fail_msg("%s.%s has no row", types[t]->short_name, f->name);
			if (!form_fits(f, row->form))
				fail_msg("%s: the form does not fit its type", row->name);
			/* What points to another type is tested here too. */
			if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
				size_t k = 0;
				while (k < CG_COUNT(types) && types[k] != f->descriptor)
					k++;
				assert_true(k < CG_COUNT(types));
			}
		}
	for (size_t i = 0; i < n_rows; i++) {
		const char *dot = strchr(rows[i].name, '.');
		bool found = false;
		assert_non_null(dot);
		for (size_t t = 0; !found && t < CG_COUNT(types); t++)
			found = strlen(types[t]->short_name) == (size_t)(dot - rows[i].name) &&
				strncmp(types[t]->short_name, rows[i].name,
					(size_t)(dot - rows[i].name)) == 0 &&
				protobuf_c_message_descriptor_get_field_by_name(types[t], dot + 1);
		if (!found)
			fail_msg("the row %s belongs to no field", rows[i].name);
		for (size_t j = 0; j < i; j++)
			if (strcmp(rows[i].name, rows[j].name) == 0)
				fail_msg("%s has two rows", rows[i].name);
		assert_true(rows[i].about && *rows[i].about);
		assert_true(rows[i].about[strlen(rows[i].about) - 1] == '.');
		assert_true(rows[i].min <= rows[i].max);
	}
	assert_int_equal(n_rows, n_fields);
}

/* Every message of schema/ is among `types`: a new one cannot be forgotten here. */
static void test_every_message_is_tested(void **state)
{
	(void)state;
	char command[4200], line[256];
	const char *root = getenv("CERTGATE_SOURCE");
	(void)snprintf(command, sizeof(command), "cat '%s'/schema/*.proto", root ? root : ".");
	FILE *f = popen(command, "r");
	size_t n = 0;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "message ", 8) != 0)
			continue;
		n++;
		size_t len = strcspn(line + 8, " {");
		size_t k = 0;
		while (k < CG_COUNT(types) && (strlen(types[k]->short_name) != len ||
					       strncmp(types[k]->short_name, line + 8, len) != 0))
			k++;
		if (k == CG_COUNT(types))
			fail_msg("not tested here: %s", line);
	}
	assert_int_equal(pclose(f), 0);
	assert_int_equal(n, CG_COUNT(types));
}

static void test_pack_round_trip(void **state)
{
	(void)state;
	for (size_t t = 0; t < CG_COUNT(types); t++)
		for (unsigned seed = 0; seed < 4; seed++) {
			ProtobufCMessage *m = record_new(types[t], &arena), *back;
			assert_non_null(m);
			fill(m, seed);
			struct span bytes = pack(m);
			assert_int_equal(record_unpack(types[t], bytes, &arena, &back, NULL),
					 CG_OK);
			struct span again = pack(back);
			assert_true(span_is(bytes, again));
			json_t *a = record_to_json(m), *b = record_to_json(back);
			assert_non_null(a);
			assert_true(json_equal(a, b));
			json_decref(a);
			json_decref(b);
			/* What is cut short is an error or something else, never a crash. */
			for (size_t n = 0; n < bytes.n; n++) {
				char *cut = malloc(n ? n : 1);
				assert_non_null(cut);
				memcpy(cut, bytes.p, n);
				(void)!record_unpack(types[t], span_make(cut, n), &arena, &back,
						     NULL);
				free(cut);
			}
			arena_clear(&arena);
		}
	/* Required fields are required. */
	void *m;
	struct cg_err err = {0};
	assert_int_equal(record_unpack(&cg__api__descriptor, SPAN_LIT(""), &arena, &m, &err),
			 CG_UNAVAILABLE);
	assert_int_equal(
	    record_unpack(&cg__api__descriptor, SPAN_LIT("garbage!"), &arena, &m, &err),
	    CG_UNAVAILABLE);
}

/* Fields that are not in the bytes have the schema's defaults. */
static void test_defaults(void **state)
{
	(void)state;
	Cg__Api *api;
	assert_int_equal(
	    record_unpack(&cg__api__descriptor, SPAN_LIT("\x0a\x02id\x5a\x00"), &arena, &api, NULL),
	    CG_OK);
	assert_true(api->active && api->strip_listen_path && api->forward_client_cert &&
		    api->strip_credential && !api->browser_pages && !api->has_max_body_bytes);
	assert_int_equal(api->timeout_ms, 30000);
	json_t *json = parse("{\"name\": \"x\"}"), *out;
	assert_int_equal(record_from_json(&cg__api__descriptor, json, NULL, &arena, &api, NULL),
			 CG_OK);
	assert_non_null(api->auth);
	assert_true(!api->auth->use_certificate && api->auth->use_token && !api->auth->keyless);
	assert_string_equal(api->auth->token_header, "Authorization");
	static char id[] = "the-id";
	api->id = id;
	out = record_to_json(api);
	json_t *want =
	    parse("{\"id\": null, \"name\": \"x\", \"listen_path\": null, \"sites\": [],"
		  "\"strip_listen_path\": true, \"target_url\": null, \"active\": true,"
		  "\"auth\": {\"use_certificate\": false, \"use_token\": true,"
		  "\"token_header\": \"Authorization\", \"keyless\": false,"
		  "\"trust\": \"pinned\", \"ca_certificates\": []}, \"forward_client_cert\": true,"
		  "\"strip_credential\": true, \"timeout_ms\": 30000,"
		  "\"max_body_bytes\": null, \"browser_pages\": false,"
		  "\"allowed_ips\": [], \"blocked_ips\": [], \"rate\": null,"
		  "\"max_concurrent\": null}");
	const char *name;
	json_t *value;
	json_object_foreach(want, name, value)
	{
		if (strcmp(name, "id") != 0 && !json_equal(value, json_object_get(out, name)))
			fail_msg("Api.%s", name);
	}
	json_decref(want);
	json_decref(out);
	json_decref(json);
	json = parse("{\"name\": \"x\"}");
	Cg__Key *key;
	assert_int_equal(record_from_json(&cg__key__descriptor, json, NULL, &arena, &key, NULL),
			 CG_OK);
	assert_true(key->active && !key->has_expires_at && key->n_access == 0);
	json_decref(json);
}

/* --- JSON --- */

/* What is shown can be sent back: with itself as the base nothing changes; nothing hidden shows. */
static void test_json_round_trip(void **state)
{
	(void)state;
	for (size_t t = 0; t < CG_COUNT(types); t++) {
		ProtobufCMessage *m = record_new(types[t], &arena), *back;
		struct cg_err err = {0};
		assert_non_null(m);
		fill(m, 3);
		json_t *json = record_to_json(m);
		assert_non_null(json);
		for (unsigned i = 0; i < types[t]->n_fields; i++) {
			const ProtobufCFieldDescriptor *f = &types[t]->fields[i];
			const struct record_field *row = record_field(types[t], f);
			const char *name = record_json_name(f, row);
			assert_int_equal(json_object_get(json, name) != NULL,
					 row->access != FIELD_HIDDEN);
		}
		if (record_from_json(types[t], json, m, &arena, &back, &err) != CG_OK)
			fail_msg("%s: %s", types[t]->short_name, err.text);
		assert_true(span_is(pack(m), pack(back)));
		json_t *nothing = json_object();
		assert_int_equal(record_patch(types[t], nothing, m, &arena, &back, &err), CG_OK);
		assert_true(span_is(pack(m), pack(back)));
		/* The whole record as a patch. */
		assert_int_equal(record_patch(types[t], json, m, &arena, &back, &err), CG_OK);
		assert_true(span_is(pack(m), pack(back)));
		json_t *changes;
		assert_int_equal(record_changes(m, back, &changes, NULL), CG_OK);
		assert_int_equal(json_object_size(changes), 0);
		json_decref(changes);
		json_decref(nothing);
		json_decref(json);
		arena_clear(&arena);
	}
}

static void test_hidden(void **state)
{
	(void)state;
	Cg__User *user = (void *)record_new(&cg__user__descriptor, &arena);
	static char hash[] = "$y$secret", id[] = "id", name[] = "admin";
	assert_non_null(user);
	user->id = id;
	user->name = name;
	user->password_hash = hash;
	json_t *json = record_to_json(user);
	char *text = json_dumps(json, 0);
	assert_null(strstr(text, "secret"));
	free(text);
	/* Neither set from outside, nor lost by a change. */
	struct cg_err err = {0};
	Cg__User *back;
	json_t *patch = parse("{\"password_hash\": \"$y$other\"}");
	assert_int_equal(record_patch(&cg__user__descriptor, patch, user, &arena, &back, &err),
			 CG_BAD_INPUT);
	assert_string_equal(err.code, "unknown_member");
	json_decref(patch);
	patch = parse("{\"name\": \"root\"}");
	assert_int_equal(record_patch(&cg__user__descriptor, patch, user, &arena, &back, &err),
			 CG_OK);
	assert_string_equal(back->password_hash, "$y$secret");
	assert_string_equal(back->name, "root");
	json_t *changes;
	assert_int_equal(record_changes(user, back, &changes, NULL), CG_OK);
	assert_int_equal(json_object_size(changes), 1);
	json_decref(changes);
	json_decref(patch);
	json_decref(json);
}

/* Fingerprints come in any notation and are shown in one. */
static void test_digests(void **state)
{
	(void)state;
	json_t *json = parse(
	    "{\"bound_to\": [\"SHA256 Fingerprint="
	    "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:"
	    "F2:00:15:AD\"]}");
	Cg__Credential *c;
	assert_int_equal(record_from_json(CREDENTIAL, json, NULL, &arena, &c, NULL), CG_OK);
	static char key_id[] = "key";
	c->key_id = key_id;
	json_t *out = record_to_json(c);
	assert_string_equal(json_string_value(json_array_get(json_object_get(out, "bound_to"), 0)),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	json_decref(out);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_every_field_has_a_row, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_every_message_is_tested, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_pack_round_trip, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_json_round_trip, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_hidden, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_digests, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
