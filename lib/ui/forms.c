/* Forms: what went wrong with one, and what it typed. */
#include "base/base.h"
#include "ui/pages.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"

/* What a field is called on the page; what is first on forms stands first, and so do its faults. */
static const struct {
	const char *key, *label;
} labels[] = {
    {"name",			    "Name"				 },
    {"email",			   "E-mail"			       },
    {"organisation_id",			"Organisation"			      },
    {"role",			    "Role"				 },
    {"password",			"Password"			     },
    {"listen_path",		     "Listen path"				 },
    {"target_url",		      "Target URL"			       },
    {"auth",			    "Authentication"			     },
    {"auth_token_header",		  "Token header"				},
    {"auth_ca_certificates",	     "CA certificates for this API"	   },
    {"timeout_ms",		      "Timeout"			      },
    {"total_timeout_ms",		 "Total timeout"			},
    {"max_body_bytes",		       "Largest body"			     },
    {"certificate",		     "Certificate (PEM)"		       },
    {"access",			  "Access rights"			      },
    {"policy_ids",		      "Policies"			     },
    {"rate_limit",		      "Rate"				 },
    {"quota_limit",		     "Quota"				},
    {"expires_at",		      "Expires on"			       },
    {"applies",			 "This policy decides"		     },
    {"key_lifetime_days",		  "Key life"				    },
    {"request_id",		      "Request id"			       },
    {"code",			    "Reason"			       },
    {"api_id",			  "API"				  },
    {"url",			     "URL"				  },
    {"method",			  "Method"			       },
    {"sha256",			  "SHA-256 of a certificate"		 },
    {"address",			 "Address of the caller"		       },
    {"tags",			    "Tags"				 },
    {"current",			 "Current password"			  },
    {"new",			     "New password"			  },
    {"active_from",		     "Counts from"				 },
    {"ends_at",			 "Ends at"			      },
    {"bound_to",			"Only beside one of these certificates"},
    {"list",			    "Revocation list (PEM)"		    },
    {"spki_sha256",		     "SHA-256 of the public key"	       },
    {"is_strip",			"Cut this prefix off before forwarding"},
    {"is_keyless",		      "Keyless"			      },
    {"is_certificate",		       "Enable client certificate"		  },
    {"is_ca",			   "Issued by a CA"			      },
    {"is_token",			"Also accept tokens in a header"	 },
    {"is_forward",		      "Tell the target who called"	       },
    {"is_active",		       "Active"			       },
    {"is_strip_credential",		    "Take the token out before forwarding" },
    {"is_rewrite_location",		    "Redirects lead below the listen path" },
    {"is_browser_pages",		 "Pages may run without the sandbox"    },
    {"is_cors_credentials",		    "With cookies and client certificates" },
    {"is_public",		       "Catalogue readable without signing in"},
    {"is_open",			 "Developers may join by themselves"	   },
    {"is_announced",		     "Announce partners"			},
    {"is_held",			 "Held"				 },
    {"on_access",		       "Decides access"			  },
    {"on_rate",			 "Decides the rate"			  },
    {"on_quota",			"Decides the quota"		    },
    {"apis",			    "Access rights"			    },
    {"policies",			"Policies"			     },
    {"cas",			     "CA certificates"			     },
    {"upstream_cas",		     "Certificates that prove it"		 },
    {"spans",			   "Rate per"			     },
    {"periods",			 "Quota per"			    },
    {"meta",			    "Further facts"			    },
    {"target_urls",		     "Further targets"			     },
    {"sites",			   "Sites"				},
    {"max_concurrent",		       "Concurrent requests"		    },
    {"allowed_ips",		     "From these addresses"		  },
    {"blocked_ips",		     "Not from these addresses"	      },
    {"upstream_tls_server_name",	 "Name it must prove"		     },
    {"upstream_tls_pinned_sha256",	   "Pinned public keys"		       },
    {"upstream_tls_ca_certificates",    "Certificates that prove it"		 },
    {"upstream_tls_client_certificate", "Certificate that the gate shows (PEM)"},
    {"upstream_tls_client_key",		"Its private key (PEM)"		       },
    {"forget_upstream_tls_client_key",  "Forget the private key"	       },
    {"upstream_tls_client_chain",	  "CAs above it (PEM)"		      },
    {"request_headers_remove",	       "Requests: take out"		   },
    {"request_headers_set",		    "Requests: set"			   },
    {"request_headers_add",		    "Requests: add"			   },
    {"secrets",			 "Requests: set, with a secret value"   },
    {"secret_headers",		       "Requests: set, with a secret value"   },
    {"response_headers_remove",		"Answers: take out"			   },
    {"response_headers_set",	     "Answers: set"			   },
    {"response_headers_add",	     "Answers: add"			   },
    {"cors_allowed_origins",	     "Origins"			      },
    {"cors_allowed_methods",	     "Methods"			      },
    {"cors_allowed_headers",	     "Fields of requests"			 },
    {"cors_exposed_headers",	     "Fields of answers"			},
    {"cors_max_age_seconds",	     "May be remembered for"		    },
    {"base_urls_gate",		       "APIs"				 },
    {"base_urls_portal",		 "Portal"				 },
    {"base_urls_admin",			"Dashboard"				   },
    {"portal_title",		     "Name of the portal"			 },
    {"sign_up_domains",			"Domains that may join"		       },
    {"terms",			   "Terms to accept"		       },
    {"mail_from",		       "Sender"			       },
    {"repeat",			  "Repeat new password"		    },
    {"contacts",			"Contacts"			     },
    {"key_id",			  "Key"				  },
    {"from",			    "From"				 },
    {"to",			      "To"				   },
    {"step",			    "Step"				 },
    {"at",			      "Time (UTC)"			   },
    {"policy_id",		       "Policy"			       },
    {"description",		     "Description"				 },
    {"documentation_url",		  "Documentation"			 },
    {"approval",			"Approval"			     },
    {"proof_required",		       "Possession has to be proven"	    },
    {"renewal",			 "Renewal"			      },
    {"is_visible",		      "Visible"			      },
    {"max_keys_per_developer",	       "Keys per developer"		   },
    {"replaces",			"It replaces"			      },
    {"overlap_days",		     "Both work for"			    },
    {"token_password",		       "Password"				 },
};

