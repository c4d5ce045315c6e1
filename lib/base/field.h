/* Header fields that have a meaning for the hop, for the web server or for certgate itself, so that
 * neither side may set them through the gate.  Names in any letter case. */
#ifndef CG_BASE_FIELD_H
#define CG_BASE_FIELD_H

#include "base/base.h"
#include "base/span.h"

/* For one connection only (RFC 9110 section 7.6.1). */
bool field_is_hop(struct span name);
/* What a web server takes for orders of its CGI program: to answer with another status, to send a
 * file of the host, to fetch another URL. */
bool field_is_cgi_order(struct span name);
/* Says who the client is, or how it came: the gate alone tells upstreams that. */
bool field_is_identity(struct span name);
/* X-Forwarded-…: by which way a request came, which is no client's to say; an API may add some. */
bool field_is_forwarded(struct span name);
/* Letters, digits and hyphens: what no CGI host folds into another name. */
bool field_is_plain(struct span name);
/* A token (RFC 9110 section 5.6.2): what a field's name or a method may be. */
bool field_is_token(struct span name);

#endif
