#include "base/base.h"
#include "base/field.h"

/* Entries that end in '-' stand for all that begin like this. */
static bool is_in(struct span name, const struct span *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* Most names differ in their first letter. */
		if (name.n == 0 || (name.p[0] | 0x20) != list[i].p[0])
			continue;
		struct span entry = list[i];
		if (entry.p[entry.n - 1] == '-' && name.n > entry.n) {
			if (span_is_nocase(span_make(name.p, entry.n), entry))
				return true;
		} else if (span_is_nocase(name, entry)) {
			return true;
		}
	}
	return false;
}

bool field_is_hop(struct span name)
{
	static const struct span list[] = {
	    SPAN_LIT("connection"),
	    SPAN_LIT("keep-alive"),
	    SPAN_LIT("proxy-authenticate"),
	    SPAN_LIT("proxy-authorization"),
	    SPAN_LIT("proxy-connection"),
	    SPAN_LIT("te"),
	    SPAN_LIT("trailer"),
	    SPAN_LIT("transfer-encoding"),
	    SPAN_LIT("upgrade"),
	};
	return is_in(name, list, CG_COUNT(list));
}

bool field_is_cgi_order(struct span name)
{
	static const struct span list[] = {
	    SPAN_LIT("status"),	      SPAN_LIT("script-control"),	SPAN_LIT("x-sendfile"),
	    SPAN_LIT("x-sendfile2"),  SPAN_LIT("x-sendfile-temporary"), SPAN_LIT("x-lighttpd-"),
	    SPAN_LIT("x-accel-"),     SPAN_LIT("x-reproxy-"),		SPAN_LIT("variable-"),
	    SPAN_LIT("x-litespeed-"),
	};
	return is_in(name, list, CG_COUNT(list));
}

bool field_is_identity(struct span name)
{
	static const struct span list[] = {
	    SPAN_LIT("client-cert"),	  SPAN_LIT("client-cert-chain"),
	    SPAN_LIT("forwarded"),	  SPAN_LIT("x-forwarded-for"),
	    SPAN_LIT("x-forwarded-host"), SPAN_LIT("x-forwarded-proto"),
	    SPAN_LIT("x-request-id"),	  SPAN_LIT("x-client-request-id"),
	    SPAN_LIT("x-certgate-"),	  SPAN_LIT("certgate-"),
	    SPAN_LIT("ssl-client-"),	  SPAN_LIT("ssl-server-"),
	};
	return is_in(name, list, CG_COUNT(list));
}

bool field_is_forwarded(struct span name)
{
	static const struct span list[] = {SPAN_LIT("x-forwarded-")};
	return is_in(name, list, CG_COUNT(list));
}

bool field_is_plain(struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'a' && name.p[i] <= 'z') ||
		      (name.p[i] >= 'A' && name.p[i] <= 'Z') ||
		      (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '-'))
			return false;
	return name.n > 0;
}

bool field_is_token(struct span name)
{
	static const bool allowed[256] = {
	    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['!'] = true,
	    ['#'] = true,	  ['$'] = true,		['%'] = true,	      ['&'] = true,
	    ['\''] = true,	  ['*'] = true,		['+'] = true,	      ['-'] = true,
	    ['.'] = true,	  ['^'] = true,		['_'] = true,	      ['`'] = true,
	    ['|'] = true,	  ['~'] = true,
	};
	for (size_t i = 0; i < name.n; i++)
		if (!allowed[(uint8_t)name.p[i]])
			return false;
	return name.n > 0;
}
