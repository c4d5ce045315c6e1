/* Values of templates, and what forms bring. */
#include "base/base.h"
#include "ui/pages.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "model/key.h"
#include "model/setting.h"

const char *page_param(struct page_call *call, size_t i)
{
	struct span p = call->match.params[i];
	const char *text = p.n > 0 && !memchr(p.p, '\0', p.n) ? arena_copy(call->arena, p) : NULL;
	return text ? text : "";
}

const char *page_query(struct page_call *call, const char *name)
{
	struct span value = {NULL, 0};
	if (web_query_get(call->req->target.query, call->arena, name, &value, NULL) != CG_OK)
		return "";
	value = span_trim(value);
	char *text = arena_copy(call->arena, value);
	/* What was pasted over several lines is one text; and what no record can hold has to find
	 * nothing, which to leave it out would not. */
	for (size_t i = 0; text && i < value.n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = span_is_space(text[i]) ? ' ' : '?';
	if (text && !text_is_clean(span_make(text, value.n)))
		for (size_t i = 0; i < value.n; i++)
			if ((unsigned char)text[i] >= 0x80)
				text[i] = '?';
	return text ? text : "";
}

const char *page_field(struct page_call *call, const char *name)
{
	return web_form_text(&call->form, name, call->arena);
}

const char *page_secret(struct page_call *call, const char *name)
{
	/* No white space is taken off. */
	struct span value = web_form_get(&call->form, name);
	const char *text =
	    value.n > 0 && !memchr(value.p, '\0', value.n) ? arena_copy(call->arena, value) : NULL;
	return text ? text : "";
}

const char *page_lines(struct page_call *call, const char *name)
{
	char *text = arena_strdup(call->arena, page_field(call, name)), *to = text;
	for (const char *from = text; from && *from; from++)
		if (*from != '\r')
			*to++ = *from;
	if (text)
		*to = '\0';
	return text ? text : "";
}

const char *page_once(struct page_call *call)
{
	const char *id = page_field(call, "once");
	return strlen(id) == ID_TEXT && strspn(id, "abcdefghijklmnopqrstuvwxyz234567") == ID_TEXT
		   ? id
		   : NULL;
}

const char *page_once_for_form(struct page_call *call)
{
	const char *brought = page_once(call);
	char *id = brought ? NULL : arena_alloc(call->arena, ID_TEXT + 1);
	if (brought)
		return brought;
	return id && random_id(id) == CG_OK ? id : "";
}

size_t page_had(struct page_call *call)
{
	json_t *had = page_typed_number(call, "had");
	size_t n = json_is_integer(had) ? (size_t)json_integer_value(had) : CREDENTIALS_ANY;
	json_decref(had);
	return n;
}

/* --- times --- */

#define DAY_S ((int64_t)24 * 3600)

static json_t *time_of(int64_t t, const char *text)
{
	char iso[RFC3339_TEXT + 1], title[64] = "";
	struct tm tm;
	time_t at = (time_t)t;
	if (!rfc3339_format(t, iso) || !gmtime_r(&at, &tm))
		return json_pack("{s:s, s:s, s:s}", "iso", "", "title", "", "text", "—");
	(void)snprintf(title, sizeof(title), "%d %s %d, %02d:%02d UTC", tm.tm_mday,
		       month_names[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
	return json_pack("{s:s, s:s, s:s}", "iso", iso, "title", title, "text", text);
}

json_t *page_day(int64_t t)
{
	char text[DAY_TEXT + 1];
	return time_of(t, day_format(t, text) ? text : "—");
}

json_t *page_time(const struct page_call *call, int64_t t)
{
	char text[32];
	struct tm tm;
	time_t at = (time_t)t;
	if (t / DAY_S != call->now_unix_s / DAY_S || !gmtime_r(&at, &tm))
		return page_day(t);
	(void)snprintf(text, sizeof(text), "%02d:%02d", tm.tm_hour, tm.tm_min);
	return time_of(t, text);
}

json_t *page_distance(const struct page_call *call, int64_t t)
{
	static const struct {
		int64_t seconds;
		const char *word;
	} units[] = {
	    {365 * DAY_S, "year"	},
	    {DAY_S,	    "day"	 },
	    {3600,	   "hour"	 },
	    {60,		 "minute"},
	};
	char text[64] = "just now";
	int64_t away = t - call->now_unix_s, size = away < 0 ? -away : away;
	for (size_t i = 0; i < CG_COUNT(units); i++) {
		int64_t n = size / units[i].seconds;
		/* 20 months are better told in days. */
		if (n < (i == 0 ? 3 : 1))
			continue;
		(void)snprintf(text, sizeof(text), "%s%" PRId64 " %s%s%s", away > 0 ? "in " : "", n,
			       units[i].word, n == 1 ? "" : "s", away < 0 ? " ago" : "");
		break;
	}
	return time_of(t, text);
}

/* --- texts --- */

json_t *page_text(struct span text)
{
	char safe[1024];
	struct buf clean;
	json_t *out = json_stringn(text.p ? text.p : "", text.n);
	if (!out) {
		text_for_log(text, safe, sizeof(safe));
		return json_string(safe);
	}
	if (text_is_clean_lines(text))
		return out;
	/* HTML forbids control characters. */
	json_decref(out);
	buf_init(&clean, FORM_BODY_MAX);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool bad = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
		/* U+0080 to U+009F */
		if (c == 0xc2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xa0) {
			bad = true;
			i++;
		}
		buf_add(&clean, bad ? SPAN_LIT("\xef\xbf\xbd") : span_make(text.p + i, 1));
	}
	out = json_stringn(clean.n > 0 ? buf_span(&clean).p : "", clean.n);
	buf_release(&clean);
	return out;
}

json_t *page_initial(const char *name)
{
	char initial[8] = "";
	/* The first character, which may have several bytes. */
	for (size_t i = 0; name[i] && i + 1 < sizeof(initial) &&
			   (i == 0 || ((unsigned char)name[i] & 0xc0) == 0x80);
	     i++)
		initial[i] = name[i];
	return page_text(span_of(initial));
}

json_t *page_number(uint64_t n)
{
	char text[NUMBER_TEXT];
	number_format(n, text);
	return json_string(text);
}

json_t *page_hex(const ProtobufCBinaryData *digest, size_t bytes)
{
	char hex[SHA256_HEX + 1], out[SHA256_HEX + SHA256_HEX / 4 + 1];
	size_t n = digest->len < bytes ? digest->len : bytes, at = 0;
	if (n > SHA256_BYTES)
		n = SHA256_BYTES;
	hex_format(digest->data, n, hex);
	for (size_t i = 0; i < 2 * n; i++) {
		if (i > 0 && i % 4 == 0)
			out[at++] = ' ';
		out[at++] = hex[i];
	}
	return json_stringn(out, at);
}

static const char *base_of_request(struct page_call *call)
{
	char safe[300];
	text_for_log(call->req->host, safe, sizeof(safe));
	const char *base = arena_printf(call->arena, "https://%s", safe);
	return base ? base : "";
}

/* The settings' base URLs; NULL when they cannot be read. */
static const Cg__BaseUrls *base_urls(struct page_call *call)
{
	Cg__Setting *setting;
	struct cg_err err = {0};
	if (setting_get(call->program->store, call->arena, &setting, &err) == CG_OK)
		return setting->base_urls;
	log_error("settings_not_read", "request_id", call->req->id, "cause", err.text, LOG_END);
	return NULL;
}

const char *page_base(struct page_call *call)
{
	const Cg__BaseUrls *urls = base_urls(call);
	return urls && *urls->gate ? urls->gate : base_of_request(call);
}

const char *page_admin_base(struct page_call *call)
{
	const Cg__BaseUrls *urls = base_urls(call);
	return urls && *urls->admin ? urls->admin : base_of_request(call);
}

json_t *page_badge(const char *kind, const char *text)
{
	return json_pack("{s:s, s:s}", "kind", kind, "text", text);
}

/* What is not plain in a query (RFC 3986 section 2.3) as %XX. */
static const char *query_escape(const char *text, struct arena *arena)
{
	char *out = arena_alloc(arena, 3 * strlen(text) + 1), *to = out;
	for (; out && *text; text++) {
		unsigned char c = (unsigned char)*text;
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr("-._~", c)) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '%';
		hex_format(&c, 1, to);
		to += 2;
	}
	return out ? out : "";
}

const char *page_link(struct page_call *call, const char *path, const struct page_pair *pairs,
		      size_t n)
{
	const char *out = path;
	bool first = true;
	for (size_t i = 0; out && i < n; i++) {
		if (!pairs[i].value || !*pairs[i].value)
			continue;
		out = arena_printf(call->arena, "%s%s%s=%s", out, first ? "?" : "&", pairs[i].name,
				   query_escape(pairs[i].value, call->arena));
		first = false;
	}
	return out ? out : "";
}

json_t *page_next(struct page_call *call, const char *path, const char *q, const char *cursor)
{
	const struct page_pair pairs[] = {
	    {"q",	  q	   },
	      {"cursor", cursor}
	};
	return cursor ? json_string(page_link(call, path, pairs, CG_COUNT(pairs))) : json_null();
}

/* --- forms --- */

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
    {"auth",			    "Who is let in"			    },
    {"auth_token_header",		  "Token header"				},
    {"auth_ca_certificates",	     "CA certificates"		      },
    {"timeout_ms",		      "Timeout"			      },
    {"total_timeout_ms",		 "Timeout of the whole"		       },
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
    {"max_concurrent",		       "Under way at once"			  },
    {"allowed_ips",		     "From these addresses"		  },
    {"blocked_ips",		     "Not from these addresses"	      },
    {"upstream_tls_server_name",	 "Name it must prove"		     },
    {"upstream_tls_pinned_sha256",	   "Pinned public keys"		       },
    {"upstream_tls_ca_certificates",    "Certificates that prove it"		 },
    {"upstream_tls_client_certificate", "Certificate that the gate shows (PEM)"},
    {"upstream_tls_client_key",		"Its private key (PEM)"		       },
    {"upstream_tls_client_chain",	  "CAs above it (PEM)"		      },
    {"request_headers_remove",	       "Requests: take out"		   },
    {"request_headers_set",		    "Requests: set"			   },
    {"request_headers_add",		    "Requests: add"			   },
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
    {"at",			      "At"				   },
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
		const char *label = label_of(key), *text = faults[i].fault.text;
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
			(void)json_array_append_new(out, json_pack("{s:s, s:O, s:O}", "label",
								   label_of(name), "theirs", a,
								   "mine", b));
		json_decref(a);
		json_decref(b);
	}
	return out;
}
