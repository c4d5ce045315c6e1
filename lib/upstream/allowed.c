#include "base/base.h"
#include "upstream/allowed.h"
#include "base/text.h"
#include "base/config.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static bool is_denied_v4(uint32_t a)
{
	return a == 0 || (a >> 16) == 0xa9fe /* link-local 169.254/16 */ ||
	       (a >> 28) >= 0xe /* multicast and above */;
}

/* One address as it was asked for and, where it leads to IPv4, as that. */
struct place {
	char text[INET6_ADDRSTRLEN], v4[INET6_ADDRSTRLEN];
	unsigned port;
	bool built_in_denied;
};

static bool read_place(const struct sockaddr *addr, struct place *out)
{
	uint32_t v4;
	if (addr->sa_family == AF_INET) {
		const struct sockaddr_in *a = (const void *)addr;
		out->built_in_denied = is_denied_v4(ntohl(a->sin_addr.s_addr));
		out->port = ntohs(a->sin_port);
		return inet_ntop(AF_INET, &a->sin_addr, out->text, sizeof(out->text)) != NULL;
	}
	if (addr->sa_family != AF_INET6)
		return false;
	const struct sockaddr_in6 *a = (const void *)addr;
	memcpy(&v4, a->sin6_addr.s6_addr + 12, sizeof(v4));
	/* NAT64's well-known prefix (RFC 6052) leads to IPv4 as well. */
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	bool holds_v4 = IN6_IS_ADDR_V4MAPPED(&a->sin6_addr) ||
			IN6_IS_ADDR_V4COMPAT(&a->sin6_addr) ||
			memcmp(a->sin6_addr.s6_addr, nat64, sizeof(nat64)) == 0;
	out->built_in_denied =
	    IN6_IS_ADDR_LINKLOCAL(&a->sin6_addr) || IN6_IS_ADDR_MULTICAST(&a->sin6_addr) ||
	    IN6_IS_ADDR_UNSPECIFIED(&a->sin6_addr) || (holds_v4 && is_denied_v4(ntohl(v4)));
	out->port = ntohs(a->sin6_port);
	return inet_ntop(AF_INET6, &a->sin6_addr, out->text, sizeof(out->text)) &&
	       (!holds_v4 || inet_ntop(AF_INET, &v4, out->v4, sizeof(out->v4)));
}

static bool is_in(const struct address_blocks *blocks, const struct place *place)
{
	return address_blocks_hold(blocks, span_of(place->text)) ||
	       (*place->v4 && address_blocks_hold(blocks, span_of(place->v4)));
}

bool upstream_allowed_holds(const struct upstream_allowed *allowed, const struct web_request *req,
			    const struct sockaddr *addr)
{
	struct place place = {.text = ""};
	uint64_t own_port = 0;
	if (!read_place(addr, &place) || place.built_in_denied || is_in(&allowed->deny, &place) ||
	    (allowed->allow.n > 0 && !is_in(&allowed->allow, &place)))
		return false;
	return !(number_parse(req->server_port, 65535, &own_port) && own_port == place.port &&
		 span_is_text(req->server_addr, *place.v4 ? place.v4 : place.text));
}

static void read_blocks(enum config_key key, struct address_blocks *out)
{
	const char *text = config_get(key);
	out->n = 0;
	/* config_load has seen that it can be read. */
	if (text)
		(void)!address_blocks_parse(text, out);
}

void upstream_allowed_read(struct upstream_allowed *out)
{
	read_blocks(CONFIG_UPSTREAM_ALLOW, &out->allow);
	read_blocks(CONFIG_UPSTREAM_DENY, &out->deny);
}
