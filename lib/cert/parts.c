#include "base/base.h"
#include "cert/inside.h"

static const struct {
	struct span oid;
	enum key_kind kind;
	const char *name;
} kinds[] = {
    {SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), KEY_RSA,	"RSA"    },
    {SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), KEY_RSA_PSS, "RSA-PSS"},
    {SPAN_LIT("\x2a\x86\x48\xce\x3d\x02\x01"),	       KEY_EC,      "EC"	   },
    {SPAN_LIT("\x2b\x65\x70"),			       KEY_ED25519, "Ed25519"},
    {SPAN_LIT("\x2b\x65\x71"),			       KEY_ED448,	  "Ed448"	 },
    {SPAN_LIT("\x2b\x65\x6e"),			       KEY_OTHER,	  "X25519" },
    {SPAN_LIT("\x2b\x65\x6f"),			       KEY_OTHER,	  "X448"	},
    {SPAN_LIT("\x2a\x86\x48\xce\x38\x04\x01"),	       KEY_OTHER,	  "DSA"    },
};

static const struct {
	struct span oid;
	const char *name;
} curves[] = {
    {SPAN_LIT("\x2a\x86\x48\xce\x3d\x03\x01\x07"), "P-256"},
    {SPAN_LIT("\x2b\x81\x04\x00\x22"),	       "P-384"},
    {SPAN_LIT("\x2b\x81\x04\x00\x23"),	       "P-521"},
};

/* The extensions that OpenSSL acts upon, so that a critical one does not end the handshake
 * (X509_supported_extension, without the ones for routers and proxies): 2.5.29.x. */
static const uint8_t understood[] = {14, 15, 17, 19, 30, 31, 32, 33, 35, 36, 37, 54};

#define OID_CLIENT_AUTH	 SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x03\x02")
#define OID_NS_CERT_TYPE SPAN_LIT("\x60\x86\x48\x01\x86\xf8\x42\x01\x01")

bool key_parts_of(struct span spki, struct key_parts *out)
{
	struct der info, alg, oid, bits;
	if (!der_take(&spki, DER_SEQUENCE, &info) || spki.n > 0 ||
	    !der_take(&info.body, DER_SEQUENCE, &alg) || !der_take(&alg.body, DER_OID, &oid) ||
	    !der_take(&info.body, DER_BIT_STRING, &bits) || info.body.n > 0 || bits.body.n < 2 ||
	    bits.body.p[0] != 0)
		return false;
	struct key_parts k = {
	    .kind = KEY_OTHER,
	    .oid = oid.body,
	    .value = span_from(bits.body, 1),
	};
	for (size_t i = 0; i < CG_COUNT(kinds); i++)
		if (span_is(oid.body, kinds[i].oid)) {
			k.kind = kinds[i].kind;
			k.curve = kinds[i].kind == KEY_OTHER ? kinds[i].name : NULL;
		}
	if (k.kind == KEY_RSA || k.kind == KEY_RSA_PSS) {
		struct span rest = k.value;
		struct der key, n, e;
		if (!der_take(&rest, DER_SEQUENCE, &key) || rest.n > 0 ||
		    !der_take(&key.body, DER_INTEGER, &n) ||
		    !der_take(&key.body, DER_INTEGER, &e) || key.body.n > 0)
			return false;
		k.bits = der_integer_bits(n.body);
	} else if (k.kind == KEY_EC) {
		struct der curve;
		k.kind = KEY_OTHER;
		/* A curve given by its numbers instead of its name is nobody's client key. */
		if (der_take(&alg.body, DER_OID, &curve)) {
			k.oid = curve.body;
			for (size_t i = 0; i < CG_COUNT(curves); i++)
				if (span_is(curve.body, curves[i].oid)) {
					k.kind = KEY_EC;
					k.curve = curves[i].name;
				}
		}
	}
	*out = k;
	return true;
}

/* What the extensions say, before it is put together. */
struct usage {
	bool has_key_usage, signs, signs_certificates;
	bool has_extended, extended_client;
	bool ns_excludes_client;
};

static bool read_extended(struct span value, struct usage *usage)
{
	struct der list, oid;
	if (!der_take(&value, DER_SEQUENCE, &list) || value.n > 0)
		return false;
	usage->has_extended = true;
	while (list.body.n > 0) {
		if (!der_take(&list.body, DER_OID, &oid))
			return false;
		if (span_is(oid.body, OID_CLIENT_AUTH))
			usage->extended_client = true;
	}
	return true;
}

