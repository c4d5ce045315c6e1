#include "base/base.h"
#include "upstream/resume.h"

static void drop(struct resumable *item)
{
	if (item->session.data)
		gnutls_memset(item->session.data, 0, item->session.size);
	gnutls_free(item->session.data);
	*item = (struct resumable){.port = 0};
}

static struct resumable *find(struct resume *r, const char *host, uint16_t port,
			      const struct sha256 *tls)
{
	for (size_t i = 0; i < CG_COUNT(r->items); i++) {
		struct resumable *item = &r->items[i];
		if (item->session.data && item->port == port &&
		    memcmp(&item->tls, tls, sizeof(*tls)) == 0 && strcmp(item->host, host) == 0)
			return item;
	}
	return NULL;
}

void resume_keep(struct resume *r, gnutls_session_t session, const char *host, uint16_t port,
		 const struct sha256 *tls)
{
	gnutls_datum_t data = {NULL, 0};
	/* GnuTLS would wait for a ticket. */
	if (gnutls_protocol_get_version(session) == GNUTLS_TLS1_3 &&
	    !(gnutls_session_get_flags(session) & GNUTLS_SFLAGS_SESSION_TICKET))
		return;
	if (gnutls_session_get_data2(session, &data) < 0)
		return;
	struct resumable *item = find(r, host, port, tls);
	if (!item)
		item = &r->items[r->next++ % CG_COUNT(r->items)];
	drop(item);
	(void)snprintf(item->host, sizeof(item->host), "%s", host);
	item->port = port;
	item->tls = *tls;
	item->session = data;
}

bool resume_offer(struct resume *r, gnutls_session_t session, const char *host, uint16_t port,
		  const struct sha256 *tls)
{
	struct resumable *item = find(r, host, port, tls);
	bool offered =
	    item && gnutls_session_set_data(session, item->session.data, item->session.size) == 0;
	if (item)
		drop(item);
	return offered;
}

void resume_release(struct resume *r)
{
	for (size_t i = 0; i < CG_COUNT(r->items); i++)
		drop(&r->items[i]);
}