/* Where in the table; its length when it is not there. */
static size_t place_of(const char *key)
{
	size_t i = 0;
	while (i < CG_COUNT(labels) && strcmp(labels[i].key, key) != 0)
		i++;
	return i;
}

static const char *label_of(const char *key)
{
	size_t i = place_of(key);
	return i < CG_COUNT(labels) ? labels[i].label : key;
}

static void plain_key(const char *field, size_t n, char *out, size_t room)
{
	(void)snprintf(out, room, "%.*s", (int)n, field);
	for (char *c = out; *c; c++)
		if (*c == '.')
			*c = '_';
}

void page_set_label(json_t *values, const char *key, const char *label)
{
	json_t *own = json_object_get(values, "labels");
	if (!own) {
		own = json_object();
		(void)json_object_set_new(values, "labels", own);
	}
	(void)json_object_set_new(own, key, json_string(label));
}

/* As this page calls it. */
static const char *label_here(const json_t *values, const char *key)
{
	const char *own =
	    json_string_value(json_object_get(json_object_get(values, "labels"), key));
	return own ? own : label_of(key);
}

/* "access[0].api_id" -> "access", "rate.per_seconds" -> "rate_limit", "meta.a name" -> "meta": the
 * key of what is on the page. */
static void key_of(const char *field, char *out, size_t room)
{
	bool map = strncmp(field, "meta.", 5) == 0;
	plain_key(field, map ? 4 : strcspn(field, "["), out, room);
	if (strcmp(out, "rate") == 0 || strcmp(out, "rate_per_seconds") == 0)
		(void)snprintf(out, room, "rate_limit");
	if (strcmp(out, "quota") == 0 || strcmp(out, "quota_period") == 0)
		(void)snprintf(out, room, "quota_limit");
	if (strcmp(out, "auth_trust") == 0)
		(void)snprintf(out, room, "auth_ca_certificates");
}

