#include "base/base.h"
#include "base/field.h"

/* Entries that end in '-' stand for all that begin like this. */
static bool is_in(struct span name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* Most names differ in their first letter. */
		if (name.n == 0 || (name.p[0] | 0x20) != list[i][0])
			continue;
		struct span entry = span_of(list[i]);
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
	static const char *const list[] = {
	    "connection",
	    "keep-alive",
	    "proxy-authenticate",
	    "proxy-authorization",
	    "proxy-connection",
	    "te",
	    "trailer",
	    "transfer-encoding",
	    "upgrade",
	};
	return is_in(name, list, CG_COUNT(list));
}

bool field_is_cgi_order(struct span name)
{
	static const char *const list[] = {
	    "status",	   "script-control", "x-sendfile", "x-sendfile2", "x-sendfile-temporary",
	    "x-lighttpd-", "x-accel-",	     "x-reproxy-", "variable-",	  "x-litespeed-",
	};
	return is_in(name, list, CG_COUNT(list));
}

bool field_is_identity(struct span name)
{
	static const char *const list[] = {
	    "client-cert",	"client-cert-chain", "forwarded",    "x-forwarded-for",
	    "x-forwarded-host", "x-forwarded-proto", "x-request-id", "x-client-request-id",
	    "x-certgate-",	"certgate-",	     "ssl-client-",  "ssl-server-",
	};
	return is_in(name, list, CG_COUNT(list));
}

bool field_is_forwarded(struct span name)
{
	static const char *const list[] = {"x-forwarded-"};
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
