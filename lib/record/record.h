/* Records: the messages of schema/ as bytes for the store and as JSON for people.
 *
 * Shape, types and defaults come from the schema's descriptors; what they cannot say stands in one
 * row per field in fields.c. */
#ifndef CG_RECORD_RECORD_H
#define CG_RECORD_RECORD_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/span.h"
#include <jansson.h>
#include <schema/api.pb-c.h>
#include <schema/audit_entry.pb-c.h>
#include <schema/catalogue_entry.pb-c.h>
#include <schema/certificate.pb-c.h>
#include <schema/credential.pb-c.h>
#include <schema/crl.pb-c.h>
#include <schema/developer.pb-c.h>
#include <schema/exposed_key.pb-c.h>
#include <schema/key.pb-c.h>
#include <schema/key_request.pb-c.h>
#include <schema/limit.pb-c.h>
#include <schema/link.pb-c.h>
#include <schema/meta.pb-c.h>
#include <schema/notice.pb-c.h>
#include <schema/organisation.pb-c.h>
#include <schema/outbox_mail.pb-c.h>
#include <schema/policy.pb-c.h>
#include <schema/quota_count.pb-c.h>
#include <schema/refusal.pb-c.h>
#include <schema/rest_token.pb-c.h>
#include <schema/session.pb-c.h>
#include <schema/setting.pb-c.h>
#include <schema/usage.pb-c.h>
#include <schema/user.pb-c.h>
#include <schema/user_certificate.pb-c.h>

/* How a field looks in JSON. */
enum field_form {
	FIELD_TEXT,   /* string, valid UTF-8 without control characters; min..max bytes */
	FIELD_LINES,  /* the same with line breaks (LF; CRLF becomes it) and tabs: Markdown */
	FIELD_NUMBER, /* whole number, min..max */
	FIELD_BOOL,
	FIELD_ENUM, /* the enumerator's name in lower case */
	FIELD_TIME, /* Unix seconds; RFC 3339 in UTC */
	FIELD_HEX,  /* bytes; lower-case hex, max = their number */
	FIELD_PEM,  /* bytes; a certificate's DER, shown as PEM */
	FIELD_CRL,  /* bytes; a revocation list's DER, shown as PEM */
	/* Bytes; a secret, at most max bytes of text.  Shown as true where there is one, and true
	 * leaves it as it is.  What clients set is in the message as it came until the model seals
	 * it; from then on, and in an export, it is sealed. */
	FIELD_SEALED,
	FIELD_MESSAGE, /* an object */
	FIELD_MAP,     /* repeated {name, value}; an object of strings */
};

/* Who may set or see it. */
enum field_access {
	FIELD_SET,    /* clients set it */
	FIELD_READ,   /* certgate sets it, clients see it */
	FIELD_HIDDEN, /* never leaves the store */
};

struct record_field {
	const char *name; /* "Message.field" as in schema/ */
	enum field_form form;
	enum field_access access;
	uint64_t min, max; /* as the form says; of a list: of each entry */
	const char *about; /* a sentence for OpenAPI and the manual */
	/* Never missing, although the descriptor has it as optional: who makes a record has to give
	 * it, or certgate does. */
	bool always;
};

/* The row of a field; NULL when there is none (a unit test finds those). */
const struct record_field *record_field(const ProtobufCMessageDescriptor *message,
					const ProtobufCFieldDescriptor *field);
/* What the member is called in JSON. */
const char *record_json_name(const ProtobufCFieldDescriptor *field, const struct record_field *row);
/* All rows, for that test. */
const struct record_field *record_fields(size_t *n);
#define ENUM_TEXT 64 /* bytes of an enumerator's name, with a NUL */
/* What the enumerator is called in JSON and in the audit: its name in lower case; "" for a number
 * that has none. */
const char *record_enum_name(const ProtobufCEnumDescriptor *type, int number, char out[ENUM_TEXT]);

/* A message with the schema's defaults, in the arena; required sub-messages are made too, optional
 * ones are what may be null. */
ProtobufCMessage *record_new(const ProtobufCMessageDescriptor *type,
			     struct arena *arena) CG_MUST_USE;
/* Bytes for the store; *out lives in the arena.  CG_TOO_BIG above RECORD_MAX. */
cg_rc record_pack(const void *message, struct arena *arena, struct span *out,
		  struct cg_err *err) CG_MUST_USE;
/* The message in `bytes`, in the arena; CG_UNAVAILABLE when they are not such a message. */
cg_rc record_unpack(const ProtobufCMessageDescriptor *type, struct span bytes, struct arena *arena,
		    void *out_message, struct cg_err *err) CG_MUST_USE;

/* What clients see; a new reference, NULL when memory is short. */
json_t *record_to_json(const void *message) CG_MUST_USE;
/* A message from what a client sent.  Members left out or null take their default; a member that
 * nobody knows is CG_BAD_INPUT, a value that does not fit CG_BAD_VALUE, each naming its field.
 * `base` (may be NULL) is the record before the change: what clients cannot set is kept from it,
 * and may be sent back unchanged. */
cg_rc record_from_json(const ProtobufCMessageDescriptor *type, const json_t *json, const void *base,
		       struct arena *arena, void *out_message, struct cg_err *err) CG_MUST_USE;
/* `base` changed by a JSON merge patch (RFC 7396), checked as record_from_json does. */
cg_rc record_patch(const ProtobufCMessageDescriptor *type, const json_t *patch, const void *base,
		   struct arena *arena, void *out_message, struct cg_err *err) CG_MUST_USE;
/* Judges a message that was read, and brings its values into their normal form. */
typedef cg_rc (*record_check_fn)(void *message, void *arg, struct cg_err *err);
/* A message from JSON, or, unless base is NULL, base changed by the JSON as a merge patch; checked.
 * Where a part of the JSON cannot be read, the rest is checked all the same, so that err has all
 * that is wrong. */
cg_rc record_read_checked(const ProtobufCMessageDescriptor *type, const json_t *json,
			  const void *base, record_check_fn check, void *arg, struct arena *arena,
			  void *out_message, struct cg_err *err) CG_MUST_USE;
/* All of a message, what is hidden included (digests and hashes; secrets are sealed): for export,
 * and back.  record_from_whole_json judges as record_from_json does. */
json_t *record_to_whole_json(const void *message) CG_MUST_USE;
cg_rc record_from_whole_json(const ProtobufCMessageDescriptor *type, const json_t *json,
			     struct arena *arena, void *out_message,
			     struct cg_err *err) CG_MUST_USE;
/* *changes: a new reference to the settable members that differ, as {"member": new value}; for the
 * audit.  Of a sealed one only that it was set.  CG_UNAVAILABLE without memory. */
cg_rc record_changes(const void *before, const void *after, json_t **changes,
		     struct cg_err *err) CG_MUST_USE;
/* The JSON schema of a message, for OpenAPI, as it is read and as a merge patch of it; a new
 * reference. */
json_t *record_schema(const ProtobufCMessageDescriptor *type) CG_MUST_USE;
/* The same of what is sent to make one, with what must not be left out. */
json_t *record_schema_new(const ProtobufCMessageDescriptor *type) CG_MUST_USE;

#endif
