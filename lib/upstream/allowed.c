#include "base/base.h"
#include "upstream/allowed.h"
#include "base/text.h"
#include "base/config.h"
#include <arpa/inet.h>
#include <netinet/in.h>

/* An upstream's address, as text, and the IPv4 addresses that it leads to or through. */
#define INSIDE_MAX 4
struct place {
	char text[INET6_ADDRSTRLEN];
	struct inside {
		char text[INET_ADDRSTRLEN];
		bool ours;  /* this host itself connects to it */
		bool exact; /* it is where the connection ends; else a relay's, or it may be */
	} inside[INSIDE_MAX];
	size_t n_inside;
	unsigned port;
};

static const struct {
	uint8_t prefix[12], n;
	uint8_t at[4];
	uint8_t mask; /* of each byte */
} embeddings[] = {
    {{[10] = 0xff, [11] = 0xff},		 12, {12, 13, 14, 15}, 0	}, /* IPv4-mapped */
    {{0},				  12, {12, 13, 14, 15}, 0	 }, /* IPv4-compatible */
    {{[8] = 0xff, [9] = 0xff},	       12, {12, 13, 14, 15}, 0   }, /* RFC 7915, SIIT */
    {{0x00, 0x64, 0xff, 0x9b},	       12, {12, 13, 14, 15}, 0   }, /* RFC 6052, NAT64 */
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 6,  {6, 7, 9, 10},    0   }, /* RFC 8215, by how */
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 6,  {7, 9, 10, 11},   0   }, /* long the prefix */
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 6,  {9, 10, 11, 12},  0	}, /* really is */
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 6,  {12, 13, 14, 15}, 0	 },
    {{0x20, 0x02},			 2,  {2, 3, 4, 5},	    0   }, /* RFC 3056, 6to4 */
    {{0x20, 0x01},			 4,  {4, 5, 6, 7},	    0   }, /* RFC 4380, Teredo */
    {{0x20, 0x01},			 4,  {12, 13, 14, 15}, 0xff},
};

static bool add_inside(const uint8_t address[16], const uint8_t at[4], uint8_t mask, bool ours,
		       bool exact, struct place *out)
{
	struct inside *in = &out->inside[out->n_inside++];
	uint8_t v4[4];
	for (size_t k = 0; k < sizeof(v4); k++)
		v4[k] = address[at[k]] ^ mask;
	in->ours = ours;
	in->exact = exact;
	return inet_ntop(AF_INET, v4, in->text, sizeof(in->text)) != NULL;
}

/* The longest of the translators' prefixes that holds it; 0: none does. */
static unsigned nat64_bits(const struct address_blocks *prefixes, const char *text)
{
	unsigned longest = 0;
	for (size_t i = 0; i < prefixes->n; i++) {
		unsigned bits = address_block_v6_bits(prefixes->items[i]);
		if (bits > longest && address_block_holds(prefixes->items[i], span_of(text)))
			longest = bits;
	}
	return longest;
}

static bool read_inside(const uint8_t address[16], const struct address_blocks *nat64,
			struct place *out)
{
	/* RFC 6052 section 2.2; byte 8 is nobody's. */
	static const struct {
		unsigned bits;
		uint8_t at[4];
	} lengths[] = {
	    {32, {4, 5, 6, 7}    },
		  {40, {5, 6, 7, 9}	   },
		 {48, {6, 7, 9, 10}   },
	    {56, {7, 9, 10, 11}  },
		  {64, {9, 10, 11, 12} },
		 {96, {12, 13, 14, 15}},
	};
	unsigned bits = nat64_bits(nat64, out->text);
	for (size_t i = 0; i < CG_COUNT(lengths); i++)
		if (lengths[i].bits == bits)
			return add_inside(address, lengths[i].at, 0, false, true, out);
	for (size_t i = 0; i < CG_COUNT(embeddings); i++)
		if (memcmp(address, embeddings[i].prefix, embeddings[i].n) == 0 &&
		    !add_inside(address, embeddings[i].at, embeddings[i].mask, i == 0,
				embeddings[i].n == 12, out))
			return false;
	return true;
}

static bool read_place(const struct sockaddr *addr, const struct address_blocks *nat64,
		       struct place *out)
{
	if (addr->sa_family == AF_INET) {
		const struct sockaddr_in *a = (const void *)addr;
		out->port = ntohs(a->sin_port);
		return inet_ntop(AF_INET, &a->sin_addr, out->text, sizeof(out->text)) != NULL;
	}
	if (addr->sa_family != AF_INET6)
		return false;
	const struct sockaddr_in6 *a = (const void *)addr;
	out->port = ntohs(a->sin6_port);
	return inet_ntop(AF_INET6, &a->sin6_addr, out->text, sizeof(out->text)) &&
	       (IN6_IS_ADDR_LOOPBACK(&a->sin6_addr) ||
		read_inside(a->sin6_addr.s6_addr, nat64, out));
}

static bool is_in(const struct address_blocks *blocks, const struct place *place, bool exact)
{
	if (address_blocks_hold(blocks, span_of(place->text)))
		return true;
	for (size_t i = 0; i < place->n_inside; i++)
		if ((place->inside[i].exact || !exact) &&
		    address_blocks_hold(blocks, span_of(place->inside[i].text)))
			return true;
	return false;
}

static bool holds(const char *const *blocks, size_t n, const char *address)
{
	for (size_t i = 0; i < n; i++)
		if (address_block_holds(blocks[i], span_of(address)))
			return true;
	return false;
}

/* Whatever the settings say. */
static bool is_denied(const struct place *place)
{
	static const char *const everywhere[] = {"0.0.0.0", "169.254.0.0/16", "224.0.0.0/3",
						 "::",	    "fe80::/10",      "ff00::/8"};
	/* Where others connect for us: their own services. */
	static const char *const theirs[] = {"127.0.0.0/8", "169.254.0.0/16"};
	bool denied = holds(everywhere, CG_COUNT(everywhere), place->text);
	for (size_t i = 0; i < place->n_inside; i++) {
		const struct inside *in = &place->inside[i];
		denied = denied ||
			 (in->exact && holds(everywhere, CG_COUNT(everywhere), in->text)) ||
			 (!in->ours && holds(theirs, CG_COUNT(theirs), in->text));
	}
	return denied;
}

/* The listener that the request came to. */
static bool is_own(const struct place *place, const struct web_request *req)
{
	uint64_t port = 0;
	if (!number_parse(req->server_port, 65535, &port) || port != place->port)
		return false;
	bool own = span_is_text(req->server_addr, place->text);
	for (size_t i = 0; i < place->n_inside; i++)
		own = own || span_is_text(req->server_addr, place->inside[i].text);
	return own;
}

bool upstream_allowed_holds(const struct upstream_allowed *allowed, const struct web_request *req,
			    const struct sockaddr *addr)
{
	struct place place = {.text = ""};
	return read_place(addr, &allowed->nat64, &place) && !is_denied(&place) &&
	       !is_in(&allowed->deny, &place, false) &&
	       (allowed->allow.n == 0 || is_in(&allowed->allow, &place, true)) &&
	       !is_own(&place, req);
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
	read_blocks(CONFIG_NAT64_PREFIXES, &out->nat64);
}