/* "contacts[1]" -> "Contacts (no. 2)": of a list in one field, which one it is. */
static void place_in_list(const char *field, const char *label, char *out, size_t room)
{
	size_t n = strlen(field), at = strcspn(field, "[");
	uint64_t place;
	bool one = at < n && field[n - 1] == ']' && strchr(field + at, ']') == field + n - 1 &&
		   number_parse(span_make(field + at + 1, n - at - 2), FAULTS_MAX, &place);
	if (one)
		(void)snprintf(out, room, "%s (no. %" PRIu64 ")", label, place + 1);
	else
		(void)snprintf(out, room, "%s", label);
}

/* A whole sentence out of one, or out of the rest of one that begins with the label. */
static json_t *sentence(const char *label, const char *text)
{
	char out[CG_FAULT_TEXT + 64];
	size_t n = strlen(text);
	bool rest = text[0] >= 'a' && text[0] <= 'z';
	(void)snprintf(out, sizeof(out), "%s%s%s%s", rest ? label : "", rest ? " " : "", text,
		       n > 0 && strchr(".!?", text[n - 1]) ? "" : ".");
	return page_text(span_of(out));
}

/* The same where the field is not beside it. */
static json_t *summary(const char *label, const char *text)
{
	char out[CG_FAULT_TEXT + 64];
	if (text[0] >= 'a' && text[0] <= 'z')
		return sentence(label, text);
	(void)snprintf(out, sizeof(out), "%s: %s", label, text);
	return page_text(span_of(out));
}

void page_fault_at(struct cg_err *err, const char *field)
{
	char text[sizeof(err->text)];
	if (err->n_fields > 0)
		return;
	memcpy(text, err->text, sizeof(text));
	(void)cg_fail_field(err, field, "%s", text);
}

/* Beside a field stands all that is wrong with it; `message` is taken. */
static void add_message(json_t *values, const char *name, json_t *message)
{
	json_t *there = json_object_get(json_object_get(values, name), "message");
	if (there) {
		json_t *both =
		    json_sprintf("%s %s", json_string_value(there), json_string_value(message));
		json_decref(message);
		message = both;
	}
	(void)json_object_set_new(values, name, json_pack("{s:o}", "message", message));
}

void page_add_errors(json_t *values, const struct cg_err *err)
{
	json_t *list = json_array();
	char key[96], name[128];
	struct {
		struct cg_fault fault;
		size_t place;
	} faults[FAULTS_MAX], one;
	size_t n = 0;
	for (struct cg_fault f = {NULL, NULL}; n < FAULTS_MAX && cg_err_next(err, &f); n++) {
		size_t at = n;
		key_of(f.field, key, sizeof(key));
		one.fault = f;
		one.place = place_of(key);
		for (; at > 0 && faults[at - 1].place > one.place; at--)
			faults[at] = faults[at - 1];
		faults[at] = one;
	}
	for (size_t i = 0; i < n; i++) {
		key_of(faults[i].fault.field, key, sizeof(key));
		char label[128];
		const char *text = faults[i].fault.text;
		place_in_list(faults[i].fault.field, label_here(values, key), label, sizeof(label));
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:o}", "key", key, "summary", summary(label, text)));
		(void)snprintf(name, sizeof(name), "error_%s", key);
		add_message(values, name, sentence(label, text));
		(void)snprintf(name, sizeof(name), "focus_%s", key);
		if (i == 0)
			(void)json_object_set_new(values, name, json_true());
	}
	/* What was not listed leads to the last one that is. */
	if (err->n_more > 0)
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:o}", "key", key, "summary",
				    json_sprintf("And %u more faults.", err->n_more)));
	json_t *note = json_pack("{s:o, s:o*}", "errors", list, "problem",
				 err->n_fields == 0 ? sentence("", err->text) : NULL);
	(void)json_object_update(values, note);
	(void)json_object_set_new(note, "template", json_string("layout/faults.tpl"));
	(void)json_object_set_new(values, "faults", note);
	(void)json_object_set_new(values, "failed", json_true());
}

