#include "base/base.h"
#include "cert/inside.h"
#include "base/clock.h"

/* Deeper than any certificate, and little enough for any stack. */
#define DEPTH_MAX 24

static uint8_t byte(struct span s, size_t i)
{
	return (uint8_t)s.p[i];
}

bool der_next(struct span *rest, struct der *out)
{
	struct span s = *rest;
	if (s.n < 2 || (byte(s, 0) & 0x1f) == 0x1f)
		return false;
	size_t head = 2, len = byte(s, 1);
	if (len >= 0x80) {
		size_t n = len & 0x7f;
		/* 0x80 is BER's indefinite length; four bytes are 4 GB. */
		if (n == 0 || n > 4 || s.n < 2 + n || byte(s, 2) == 0)
			return false;
		len = 0;
		for (size_t i = 0; i < n; i++)
			len = len << 8 | byte(s, 2 + i);
		if (len < 0x80)
			return false;
		head += n;
	}
	if (len > s.n - head)
		return false;
	*out = (struct der){
	    .tag = byte(s, 0),
	    .body = {s.p + head, len	    },
	    .all = {s.p,	 head + len},
	};
	*rest = span_from(s, head + len);
	return true;
}

bool der_take(struct span *rest, uint8_t tag, struct der *out)
{
	struct span s = *rest;
	if (!der_next(&s, out) || out->tag != tag)
		return false;
	*rest = s;
	return true;
}

void der_skip(struct span *rest, uint8_t tag)
{
	struct der ignored;
	struct span s = *rest;
	if (der_take(&s, tag, &ignored))
		*rest = s;
}

bool der_bit(struct span bit_string, unsigned bit)
{
	return bit_string.n > 1 + bit / 8 &&
	       ((uint8_t)bit_string.p[1 + bit / 8] & (0x80U >> bit % 8)) != 0;
}

bool extension_take(struct span *rest, struct extension *out)
{
	struct span s = *rest;
	struct der ext, oid, critical, value;
	if (!der_take(&s, DER_SEQUENCE, &ext) || !der_take(&ext.body, DER_OID, &oid))
		return false;
	bool has_critical = der_take(&ext.body, DER_BOOLEAN, &critical);
	if ((has_critical && critical.body.n != 1) ||
	    !der_take(&ext.body, DER_OCTET_STRING, &value) || ext.body.n > 0)
		return false;
	out->oid = oid.body;
	out->value = value.body;
	out->is_critical = has_critical && critical.body.p[0] != 0;
	out->number =
	    oid.body.n == 3 && memcmp(oid.body.p, "\x55\x1d", 2) == 0 ? (uint8_t)oid.body.p[2] : 0;
	*rest = s;
	return true;
}

static bool oid_is_canonical(struct span body)
{
	if (body.n == 0 || (byte(body, body.n - 1) & 0x80))
		return false;
	for (size_t i = 0; i < body.n; i++)
		if (byte(body, i) == 0x80 && (i == 0 || !(byte(body, i - 1) & 0x80)))
			return false;
	return true;
}

static bool primitive_is_canonical(const struct der *v)
{
	struct span b = v->body;
	switch (v->tag) {
	case DER_BOOLEAN:
		return b.n == 1 && (byte(b, 0) == 0x00 || byte(b, 0) == 0xff);
	case DER_INTEGER:
		if (b.n == 0)
			return false;
		return b.n == 1 || !((byte(b, 0) == 0x00 && byte(b, 1) < 0x80) ||
				     (byte(b, 0) == 0xff && byte(b, 1) >= 0x80));
	case DER_BIT_STRING:
		if (b.n == 0 || byte(b, 0) > 7)
			return false;
		if (b.n == 1)
			return byte(b, 0) == 0;
		return (byte(b, b.n - 1) & ((1u << byte(b, 0)) - 1)) == 0;
	case DER_NULL:
		return b.n == 0;
	case DER_OID:
		return oid_is_canonical(b);
	default:
		return true;
	}
}

/* X.690, 11.6: compared as bytes, the shorter one padded with zeros. */
static bool in_order(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int cmp = memcmp(a.p, b.p, n);
	return cmp < 0 || (cmp == 0 && a.n <= b.n);
}

static bool children_are_canonical(const struct der *v, unsigned depth)
{
	struct span rest = v->body, last = {NULL, 0};
	if (depth > DEPTH_MAX)
		return false;
	while (rest.n > 0) {
		struct der child;
		if (!der_next(&rest, &child))
			return false;
		bool constructed = (child.tag & 0x20) != 0, universal = (child.tag & 0xc0) == 0;
		/* Strings in pieces are BER. */
		if (constructed && universal && child.tag != DER_SEQUENCE && child.tag != DER_SET)
			return false;
		if (constructed ? !children_are_canonical(&child, depth + 1)
				: !primitive_is_canonical(&child))
			return false;
		if (v->tag == DER_SET && last.p && !in_order(last, child.all))
			return false;
		last = child.all;
	}
	return true;
}

bool der_is_canonical(struct span all)
{
	struct der v;
	return der_take(&all, DER_SEQUENCE, &v) && all.n == 0 && children_are_canonical(&v, 0);
}

bool der_is_whole(struct span all)
{
	if (all.n < 4 || byte(all, 0) != DER_SEQUENCE)
		return false;
	size_t n = byte(all, 1), len = 0;
	if (n < 0x80)
		return n == all.n - 2;
	n &= 0x7f;
	if (n == 0) /* indefinite: ends in two zeros */
		return byte(all, all.n - 1) == 0 && byte(all, all.n - 2) == 0;
	if (n > 8 || all.n < 2 + n)
		return false;
	for (size_t i = 0; i < n; i++)
		len = len << 8 | byte(all, 2 + i);
	return len == all.n - 2 - n;
}

unsigned der_integer_bits(struct span body)
{
	if (body.n == 0 || byte(body, 0) >= 0x80)
		return 0;
	while (body.n > 0 && byte(body, 0) == 0)
		body = span_from(body, 1);
	if (body.n == 0 || body.n > UINT_MAX / 8)
		return 0;
	unsigned bits = (unsigned)body.n * 8;
	for (uint8_t top = byte(body, 0); !(top & 0x80); top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

bool der_time(const struct der *value, int64_t *unix_s)
{
	/* Not GnuTLS's reader: it turns 30 February into 1 March, reads times without seconds, and
	 * gives 0 for all before 1970. */
	char t[RFC3339_TEXT + 1];
	struct span b = value->body;
	const char *century = "";
	if (value->tag == DER_UTC_TIME && b.n == 13)
		century = b.p[0] >= '5' ? "19" : "20"; /* RFC 5280, 4.1.2.5.1 */
	else if (value->tag != DER_GENERALIZED_TIME || b.n != 15)
		return false;
	if (b.p[b.n - 1] != 'Z')
		return false;
	const char *md = b.p + (b.n - 11);
	if (memchr(b.p, '\0', b.n) || memcmp(md + 8, "60", 2) == 0)
		return false;
	(void)snprintf(t, sizeof(t), "%s%.*s-%.2s-%.2sT%.2s:%.2s:%.2sZ", century, (int)(b.n - 11),
		       b.p, md, md + 2, md + 4, md + 6, md + 8);
	return rfc3339_parse(span_of(t), unix_s);
}
