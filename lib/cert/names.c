#include "base/base.h"
#include "cert/inside.h"
#include "base/text.h"
#include <arpa/inet.h>
#include <unistr.h>

static const struct {
	struct span oid;
	const char *name;
} attributes[] = {
    {SPAN_LIT("\x55\x04\x03"),			       "CN"			   },
    {SPAN_LIT("\x55\x04\x04"),			       "SN"			   },
    {SPAN_LIT("\x55\x04\x05"),			       "serialNumber"	     },
    {SPAN_LIT("\x55\x04\x06"),			       "C"			  },
    {SPAN_LIT("\x55\x04\x07"),			       "L"			  },
    {SPAN_LIT("\x55\x04\x08"),			       "ST"			   },
    {SPAN_LIT("\x55\x04\x09"),			       "street"		       },
    {SPAN_LIT("\x55\x04\x0a"),			       "O"			  },
    {SPAN_LIT("\x55\x04\x0b"),			       "OU"			   },
    {SPAN_LIT("\x55\x04\x0c"),			       "title"		      },
    {SPAN_LIT("\x55\x04\x2a"),			       "GN"			   },
    {SPAN_LIT("\x55\x04\x61"),			       "organizationIdentifier"},
    {SPAN_LIT("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), "UID"			},
    {SPAN_LIT("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), "DC"		       },
    {SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"),     "emailAddress"	     },
};

static void hex_add(struct buf *to, struct span bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		buf_printf(to, "%02x", (unsigned)(uint8_t)bytes.p[i]);
}

void oid_add(struct buf *to, struct span oid)
{
	uint64_t arc = 0;
	bool first = true;
	for (size_t i = 0; i < oid.n; i++) {
		uint8_t b = (uint8_t)oid.p[i];
		if (arc > UINT64_MAX >> 7) {
			buf_add_text(to, ".?"); /* a number nobody has been given */
			return;
		}
		arc = arc << 7 | (b & 0x7f);
		if (b & 0x80)
			continue;
		if (first) {
			uint64_t top = arc < 80 ? arc / 40 : 2;
			buf_printf(to, "%" PRIu64 ".%" PRIu64, top, arc - 40 * top);
		} else {
			buf_printf(to, ".%" PRIu64, arc);
		}
		first = false;
		arc = 0;
	}
}

/* Text in a certificate's own words: as it came, before it is made safe. */
static void char_add(struct buf *to, ucs4_t c)
{
	uint8_t utf8[6];
	int n = u8_uctomb(utf8, c, sizeof(utf8));
	buf_add(to, n > 0 ? span_make(utf8, (size_t)n) : SPAN_LIT("\xef\xbf\xbd"));
}

static void wide_add(struct buf *to, struct span bytes, size_t width)
{
	for (size_t i = 0; i + width <= bytes.n; i += width) {
		ucs4_t c = 0;
		for (size_t k = 0; k < width; k++)
			c = c << 8 | (uint8_t)bytes.p[i + k];
		char_add(to, c);
	}
	if (bytes.n % width != 0)
		char_add(to, 0xfffd);
}

/* The value of an attribute in UTF-8; false when it is not text. */
static bool string_add(struct buf *to, const struct der *value)
{
	switch (value->tag) {
	case DER_UTF8:
	case DER_PRINTABLE:
	case DER_IA5:
	case DER_NUMERIC:
	case DER_VISIBLE:
		buf_add(to, value->body);
		return true;
	case DER_TELETEX: /* in practice Latin-1 */
		wide_add(to, value->body, 1);
		return true;
	case DER_BMP:
		wide_add(to, value->body, 2);
		return true;
	case DER_UNIVERSAL:
		wide_add(to, value->body, 4);
		return true;
	default:
		return false;
	}
}

static bool wide_is_valid(struct span bytes, size_t width)
{
	uint8_t utf8[6];
	if (bytes.n % width != 0)
		return false;
	for (size_t i = 0; i < bytes.n; i += width) {
		ucs4_t c = 0;
		for (size_t k = 0; k < width; k++)
			c = c << 8 | (uint8_t)bytes.p[i + k];
		if (u8_uctomb(utf8, c, sizeof(utf8)) < 0)
			return false;
	}
	return true;
}

/* Whether OpenSSL takes it as the value of an attribute (measured with 3.0: d2i_X509, which a web
 * server calls before anybody is asked). */
static bool value_is_readable(const struct der *value)
{
	switch (value->tag) {
	case DER_UTF8:
		return u8_check((const uint8_t *)value->body.p, value->body.n) == NULL;
	case DER_BMP:
		return wide_is_valid(value->body, 2);
	case DER_UNIVERSAL:
		return wide_is_valid(value->body, 4);
	case DER_PRINTABLE:
	case DER_IA5:
	case DER_NUMERIC:
	case DER_TELETEX:
	case DER_BIT_STRING:
	case DER_SEQUENCE:
		return true;
	default:
		return false;
	}
}

bool name_is_readable(struct span name)
{
	struct der list, rdn, ava, oid, value;
	if (!der_take(&name, DER_SEQUENCE, &list))
		return false;
	while (list.body.n > 0) {
		if (!der_take(&list.body, DER_SET, &rdn))
			return false;
		while (rdn.body.n > 0)
			if (!der_take(&rdn.body, DER_SEQUENCE, &ava) ||
			    !der_take(&ava.body, DER_OID, &oid) || !der_next(&ava.body, &value) ||
			    !value_is_readable(&value))
				return false;
	}
	return true;
}

/* Of RFC 4514's escapes those without which a value could pass for another attribute; the others
 * only make names hard to read. */
static void escaped_add(struct buf *to, struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == ',' || c == '+' || c == '\\' || (c == '#' && i == 0))
			buf_add_char(to, '\\');
		buf_add_char(to, c);
	}
}

static bool attribute_add(struct buf *to, struct span ava)
{
	struct der oid, value;
	if (!der_take(&ava, DER_OID, &oid) || !der_next(&ava, &value) || ava.n > 0)
		return false;
	const char *name = NULL;
	for (size_t i = 0; i < CG_COUNT(attributes); i++)
		if (span_is(oid.body, attributes[i].oid))
			name = attributes[i].name;
	if (name)
		buf_add_text(to, name);
	else
		oid_add(to, oid.body);
	buf_add_char(to, '=');
	struct buf text;
	buf_init(&text, 3 * value.body.n + 8);
	if (string_add(&text, &value)) {
		escaped_add(to, buf_span(&text));
		to->failed = to->failed || text.failed;
	} else {
		buf_add_char(to, '#');
		hex_add(to, value.all);
	}
	buf_release(&text);
	return true;
}

static bool rdn_add(struct buf *to, struct span rdn)
{
	bool first = true;
	if (rdn.n == 0)
		return false;
	while (rdn.n > 0) {
		struct der ava;
		if (!der_take(&rdn, DER_SEQUENCE, &ava))
			return false;
		if (!first)
			buf_add_char(to, '+');
		first = false;
		if (!attribute_add(to, ava.body))
			return false;
	}
	return true;
}

static bool name_add(struct arena *arena, struct buf *to, struct span name)
{
	struct der list, rdn;
	size_t n = 0;
	if (!der_take(&name, DER_SEQUENCE, &list) || name.n > 0)
		return false;
	struct span rest = list.body;
	for (; rest.n > 0; n++)
		if (!der_take(&rest, DER_SET, &rdn))
			return false;
	struct span *rdns = arena_alloc(arena, (n + 1) * sizeof(*rdns));
	if (!rdns)
		return false;
	rest = list.body;
	for (size_t i = 0; i < n && der_take(&rest, DER_SET, &rdn); i++)
		rdns[i] = rdn.body;
	for (size_t i = n; i > 0; i--) {
		if (i < n)
			buf_add_char(to, ',');
		if (!rdn_add(to, rdns[i - 1]))
			return false;
	}
	return true;
}

static const char *safe_copy(struct arena *arena, const struct buf *text, size_t max)
{
	char safe[CERT_TEXT_MAX + 1];
	if (text->failed)
		return NULL;
	text_for_log(buf_span(text), safe, max < sizeof(safe) ? max + 1 : sizeof(safe));
	return arena_strdup(arena, safe);
}

/* Hex doubles, OIDs in dots grow less than fourfold, escapes double. */
static void text_init(struct buf *b, struct span from)
{
	buf_init(b, 8 * from.n + 64);
}

const char *name_text(struct arena *arena, struct span name)
{
	struct buf text;
	text_init(&text, name);
	const char *out =
	    name_add(arena, &text, name) ? safe_copy(arena, &text, CERT_TEXT_MAX) : NULL;
	buf_release(&text);
	return out;
}

/* RFC 5280, 4.2.1.6 */
static bool general_name_add(struct arena *arena, struct buf *to, const struct der *name)
{
	struct span body = name->body;
	struct der oid;
	char ip[INET6_ADDRSTRLEN];
	switch (name->tag) {
	case 0x81:
		buf_add_text(to, "email:");
		buf_add(to, body);
		return true;
	case 0x82:
		buf_add_text(to, "DNS:");
		buf_add(to, body);
		return true;
	case 0x86:
		buf_add_text(to, "URI:");
		buf_add(to, body);
		return true;
	case 0x87:
		buf_add_text(to, "IP:");
		if ((body.n == 4 && inet_ntop(AF_INET, body.p, ip, sizeof(ip))) ||
		    (body.n == 16 && inet_ntop(AF_INET6, body.p, ip, sizeof(ip))))
			buf_add_text(to, ip);
		else
			hex_add(to, body);
		return true;
	case 0xa4:
		buf_add_text(to, "DN:");
		return name_add(arena, to, body);
	case 0xa0:
		buf_add_text(to, "other:");
		if (!der_take(&body, DER_OID, &oid))
			return false;
		oid_add(to, oid.body);
		return true;
	default:
		buf_printf(to, "other:[%u]", name->tag & 0x1fu);
		return (name->tag & 0xc0) == 0x80;
	}
}

bool general_names(struct arena *arena, struct span names, struct cert *out)
{
	struct der list, name;
	size_t n = 0;
	if (!der_take(&names, DER_SEQUENCE, &list) || names.n > 0)
		return false;
	struct span rest = list.body;
	for (; rest.n > 0; n++)
		if (!der_next(&rest, &name))
			return false;
	size_t listed = n < CERT_NAMES_MAX ? n : CERT_NAMES_MAX;
	const char **texts = arena_alloc(arena, (listed + 1) * sizeof(*texts));
	if (!texts)
		return false;
	rest = list.body;
	for (n = 0; n < listed && der_next(&rest, &name); n++) {
		struct buf text;
		text_init(&text, name.all);
		texts[n] = general_name_add(arena, &text, &name)
			       ? safe_copy(arena, &text, CERT_NAME_TEXT_MAX)
			       : NULL;
		buf_release(&text);
		if (!texts[n])
			return false;
	}
	out->names = texts;
	out->n_names = n;
	return true;
}
