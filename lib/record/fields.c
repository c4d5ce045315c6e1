/* One row per field of schema/: what its descriptor cannot say. */
#include "base/base.h"
#include "record/record.h"
#include "base/hash.h"
#include "base/limits.h"
#include <pthread.h>

#define MANY UINT64_MAX
/* The members that every record has. */
#define COMMON(m)                                                                                  \
	{m ".id", FIELD_TEXT, FIELD_READ, 1, ID_MAX_BYTES, "Made by certgate; never changes."},    \
	    {m ".created_at", FIELD_TIME, FIELD_READ, 0, 0, "When it was made."},                  \
	    {m ".updated_at", FIELD_TIME, FIELD_READ, 0, 0, "When it was last changed."},          \
	{                                                                                          \
		m ".revision", FIELD_NUMBER, FIELD_READ, 0, MANY,                                  \
		    "Grows with each change; also the ETag."                                       \
	}

/* clang-format off */
static const struct record_field rows[] = {
	COMMON("Api"),
	{"Api.name", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "A name for people; unique.", true},
	{"Api.listen_path", FIELD_TEXT, FIELD_SET, 1, PATH_MAX_BYTES, "Requests whose path begins with it, by whole segments, belong to this API; of several the longest wins.", true},
	{"Api.sites", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "Names of the sites it listens on, as the web server's include sets them; empty: all."},
	{"Api.strip_listen_path", FIELD_BOOL, FIELD_SET, 0, 0, "The upstream sees the path without the listen path."},
	{"Api.target_url", FIELD_TEXT, FIELD_SET, 1, URL_MAX_BYTES, "The upstream: http or https, host, optional port and path, without segments of dots.", true},
	{"Api.active", FIELD_BOOL, FIELD_SET, 0, 0, "Off: answers 404 api_inactive."},
	{"Api.auth", FIELD_MESSAGE, FIELD_SET, 0, 0, "How callers are known."},
	{"Api.forward_client_cert", FIELD_BOOL, FIELD_SET, 0, 0, "The upstream gets Client-Cert and the X-Certgate fields."},
	{"Api.strip_credential", FIELD_BOOL, FIELD_SET, 0, 0, "The token is removed before the request goes on."},
	{"Api.timeout_ms", FIELD_NUMBER, FIELD_SET, 1, 300000, "Milliseconds without a byte from the upstream, before or after the first; not a limit on the whole."},
	{"Api.total_timeout_ms", FIELD_NUMBER, FIELD_SET, 1, 86400000, "Milliseconds that a request may take at the upstream in all, its body and the answer's included; null: no limit."},
	{"Api.max_body_bytes", FIELD_NUMBER, FIELD_SET, 0, (uint64_t)1 << 53, "Largest request body; null: no limit."},
	{"Api.browser_pages", FIELD_BOOL, FIELD_SET, 0, 0, "Pages of the upstream may run in browsers without the sandbox."},
	{"Api.allowed_ips", FIELD_TEXT, FIELD_SET, 1, 64, "Addresses or CIDR blocks that may call; empty: all."},
	{"Api.blocked_ips", FIELD_TEXT, FIELD_SET, 1, 64, "Addresses or CIDR blocks that may not call."},
	{"Api.rate", FIELD_MESSAGE, FIELD_SET, 0, 0, "Of all keys together, to spare the upstream; null: no limit."},
	{"Api.max_concurrent", FIELD_NUMBER, FIELD_SET, 1, CONCURRENT_MAX, "Requests under way at once, of all keys together; null: half of the gate's threads."},
	{"Api.target_urls", FIELD_TEXT, FIELD_SET, 1, URL_MAX_BYTES, "Further upstreams of the same service: requests take turns, and one that cannot be connected is passed over for some seconds."},
	{"Api.upstream_tls", FIELD_MESSAGE, FIELD_SET, 0, 0, "TLS to https upstreams; null: they prove themselves to the host's CAs."},
	{"Api.request_headers", FIELD_MESSAGE, FIELD_SET, 0, 0, "What is done to the fields for the upstream; null: nothing."},
	{"Api.secret_headers", FIELD_MESSAGE, FIELD_SET, 0, 0, "Fields for the upstream, in the place of those with their name, whose values are sealed and never shown."},
	{"Api.response_headers", FIELD_MESSAGE, FIELD_SET, 0, 0, "What is done to the upstream's fields for the client; null: nothing."},
	{"Api.cors", FIELD_MESSAGE, FIELD_SET, 0, 0, "What pages of other origins may do in browsers; null: it is left to the upstream."},
	{"Api.rewrite_location", FIELD_BOOL, FIELD_SET, 0, 0, "Location, Content-Location and the Path of cookies lead below the listen path instead of the upstream's."},
	{"UpstreamTls.ca_certificates", FIELD_HEX, FIELD_SET, 0, SHA256_BYTES, "SHA-256 of registered certificates of kind upstream or ca: the upstream shows one of them or is issued under one; empty: the host's CAs."},
	{"UpstreamTls.pinned_sha256", FIELD_HEX, FIELD_SET, 0, SHA256_BYTES, "SHA-256 of public keys (SubjectPublicKeyInfo): besides, the upstream must have one of them; empty: any."},
	{"UpstreamTls.server_name", FIELD_TEXT, FIELD_SET, 1, 253, "The name that the upstream is asked for and must prove; null: its host in target_url."},
	{"UpstreamTls.client_certificate", FIELD_PEM, FIELD_SET, 0, CERT_DER_MAX, "The certificate that the gate shows to the upstream; null: none."},
	{"UpstreamTls.client_chain", FIELD_PEM, FIELD_SET, 0, CERT_DER_MAX, "The CAs between client_certificate and what the upstream trusts, that certificate's issuer first."},
	{"UpstreamTls.client_key", FIELD_SEALED, FIELD_SET, 0, PRIVATE_KEY_TEXT_MAX, "The private key of client_certificate, PEM without a passphrase. It is never shown: true says that there is one, and leaves it."},
	{"HeaderRules.remove", FIELD_TEXT, FIELD_SET, 1, 100, "Names of fields that are taken out."},
	{"HeaderRules.set", FIELD_MESSAGE, FIELD_SET, 0, 0, "Fields that take the place of those with their name."},
	{"HeaderRules.add", FIELD_MESSAGE, FIELD_SET, 0, 0, "Fields that are added."},
	{"HeaderField.name", FIELD_TEXT, FIELD_SET, 1, 100, "Name."},
	{"HeaderField.value", FIELD_TEXT, FIELD_SET, 0, HEADER_VALUE_MAX, "Value."},
	{"SecretHeader.name", FIELD_TEXT, FIELD_SET, 1, 100, "Name."},
	{"SecretHeader.value", FIELD_SEALED, FIELD_SET, 0, HEADER_VALUE_MAX, "Value. It is never shown: true says that there is one, and leaves it."},
	{"Cors.allowed_origins", FIELD_TEXT, FIELD_SET, 1, ORIGIN_MAX, "Origins such as https://app.example, compared exactly."},
	{"Cors.allowed_methods", FIELD_TEXT, FIELD_SET, 1, METHOD_MAX_BYTES, "Methods beside GET, HEAD and POST."},
	{"Cors.allowed_headers", FIELD_TEXT, FIELD_SET, 1, 100, "Request fields that pages may set, such as Authorization."},
	{"Cors.exposed_headers", FIELD_TEXT, FIELD_SET, 1, 100, "Fields of the answer that pages may read."},
	{"Cors.credentials", FIELD_BOOL, FIELD_SET, 0, 0, "Browsers may send cookies and client certificates from there."},
	{"Cors.max_age_seconds", FIELD_NUMBER, FIELD_SET, 0, 86400, "How long browsers may remember this."},
	{"ApiAuth.use_certificate", FIELD_BOOL, FIELD_SET, 0, 0, "A registered client certificate lets a caller in."},
	{"ApiAuth.use_token", FIELD_BOOL, FIELD_SET, 0, 0, "A token lets a caller in."},
	{"ApiAuth.token_header", FIELD_TEXT, FIELD_SET, 1, 64, "The header field that carries the token, with or without Bearer."},
	{"ApiAuth.keyless", FIELD_BOOL, FIELD_SET, 0, 0, "Everybody may call; nobody is identified."},
	{"ApiAuth.trust", FIELD_ENUM, FIELD_SET, 0, 0, "pinned: the registered certificate itself is what is trusted. ca: it must also have been issued under one of ca_certificates."},
	{"ApiAuth.ca_certificates", FIELD_HEX, FIELD_SET, 0, SHA256_BYTES, "SHA-256 of registered certificates of kind ca; with trust ca at least one."},

	COMMON("Key"),
	{"Key.name", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "A name for people.", true},
	{"Key.active", FIELD_BOOL, FIELD_SET, 0, 0, "Off: every credential of the key is refused."},
	{"Key.expires_at", FIELD_TIME, FIELD_SET, 0, 0, "From then on the key is refused; null: never."},
	{"Key.access", FIELD_MESSAGE, FIELD_SET, 0, 0, "What the key may call; empty: nothing."},
	{"Key.policy_ids", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "Policies, by id or name; what an active one applies, it decides."},
	{"Key.rate", FIELD_MESSAGE, FIELD_SET, 0, 0, "Requests in a span of time; null: no limit."},
	{"Key.quota", FIELD_MESSAGE, FIELD_SET, 0, 0, "Requests in a period; null: no limit."},
	{"Key.max_concurrent", FIELD_NUMBER, FIELD_SET, 1, CONCURRENT_MAX, "Requests under way at once; null: a quarter of the gate's threads."},
	{"Key.allowed_ips", FIELD_TEXT, FIELD_SET, 1, 64, "Addresses or CIDR blocks that the key may be used from; empty: all."},
	{"Key.blocked_ips", FIELD_TEXT, FIELD_SET, 1, 64, "Addresses or CIDR blocks that it may not be used from."},
	{"Key.first_used_at", FIELD_TIME, FIELD_READ, 0, 0, "When it first let a request through; null: never."},
	{"Key.last_used_at", FIELD_TIME, FIELD_READ, 0, 0, "When it last did, to the minute."},
	{"Key.approved_by", FIELD_TEXT, FIELD_READ, 0, MANY, "Who approved the developer's request that made it; automatic: nobody did, the catalogue's entry approves; null: an administrator made it."},
	{"Key.organisation_id", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "The organisation that it belongs to, by id or name; null: none."},
	{"Key.developer_id", FIELD_TEXT, FIELD_READ, 1, 64, "The developer who asked for it; null: nobody did."},
	{"Key.tags", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "Words to find it by."},
	{"Key.meta", FIELD_MAP, FIELD_SET, 0, 4096, "Further facts, text by name."},
	{"Access.api_id", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "The API, by id or name."},
	{"Access.methods", FIELD_TEXT, FIELD_SET, 1, 32, "Methods allowed; empty: all."},
	{"Access.paths", FIELD_TEXT, FIELD_SET, 1, PATH_MAX_BYTES, "Paths below the listen path: /exact, /below/*, /with/{name} for one segment; empty: all."},
	{"Access.separate", FIELD_BOOL, FIELD_SET, 0, 0, "The key's rate and quota are counted for this API alone."},
	{"Access.rate", FIELD_MESSAGE, FIELD_SET, 0, 0, "A rate for what this entry lets in, beside the key's; null: none."},
	{"Access.quota", FIELD_MESSAGE, FIELD_SET, 0, 0, "A quota for what this entry lets in, beside the key's; null: none."},
	{"Rate.limit", FIELD_NUMBER, FIELD_SET, 1, RATE_LIMIT_MAX, "Requests."},
	{"Rate.per_seconds", FIELD_NUMBER, FIELD_SET, 1, RATE_SECONDS_MAX, "In any span of so many seconds."},
	{"Quota.limit", FIELD_NUMBER, FIELD_SET, 1, QUOTA_LIMIT_MAX, "Requests."},
	{"Quota.period", FIELD_ENUM, FIELD_SET, 0, 0, "From the first request of the period on."},
	{"MetaEntry.name", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "Name."},
	{"MetaEntry.value", FIELD_TEXT, FIELD_SET, 0, 4096, "Value."},

	COMMON("CatalogueEntry"),
	{"CatalogueEntry.name", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "What developers see; unique.", true},
	{"CatalogueEntry.policy_id", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "The policy that keys get, by id or name.", true},
	{"CatalogueEntry.description", FIELD_LINES, FIELD_SET, 0, MARKDOWN_MAX, "What it is, in Markdown: without HTML, links to http, https and mailto, images of this host; null: none."},
	{"CatalogueEntry.documentation_url", FIELD_TEXT, FIELD_SET, 1, URL_MAX_BYTES, "Where more is written, http or https; null: nowhere."},
	{"CatalogueEntry.visible", FIELD_BOOL, FIELD_SET, 0, 0, "Off: developers do not see it; keys stay as they are."},
	{"CatalogueEntry.approval", FIELD_ENUM, FIELD_SET, 0, 0, "manual: an administrator approves each request; automatic: the key works at once."},
	{"CatalogueEntry.proof", FIELD_ENUM, FIELD_SET, 0, 0, "required: a request is approved only after its certificate was seen in a handshake together with its code."},
	{"CatalogueEntry.renewal", FIELD_ENUM, FIELD_SET, 0, 0, "What lets a key have its next certificate: session (signed in, with the password once more, or as next), certificate (a call with one that it has), approval (either, and an administrator approves)."},
	{"CatalogueEntry.max_keys_per_developer", FIELD_NUMBER, FIELD_SET, 1, DEVELOPER_KEYS_MAX, "Keys of this entry that a developer may have, waiting requests included."},

	COMMON("KeyRequest"),
	{"KeyRequest.name", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "The name of the key; not to be given with key_id: the key keeps its own."},
	{"KeyRequest.developer_id", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "Who asks, by id or name."},
	{"KeyRequest.catalogue_id", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "The catalogue entry asked for, by id or name."},
	{"KeyRequest.key_id", FIELD_TEXT, FIELD_SET, 1, 64, "The key that is to get it; null: a new one. Of an approved request the key that was made."},
	{"KeyRequest.token", FIELD_BOOL, FIELD_SET, 0, 0, "The key is to have a token instead of a certificate; its owner makes it once the request is approved."},
	{"KeyRequest.certificate_sha256", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "SHA-256 of its certificate."},
	{"KeyRequest.certificate", FIELD_PEM, FIELD_READ, 0, CERT_DER_MAX, "The certificate, while the request waits."},
	{"KeyRequest.proven_at", FIELD_TIME, FIELD_READ, 0, 0, "When the certificate was seen in a handshake together with the request's code; null: it is only claimed."},
	{"KeyRequest.status", FIELD_ENUM, FIELD_READ, 0, 0, "pending, approved, declined or withdrawn."},
	{"KeyRequest.reason", FIELD_TEXT, FIELD_READ, 0, REASON_MAX, "Why it was declined; the developer sees it; null: no reason."},
	{"KeyRequest.decided_at", FIELD_TIME, FIELD_READ, 0, 0, "When it was decided."},
	{"KeyRequest.decided_by", FIELD_TEXT, FIELD_READ, 0, MANY, "By whom; automatic: by the catalogue's entry; null: it waits."},
	{"KeyRequest.proof_code", FIELD_TEXT, FIELD_HIDDEN, 1, 64, "Shown to the developer alone."},
	{"KeyRequest.disputed", FIELD_BOOL, FIELD_READ, 0, 0, "Somebody else has claimed or registered the certificate: it has to be proven first."},
	{"KeyRequest.renewal", FIELD_BOOL, FIELD_READ, 0, 0, "It is about a further certificate of key_id."},
	{"KeyRequest.replaces", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "The certificate of key_id that ends overlap_days after the approval; null: all stay."},
	{"KeyRequest.overlap_days", FIELD_NUMBER, FIELD_READ, 0, OVERLAP_DAYS_MAX, "Days that both work."},
	{"KeyRequest.gone_renewal", FIELD_ENUM, FIELD_HIDDEN, 0, 0, "How its entry let keys be renewed."},

	COMMON("Policy"),
	{"Policy.name", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "A name for people; unique.", true},
	{"Policy.active", FIELD_BOOL, FIELD_SET, 0, 0, "Off: it gives nothing to its keys."},
	{"Policy.applies", FIELD_ENUM, FIELD_SET, 0, 0, "The parts that it decides for its keys, instead of their own."},
	{"Policy.access", FIELD_MESSAGE, FIELD_SET, 0, 0, "What its keys may call; empty: nothing."},
	{"Policy.rate", FIELD_MESSAGE, FIELD_SET, 0, 0, "Requests of each key in a span of time; null: no limit."},
	{"Policy.quota", FIELD_MESSAGE, FIELD_SET, 0, 0, "Requests of each key in a period; null: no limit."},
	{"Policy.key_lifetime_days", FIELD_NUMBER, FIELD_SET, 1, LIFETIME_DAYS_MAX, "A key ends so many days after it was made, or at its own expires_at if that is sooner; null: no end."},
	{"Policy.held", FIELD_BOOL, FIELD_SET, 0, 0, "On after a restore, where it was switched off or removed since the backup: it gives no access, and its keys do not fall back on wider rights or limits, until this is false."},
	{"Policy.tags", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "Words to find it by."},

	{"Credential.sha256", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "SHA-256 of the certificate's DER or of the token.", true},
	{"Credential.type", FIELD_ENUM, FIELD_READ, 0, 0, "What the caller shows."},
	{"Credential.key_id", FIELD_TEXT, FIELD_READ, 1, 64, "The key it belongs to.", true},
	{"Credential.active", FIELD_BOOL, FIELD_SET, 0, 0, "Off: refused. A revoked one is switched on again only here."},
	{"Credential.active_from", FIELD_TIME, FIELD_SET, 0, 0, "Refused before."},
	{"Credential.ends_at", FIELD_TIME, FIELD_SET, 0, 0, "Refused from then on; null: never."},
	{"Credential.bound_to", FIELD_HEX, FIELD_SET, 0, SHA256_BYTES, "A token's: it works only together with one of these certificates."},
	{"Credential.added_at", FIELD_TIME, FIELD_READ, 0, 0, "When it was added."},
	{"Credential.not_before", FIELD_TIME, FIELD_READ, 0, 0, "A certificate's: valid from."},
	{"Credential.not_after", FIELD_TIME, FIELD_READ, 0, 0, "A certificate's: valid to, inclusive."},
	{"Credential.revoked_at", FIELD_TIME, FIELD_READ, 0, 0, "When it was revoked."},
	{"Credential.held", FIELD_BOOL, FIELD_SET, 0, 0, "On after a restore that could not tell what was revoked since the backup: refused until it is switched off."},
	{"Credential.proven_at", FIELD_TIME, FIELD_READ, 0, 0, "When it was seen in a handshake together with the code of a request; null: never."},
	{"Credential.claimed", FIELD_BOOL, FIELD_READ, 0, 0, "It was pasted in the portal and is not proven: it yields to a request that proves it."},
	{"Credential.first_used_at", FIELD_TIME, FIELD_READ, 0, 0, "When it first let a request through; null: never."},
	{"Credential.last_used_at", FIELD_TIME, FIELD_READ, 0, 0, "When it last did, to the minute."},
	{"Credential.revoked_reason", FIELD_ENUM, FIELD_READ, 0, 0, "Why it was revoked."},
	{"Credential.revision", FIELD_NUMBER, FIELD_READ, 0, MANY, "Grows with each change; also the ETag."},

	{"QuotaCount.name", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "Whose it is: a digest of ids."},
	{"QuotaCount.used", FIELD_NUMBER, FIELD_READ, 0, MANY, "Requests of the period so far."},
	{"QuotaCount.starts_at", FIELD_TIME, FIELD_READ, 0, 0, "When the period began."},
	{"QuotaCount.ends_at", FIELD_TIME, FIELD_READ, 0, 0, "When it ends."},
	{"QuotaCount.period", FIELD_ENUM, FIELD_READ, 0, 0, "What it was counted for."},

	COMMON("Certificate"),
	{"Certificate.kind", FIELD_ENUM, FIELD_READ, 0, 0, "What it is for."},
	{"Certificate.sha256", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "SHA-256 of the DER; also the id.", true},
	{"Certificate.spki_sha256", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "SHA-256 of the public key (SubjectPublicKeyInfo).", true},
	{"Certificate.subject", FIELD_TEXT, FIELD_READ, 0, MANY, "Subject, RFC 4514.", true},
	{"Certificate.issuer", FIELD_TEXT, FIELD_READ, 0, MANY, "Issuer, RFC 4514.", true},
	{"Certificate.serial", FIELD_TEXT, FIELD_READ, 0, MANY, "Serial number, hex.", true},
	{"Certificate.not_before", FIELD_TIME, FIELD_READ, 0, 0, "Valid from.", true},
	{"Certificate.not_after", FIELD_TIME, FIELD_READ, 0, 0, "Valid to, inclusive.", true},
	{"Certificate.public_key", FIELD_TEXT, FIELD_READ, 0, MANY, "Kind and size of the public key.", true},
	{"Certificate.names", FIELD_TEXT, FIELD_READ, 0, MANY, "Subject alternative names."},
	{"Certificate.der", FIELD_PEM, FIELD_READ, 0, CERT_DER_MAX, "The public certificate.", true},

	COMMON("ExposedKey"),
	{"ExposedKey.spki_sha256", FIELD_HEX, FIELD_SET, 0, SHA256_BYTES, "SHA-256 of the public key (SubjectPublicKeyInfo); also the id.", true},

	COMMON("Crl"),
	{"Crl.number", FIELD_TEXT, FIELD_READ, 0, MANY, "Its number, hex."},
	{"Crl.this_update", FIELD_TIME, FIELD_READ, 0, 0, "When the CA made it."},
	{"Crl.next_update", FIELD_TIME, FIELD_READ, 0, 0, "Until when it counts; afterwards the CA's certificates are refused. null: without an end."},
	{"Crl.entries", FIELD_NUMBER, FIELD_READ, 0, MANY, "How many serial numbers are on it."},
	{"Crl.held", FIELD_BOOL, FIELD_READ, 0, 0, "On after a restore, where a newer list was given since the backup: the CA's certificates are refused until the newest is given again."},
	{"Crl.der", FIELD_CRL, FIELD_READ, 0, CRL_DER_MAX, "The list."},

	COMMON("User"),
	{"User.name", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "What the person types to sign in; unique.", true},
	{"User.role", FIELD_ENUM, FIELD_SET, 0, 0, "What the person may do."},
	{"User.must_change", FIELD_BOOL, FIELD_SET, 0, 0, "The password must be changed at the next sign-in."},
	{"User.held", FIELD_BOOL, FIELD_SET, 0, 0, "On after a restore that could not tell who was removed since the backup: may do nothing until it is switched off."},
	{"User.email", FIELD_TEXT, FIELD_SET, 1, MAIL_ADDRESS_MAX, "Where notices go, such as of a new request; null: nowhere."},
	{"User.password_hash", FIELD_TEXT, FIELD_HIDDEN, 0, MANY, "yescrypt."},

	COMMON("UserCertificate"),
	{"UserCertificate.user_id", FIELD_TEXT, FIELD_READ, 1, 64, "The user whom it signs in.", true},
	{"UserCertificate.sha256", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "SHA-256 of the DER; also the id.", true},
	{"UserCertificate.spki_sha256", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "SHA-256 of the public key (SubjectPublicKeyInfo).", true},
	{"UserCertificate.subject", FIELD_TEXT, FIELD_READ, 0, MANY, "Subject, RFC 4514.", true},
	{"UserCertificate.issuer", FIELD_TEXT, FIELD_READ, 0, MANY, "Issuer, RFC 4514.", true},
	{"UserCertificate.not_before", FIELD_TIME, FIELD_READ, 0, 0, "Valid from."},
	{"UserCertificate.not_after", FIELD_TIME, FIELD_READ, 0, 0, "Valid to, inclusive."},

	COMMON("RestToken"),
	{"RestToken.name", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "A name for people.", true},
	{"RestToken.role", FIELD_ENUM, FIELD_SET, 0, 0, "What it may do; never more than its owner may now."},
	{"RestToken.owner_id", FIELD_TEXT, FIELD_READ, 1, 64, "The user it belongs to; it ends with that user.", true},
	{"RestToken.expires_at", FIELD_TIME, FIELD_SET, 0, 0, "From then on it is refused."},
	{"RestToken.last_used_at", FIELD_TIME, FIELD_READ, 0, 0, "When it was last used, to the minute."},
	{"RestToken.sha256", FIELD_HEX, FIELD_HIDDEN, 0, SHA256_BYTES, "Digest of the token."},

	COMMON("Organisation"),
	{"Organisation.name", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "A name for people.", true},
	{"Organisation.contacts", FIELD_TEXT, FIELD_SET, 1, MAIL_ADDRESS_MAX, "E-mail addresses that get notices about its keys, beside its developers."},
	{"Organisation.active", FIELD_BOOL, FIELD_SET, 0, 0, "Off: its keys are refused, and its developers cannot sign in."},

	COMMON("Developer"),
	{"Developer.name", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "The person's name.", true},
	{"Developer.email", FIELD_TEXT, FIELD_SET, 1, MAIL_ADDRESS_MAX, "What the person signs in with; unique.", true},
	{"Developer.organisation_id", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "The organisation, by id or name; left out: a new one with the developer's name."},
	{"Developer.role", FIELD_ENUM, FIELD_SET, 0, 0, "A manager invites and removes developers of the organisation; left out: manager of a new organisation, member of one that is there."},
	{"Developer.active", FIELD_BOOL, FIELD_SET, 0, 0, "Off: cannot sign in, and the keys that the developer asked for are refused."},
	{"Developer.password_hash", FIELD_TEXT, FIELD_HIDDEN, 0, MANY, "yescrypt."},
	{"Developer.confirmed_at", FIELD_TIME, FIELD_READ, 0, 0, "When a link that was sent to the address was opened; null: an administrator made the developer."},
	{"Developer.terms_accepted_at", FIELD_TIME, FIELD_READ, 0, 0, "When the terms were accepted; null: there were none."},

	{"Link.id", FIELD_TEXT, FIELD_HIDDEN, 1, 64, "Its id."},
	{"Link.kind", FIELD_ENUM, FIELD_HIDDEN, 0, 0, "What it does."},
	{"Link.created_at", FIELD_TIME, FIELD_HIDDEN, 0, 0, "When it was asked for."},
	{"Link.expires_at", FIELD_TIME, FIELD_HIDDEN, 0, 0, "Until when it counts."},
	{"Link.sha256", FIELD_HEX, FIELD_HIDDEN, 0, SHA256_BYTES, "Digests of its texts."},
	{"Link.email", FIELD_TEXT, FIELD_HIDDEN, 0, MAIL_ADDRESS_MAX, "Whom it was sent to."},
	{"Link.name", FIELD_TEXT, FIELD_HIDDEN, 0, NAME_MAX_BYTES, "The name given."},
	{"Link.password_hash", FIELD_TEXT, FIELD_HIDDEN, 0, MANY, "yescrypt."},
	{"Link.developer_id", FIELD_TEXT, FIELD_HIDDEN, 0, 64, "Whose it is."},
	{"Link.organisation_id", FIELD_TEXT, FIELD_HIDDEN, 0, 64, "Into which organisation."},
	{"Link.subject_id", FIELD_TEXT, FIELD_HIDDEN, 0, MANY, "What it is about."},
	{"Link.terms_accepted", FIELD_BOOL, FIELD_HIDDEN, 0, 0, "The terms were accepted."},
	{"Link.replaced_sha256", FIELD_HEX, FIELD_HIDDEN, 0, SHA256_BYTES, "The certificate that got an end."},
	{"Link.replaced_ends_at", FIELD_TIME, FIELD_HIDDEN, 0, 0, "The end that it got."},
	{"Link.replaced_ended_at", FIELD_TIME, FIELD_HIDDEN, 0, 0, "The end that it had; null: none."},

	{"OutboxMail.id", FIELD_TEXT, FIELD_READ, 1, 64, "Its id, also in the mail's head."},
	{"OutboxMail.created_at", FIELD_TIME, FIELD_READ, 0, 0, "When it was written."},
	{"OutboxMail.kind", FIELD_ENUM, FIELD_READ, 0, 0, "What it is about."},
	{"OutboxMail.to", FIELD_TEXT, FIELD_READ, 1, MAIL_ADDRESS_MAX, "To whom."},
	{"OutboxMail.values", FIELD_TEXT, FIELD_HIDDEN, 0, MANY, "What it says, as JSON."},
	{"OutboxMail.link_id", FIELD_TEXT, FIELD_HIDDEN, 0, 64, "The link in it."},
	{"OutboxMail.due", FIELD_TEXT, FIELD_READ, 0, 32, "When it is tried next; null: it was sent, or given up."},
	{"OutboxMail.tries", FIELD_NUMBER, FIELD_READ, 0, MANY, "How often it was tried."},
	{"OutboxMail.sent_at", FIELD_TIME, FIELD_READ, 0, 0, "When it was sent."},
	{"OutboxMail.fault", FIELD_TEXT, FIELD_READ, 0, MANY, "Why it could not be sent the last time; null: nothing was wrong."},

	{"Session.id", FIELD_TEXT, FIELD_HIDDEN, 1, 64, "SHA-256 of the cookie's text."},
	{"Session.of", FIELD_ENUM, FIELD_HIDDEN, 0, 0, "Where its cookie counts."},
	{"Session.user_id", FIELD_TEXT, FIELD_HIDDEN, 1, 64, "Who is signed in."},
	{"Session.created_at", FIELD_TIME, FIELD_HIDDEN, 0, 0, "When."},
	{"Session.last_used_at", FIELD_TIME, FIELD_HIDDEN, 0, 0, "The last request, to the minute."},
	{"Session.from_address", FIELD_TEXT, FIELD_HIDDEN, 0, 64, "From which address."},

	COMMON("Setting"),
	{"Setting.base_urls", FIELD_MESSAGE, FIELD_SET, 0, 0, "Where people reach this host: for links in mails and the curl lines of pages. Scheme, host and port; empty: nobody has said."},
	{"Setting.portal_title", FIELD_TEXT, FIELD_SET, 1, NAME_MAX_BYTES, "What the developers' portal is called."},
	{"Setting.catalogue_public", FIELD_BOOL, FIELD_SET, 0, 0, "The portal's catalogue can be read without signing in."},
	{"Setting.sign_up", FIELD_ENUM, FIELD_SET, 0, 0, "open: developers may join by themselves. closed: administrators add them."},
	{"Setting.sign_up_domains", FIELD_TEXT, FIELD_SET, 1, DOMAIN_MAX_BYTES, "Domains of the e-mail addresses that may join; empty: all."},
	{"Setting.terms", FIELD_LINES, FIELD_SET, 0, MARKDOWN_MAX, "What who joins has to accept, Markdown; empty: nothing."},
	{"Setting.mail_from", FIELD_TEXT, FIELD_SET, 0, MAIL_ADDRESS_MAX, "The address that mails come from; empty: none is set."},
	{"Setting.lighttpd_announce_partners", FIELD_BOOL, FIELD_SET, 0, 0, "The file for lighttpd's ssl.ca-file also holds the certificates of keys, whose names lighttpd then shows to anybody who connects."},
	{"BaseUrls.gate", FIELD_TEXT, FIELD_SET, 0, URL_MAX_BYTES, "Of the APIs, such as https://api.example.org."},
	{"BaseUrls.portal", FIELD_TEXT, FIELD_SET, 0, URL_MAX_BYTES, "Of the host that has /portal."},
	{"BaseUrls.admin", FIELD_TEXT, FIELD_SET, 0, URL_MAX_BYTES, "Of the host that has /admin."},

	{"AuditEntry.number", FIELD_NUMBER, FIELD_READ, 0, MANY, "Counts up from 1."},
	{"AuditEntry.at", FIELD_TIME, FIELD_READ, 0, 0, "When."},
	{"AuditEntry.actor", FIELD_TEXT, FIELD_READ, 0, MANY, "Who, by name.", true},
	{"AuditEntry.actor_id", FIELD_TEXT, FIELD_READ, 0, MANY, "Who."},
	{"AuditEntry.from_address", FIELD_TEXT, FIELD_READ, 0, MANY, "From which address."},
	{"AuditEntry.request_id", FIELD_TEXT, FIELD_READ, 0, MANY, "In which request."},
	{"AuditEntry.action", FIELD_TEXT, FIELD_READ, 0, MANY, "What was done.", true},
	{"AuditEntry.subject_id", FIELD_TEXT, FIELD_READ, 0, MANY, "To what."},
	{"AuditEntry.subject_name", FIELD_TEXT, FIELD_READ, 0, MANY, "To what, by name."},
	{"AuditEntry.changes", FIELD_TEXT, FIELD_READ, 0, MANY, "New values of what changed, as JSON; null: there are none."},

	{"AuditEntry.previous", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "HMAC of the entry before; null: this is the first."},
	{"AuditEntry.hmac", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "HMAC of this entry and, through previous, of all before."},

	{"Refusal.request_id", FIELD_TEXT, FIELD_READ, 1, 64, "The request's id, as the client saw it."},
	{"Refusal.at", FIELD_TIME, FIELD_READ, 0, 0, "When."},
	{"Refusal.code", FIELD_TEXT, FIELD_READ, 0, MANY, "Why, for programs; as the client saw it.", true},
	{"Refusal.status", FIELD_NUMBER, FIELD_READ, 0, 599, "The HTTP status that the client saw."},
	{"Refusal.detail", FIELD_TEXT, FIELD_READ, 0, REFUSAL_DETAIL_MAX, "Why, for people; as the client saw it, cut."},
	{"Refusal.api_id", FIELD_TEXT, FIELD_READ, 0, 64, "The API that was called; null: none listens there."},
	{"Refusal.key_id", FIELD_TEXT, FIELD_READ, 0, 64, "The key whose credential came; null: nobody's."},
	{"Refusal.method", FIELD_TEXT, FIELD_READ, 0, REFUSAL_TEXT_MAX, "The request's method."},
	{"Refusal.path", FIELD_TEXT, FIELD_READ, 0, REFUSAL_PATH_MAX, "The request's path, without its query, made safe and cut."},
	{"Refusal.site", FIELD_TEXT, FIELD_READ, 0, REFUSAL_TEXT_MAX, "The site it came through."},
	{"Refusal.address", FIELD_TEXT, FIELD_READ, 0, 64, "From which address; null where the web server did not prove itself."},
	{"Refusal.sha256", FIELD_HEX, FIELD_READ, 0, SHA256_BYTES, "SHA-256 of the certificate that came."},
	{"Refusal.token_sha256_start", FIELD_TEXT, FIELD_READ, 0, REFUSAL_TOKEN_DIGITS, "The first digits of the SHA-256 of the token that came: a key's credentials show the whole."},

	{"Usage.step", FIELD_ENUM, FIELD_READ, 0, 0, "How long the span is."},
	{"Usage.at", FIELD_TIME, FIELD_READ, 0, 0, "When it begins."},
	{"Usage.api_id", FIELD_TEXT, FIELD_READ, 0, 64, "The API; empty: none has the path."},
	{"Usage.key_id", FIELD_TEXT, FIELD_READ, 0, 64, "The key; empty: nobody was identified."},
	{"Usage.code", FIELD_TEXT, FIELD_READ, 0, 32, "Why it was not answered by the upstream; empty: it was."},
	{"Usage.status", FIELD_NUMBER, FIELD_READ, 0, 599, "The HTTP status that the client got; 0: none."},
	{"Usage.requests", FIELD_NUMBER, FIELD_READ, 0, MANY, "How many."},
	{"Usage.whole", FIELD_NUMBER, FIELD_READ, 0, MANY, "How long they took: buckets and counts in turn."},
	{"Usage.upstream", FIELD_NUMBER, FIELD_READ, 0, MANY, "The upstream's part of it."},
	{"Usage.own", FIELD_NUMBER, FIELD_READ, 0, MANY, "The rest."},

	{"Notice.id", FIELD_TEXT, FIELD_READ, 1, 128, "What was told, of whom."},
	{"Notice.about", FIELD_TIME, FIELD_READ, 0, 0, "The time that it is about."},
	{"Notice.days", FIELD_NUMBER, FIELD_READ, 0, MANY, "Told so many days before."},

	{"Meta.store_id", FIELD_TEXT, FIELD_HIDDEN, 0, MANY, "Random; tells whether a backup is of this store."},
	{"Meta.schema_version", FIELD_NUMBER, FIELD_HIDDEN, 0, MANY, "The newest line of schema/MIGRATIONS."},
	{"Meta.created_at", FIELD_TIME, FIELD_HIDDEN, 0, 0, "When the store was made."},
};
/* clang-format on */

