#include "base/base.h"
#include "cert/usages.h"
#include "cert/inside.h"

static const char *const key_usages[] = {
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign",	"cRLSign",	  "encipherOnly",    "decipherOnly",
};

static const struct {
	struct span oid;
	const char *name;
} purposes[] = {
    {SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x03\x01"), "serverAuth"	       },
    {SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x03\x02"), "clientAuth"	       },
    {SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x03\x03"), "codeSigning"	},
    {SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x03\x04"), "emailProtection"    },
    {SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x03\x08"), "timeStamping"	 },
    {SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x03\x09"), "OCSPSigning"	},
    {SPAN_LIT("\x55\x1d\x25\x00"),		   "anyExtendedKeyUsage"},
};

static void add(struct cert_usages *out, const char *name)
{
	if (name && out->n < CERT_USAGES_MAX)
		out->items[out->n++] = name;
}

static void read_key_usage(struct span value, struct cert_usages *out)
{
	struct der bits;
	if (!der_take(&value, DER_BIT_STRING, &bits))
		return;
	for (unsigned i = 0; i < CG_COUNT(key_usages); i++)
		if (der_bit(bits.body, i))
			add(out, key_usages[i]);
}

static const char *purpose_text(struct span oid, struct arena *arena)
{
	struct buf text;
	for (size_t i = 0; i < CG_COUNT(purposes); i++)
		if (span_is(oid, purposes[i].oid))
			return purposes[i].name;
	buf_init(&text, 8 * oid.n + 64);
	oid_add(&text, oid);
	const char *copy = text.failed ? NULL : arena_copy(arena, buf_span(&text));
	buf_release(&text);
	return copy;
}

static void read_purposes(struct span value, struct arena *arena, struct cert_usages *out)
{
	struct der list, oid;
	if (!der_take(&value, DER_SEQUENCE, &list))
		return;
	while (der_take(&list.body, DER_OID, &oid))
		add(out, purpose_text(oid.body, arena));
}

/* The extensions of a certificate, one behind the other; empty when it has none. */
static struct span extensions_of(struct span der)
{
	struct der cert, tbs, v, list;
	const struct span none = {NULL, 0};
	if (!der_take(&der, DER_SEQUENCE, &cert) || !der_take(&cert.body, DER_SEQUENCE, &tbs))
		return none;
	while (der_next(&tbs.body, &v))
		if (v.tag == 0xa3)
			return der_take(&v.body, DER_SEQUENCE, &list) ? list.body : none;
	return none;
}

void cert_usages(struct span der, struct arena *arena, struct cert_usages *out)
{
	struct cert_parts parts;
	struct span rest = extensions_of(der);
	struct extension ext;
	*out = (struct cert_usages){.n = 0};
	if (parts_of(der, &parts) && parts.is_ca)
		add(out, "CA");
	while (extension_take(&rest, &ext))
		if (ext.number == EXT_KEY_USAGE)
			read_key_usage(ext.value, out);
		else if (ext.number == EXT_EXTENDED_KEY_USAGE)
			read_purposes(ext.value, arena, out);
}