void page_put_back(struct page_call *call, json_t *values, const char *const *names)
{
	char key[FORM_NAME_MAX + 1];
	for (; *names; names++) {
		plain_key(*names, strlen(*names), key, sizeof(key));
		(void)json_object_set_new(values, key,
					  page_text(span_of(page_lines(call, *names))));
	}
}

json_t *page_typed_number(struct page_call *call, const char *name)
{
	const char *text = page_field(call, name);
	char digits[32];
	size_t n = 0;
	uint64_t number;
	if (!*text)
		return json_null();
	for (const char *c = text; *c && n < sizeof(digits); c++)
		if (!strchr(", _'", *c))
			digits[n++] = *c;
	return number_parse(span_make(digits, n), (uint64_t)1 << 53, &number)
		   ? json_integer((json_int_t)number)
		   : page_text(span_of(text));
}

json_t *page_typed_list(struct page_call *call, const char *name)
{
	struct span rest = span_of(page_field(call, name)), one;
	json_t *out = json_array();
	while (rest.n > 0 && span_next(&rest, ',', &one)) {
		one = span_trim(one);
		if (one.n > 0)
			(void)json_array_append_new(out, page_text(one));
	}
	return out;
}

/* What is chosen of a list of check boxes or options. */
static json_t *chosen_of(const json_t *list)
{
	struct buf out;
	size_t i;
	json_t *item;
	buf_init(&out, FORM_BODY_MAX);
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
	{
		static const char *const names[] = {"name", "short_name", "text"};
		if (!json_is_true(json_object_get(item, "ticked")) &&
		    !json_is_true(json_object_get(item, "chosen")))
			continue;
		for (size_t n = 0; n < CG_COUNT(names); n++) {
			const char *name = json_string_value(json_object_get(item, names[n]));
			if (!name)
				continue;
			buf_printf(&out, "%s%s", out.n > 0 ? ", " : "", name);
			break;
		}
	}
	json_t *text = page_text(buf_span(&out));
	buf_release(&out);
	return text;
}

/* A value as a person reads it; NULL for what is none of a field. */
static json_t *readable(const char *name, const json_t *value)
{
	if (json_is_string(value))
		return json_string(json_string_value(value));
	if (json_is_array(value))
		return chosen_of(value);
	/* Of those the template alone knows there is no label. */
	return json_is_boolean(value) && strcmp(label_of(name), name) != 0
		   ? json_string(json_is_true(value) ? "on" : "off")
		   : NULL;
}

json_t *page_differences(const json_t *mine, const json_t *theirs)
{
	json_t *out = json_array(), *value;
	const char *name;
	json_object_foreach((json_t *)(uintptr_t)theirs, name, value)
	{
		json_t *own = json_object_get(mine, name);
		json_t *a = readable(name, value), *b = own ? readable(name, own) : NULL;
		if (a && b && !json_equal(a, b))
			(void)json_array_append_new(out, json_pack("{s:s, s:O, s:O, s:b}", "label",
								   label_of(name), "theirs", a,
								   "mine", b, "again", 0));
		json_decref(a);
		json_decref(b);
	}
	json_object_foreach((json_t *)(uintptr_t)mine, name, value)
	{
		if (strncmp(name, "again_", 6) == 0 && json_is_true(value))
			(void)json_array_append_new(
			    out, json_pack("{s:s, s:b}", "label", label_of(name + 6), "again", 1));
	}
	return out;
}