static bool read_basic(struct span value, struct cert_parts *out)
{
	struct der list, ca;
	if (!der_take(&value, DER_SEQUENCE, &list) || value.n > 0)
		return false;
	if (der_take(&list.body, DER_BOOLEAN, &ca))
		out->is_ca = ca.body.n == 1 && ca.body.p[0] != 0;
	return true;
}

static bool read_extension(const struct extension *ext, struct cert_parts *out, struct usage *usage)
{
	struct span value = ext->value;
	struct der bits;
	if (span_is(ext->oid, OID_NS_CERT_TYPE)) {
		if (!der_take(&value, DER_BIT_STRING, &bits) || value.n > 0)
			return false;
		usage->ns_excludes_client = !der_bit(bits.body, 0);
		return true;
	}
	if (ext->is_critical &&
	    (ext->number == 0 || !memchr(understood, ext->number, sizeof(understood))))
		out->unknown_critical = true;
	switch (ext->number) {
	case EXT_KEY_USAGE:
		if (!der_take(&value, DER_BIT_STRING, &bits) || value.n > 0)
			return false;
		usage->has_key_usage = true;
		usage->signs = der_bit(bits.body, 0);
		usage->signs_certificates = der_bit(bits.body, 5);
		return true;
	case EXT_EXTENDED_KEY_USAGE:
		return read_extended(value, usage);
	case EXT_BASIC:
		return read_basic(value, out);
	case EXT_ALT_NAME:
		out->alt_names = value;
		return true;
	default:
		return true;
	}
}

static bool read_extensions(struct span rest, struct cert_parts *out, struct usage *usage)
{
	struct der list;
	struct extension ext;
	if (!der_take(&rest, DER_SEQUENCE, &list) || rest.n > 0)
		return false;
	while (list.body.n > 0)
		if (!extension_take(&list.body, &ext) || !read_extension(&ext, out, usage))
			return false;
	return true;
}

bool parts_of(struct span der, struct cert_parts *out)
{
	struct der cert, tbs, v, algorithm, signature, validity, from, to;
	struct cert_parts p = {
	    .alt_names = {NULL, 0}
	  };
	struct usage usage = {0};
	if (!der_is_canonical(der) || !der_take(&der, DER_SEQUENCE, &cert))
		return false;
	struct span top = cert.body;
	if (!der_take(&top, DER_SEQUENCE, &tbs) || !der_take(&top, DER_SEQUENCE, &algorithm) ||
	    !der_take(&top, DER_BIT_STRING, &signature) || top.n > 0)
		return false;
	struct span rest = tbs.body;
	der_skip(&rest, 0xa0); /* the version; there is none in v1 */
	if (!der_take(&rest, DER_INTEGER, &v))
		return false;
	p.serial = v.body;
	if (!der_take(&rest, DER_SEQUENCE, &v) || !der_take(&rest, DER_SEQUENCE, &v))
		return false;
	p.issuer = v.all;
	if (!der_take(&rest, DER_SEQUENCE, &validity) || !der_next(&validity.body, &from) ||
	    !der_next(&validity.body, &to) || validity.body.n > 0 ||
	    !der_time(&from, &p.not_before) || !der_time(&to, &p.not_after))
		return false;
	if (!der_take(&rest, DER_SEQUENCE, &v))
		return false;
	p.subject = v.all;
	if (!der_take(&rest, DER_SEQUENCE, &v) || !key_parts_of(v.all, &p.key))
		return false;
	p.spki = v.all;
	der_skip(&rest, 0x81); /* unique identifiers, unused since 1999 */
	der_skip(&rest, 0x82);
	if (der_take(&rest, 0xa3, &v) && !read_extensions(v.body, &p, &usage))
		return false;
	if (rest.n > 0)
		return false;
	p.signs_certificates = p.is_ca && (!usage.has_key_usage || usage.signs_certificates);
	p.client_auth_allowed = (!usage.has_key_usage || usage.signs) &&
				(!usage.has_extended || usage.extended_client) &&
				!usage.ns_excludes_client;
	*out = p;
	return true;
}
