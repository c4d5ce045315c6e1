#include "base/base.h"
#include "cert/cert.h"
#include "cert/inside.h"
#include "base/text.h"

/* A serial of more octets is against RFC 5280 (20), but exists; longer ones are cut. */
#define SERIAL_OCTETS_MAX 64

static const char *serial_text(struct arena *arena, struct span body)
{
	uint8_t octets[SERIAL_OCTETS_MAX];
	char text[2 * SERIAL_OCTETS_MAX + 1];
	size_t n = body.n < sizeof(octets) ? body.n : sizeof(octets);
	bool negative = n > 0 && ((uint8_t)body.p[0] & 0x80);
	memcpy(octets, body.p, n);
	if (negative) { /* two's complement */
		unsigned carry = 1;
		for (size_t i = n; i > 0; i--) {
			unsigned v = (uint8_t)~octets[i - 1] + carry;
			octets[i - 1] = (uint8_t)v;
			carry = v >> 8;
		}
	}
	size_t skip = n > 1 && octets[0] == 0 ? 1 : 0;
	hex_format(octets + skip, n - skip, text);
	return arena_printf(arena, "%s%s%s", negative ? "-" : "", text, n < body.n ? "..." : "");
}

static const char *key_text(struct arena *arena, const struct key_parts *key)
{
	switch (key->kind) {
	case KEY_RSA:
		return arena_printf(arena, "RSA %u", key->bits);
	case KEY_RSA_PSS:
		return arena_printf(arena, "RSA-PSS %u", key->bits);
	case KEY_EC:
		return arena_printf(arena, "EC %s", key->curve);
	case KEY_ED25519:
		return "Ed25519";
	case KEY_ED448:
		return "Ed448";
	case KEY_OTHER:
		break;
	}
	if (key->curve)
		return key->curve;
	struct buf oid;
	buf_init(&oid, 8 * key->oid.n + 64);
	buf_add_text(&oid, "OID ");
	oid_add(&oid, key->oid);
	char text[CERT_NAME_TEXT_MAX + 1];
	text_for_log(buf_span(&oid), text, sizeof(text));
	bool failed = oid.failed;
	buf_release(&oid);
	return failed ? NULL : arena_strdup(arena, text);
}

cg_rc cert_facts(struct span der, struct arena *arena, struct cert *out, struct cg_err *err)
{
	struct cert_parts parts;
	struct cert c = {.der = der};
	if (!parts_of(der, &parts))
		goto damaged;
	c.subject = name_text(arena, parts.subject);
	c.issuer = name_text(arena, parts.issuer);
	c.serial = serial_text(arena, parts.serial);
	c.public_key = key_text(arena, &parts.key);
	c.not_before = parts.not_before;
	c.not_after = parts.not_after;
	c.is_ca = parts.is_ca;
	c.client_auth_allowed = parts.client_auth_allowed;
	if (!arena->failed && (!c.subject || !c.issuer))
		goto damaged;
	if (parts.alt_names.p && !general_names(arena, parts.alt_names, &c) && !arena->failed)
		goto damaged;
	if (arena->failed || !c.serial || !c.public_key || sha256_of(der, &c.sha256) != CG_OK ||
	    sha256_of(parts.spki, &c.spki_sha256) != CG_OK)
		return cg_fail_memory(err);
	*out = c;
	return CG_OK;
damaged:
	return cg_fail_code(err, CG_BAD_VALUE, CERT_DAMAGED,
			    "The certificate is damaged. Copy it again from where it was made.");
}