/* The messages that have rows, each with its rows in the order of the descriptor's fields. */
#define FIELDS_MAX 32
static struct {
	const ProtobufCMessageDescriptor *type;
	const struct record_field *rows[FIELDS_MAX]; /* NULL: none, which a unit test finds */
} messages[] = {
    {.type = &cg__api__descriptor},	      {.type = &cg__api_auth__descriptor},
    {.type = &cg__key__descriptor},	      {.type = &cg__access__descriptor},
    {.type = &cg__meta_entry__descriptor},    {.type = &cg__credential__descriptor},
    {.type = &cg__certificate__descriptor},   {.type = &cg__user__descriptor},
    {.type = &cg__rest_token__descriptor},    {.type = &cg__audit_entry__descriptor},
    {.type = &cg__meta__descriptor},	      {.type = &cg__exposed_key__descriptor},
    {.type = &cg__crl__descriptor},	      {.type = &cg__refusal__descriptor},
    {.type = &cg__policy__descriptor},	      {.type = &cg__rate__descriptor},
    {.type = &cg__quota__descriptor},	      {.type = &cg__quota_count__descriptor},
    {.type = &cg__usage__descriptor},	      {.type = &cg__notice__descriptor},
    {.type = &cg__upstream_tls__descriptor},  {.type = &cg__header_rules__descriptor},
    {.type = &cg__header_field__descriptor},  {.type = &cg__cors__descriptor},
    {.type = &cg__session__descriptor},	      {.type = &cg__catalogue_entry__descriptor},
    {.type = &cg__key_request__descriptor},   {.type = &cg__organisation__descriptor},
    {.type = &cg__developer__descriptor},     {.type = &cg__link__descriptor},
    {.type = &cg__outbox_mail__descriptor},   {.type = &cg__setting__descriptor},
    {.type = &cg__base_urls__descriptor},     {.type = &cg__user_certificate__descriptor},
    {.type = &cg__secret_header__descriptor},
};
static pthread_once_t sorted = PTHREAD_ONCE_INIT;

static const struct record_field *find_row(const char *message, const char *field)
{
	size_t len = strlen(message);
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (strncmp(rows[i].name, message, len) == 0 && rows[i].name[len] == '.' &&
		    strcmp(rows[i].name + len + 1, field) == 0)
			return &rows[i];
	return NULL;
}

/* Once: looking names up for each member of each record was a quarter of an import's time. */
static void sort_rows(void)
{
	for (size_t m = 0; m < CG_COUNT(messages); m++) {
		const ProtobufCMessageDescriptor *type = messages[m].type;
		for (unsigned f = 0; f < type->n_fields && f < FIELDS_MAX; f++)
			messages[m].rows[f] = find_row(type->short_name, type->fields[f].name);
	}
}

const struct record_field *record_field(const ProtobufCMessageDescriptor *message,
					const ProtobufCFieldDescriptor *field)
{
	size_t at = (size_t)(field - message->fields);
	(void)pthread_once(&sorted, sort_rows);
	for (size_t m = 0; m < CG_COUNT(messages) && at < FIELDS_MAX; m++)
		if (messages[m].type == message)
			return messages[m].rows[at];
	return NULL;
}

const struct record_field *record_fields(size_t *n)
{
	*n = CG_COUNT(rows);
	return rows;
}
