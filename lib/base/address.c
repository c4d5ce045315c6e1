#include "base/base.h"
#include "base/address.h"
#include "base/text.h"
#include <arpa/inet.h>

struct block {
	uint8_t bytes[16]; /* IPv4 as IPv6-mapped */
	unsigned bits;	   /* of the 128 that count */
};

static bool address_parse(struct span text, uint8_t out[16], bool *v4)
{
	char z[INET6_ADDRSTRLEN + 1];
	struct in_addr a4;
	struct in6_addr a6;
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	if (text.n == 0 || text.n >= sizeof(z) || memchr(text.p, '\0', text.n))
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = '\0';
	*v4 = inet_pton(AF_INET, z, &a4) == 1;
	if (*v4) {
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + 12, &a4, 4);
		return true;
	}
	if (inet_pton(AF_INET6, z, &a6) != 1)
		return false;
	memcpy(out, &a6, 16);
	return true;
}

static bool block_parse(const char *text, struct block *out)
{
	struct span rest = span_of(text), address;
	struct block b;
	bool v4;
	uint64_t bits;
	if (!span_next(&rest, '/', &address) || !address_parse(address, b.bytes, &v4))
		return false;
	b.bits = 128;
	if (rest.p) {
		if (!number_parse(rest, v4 ? 32 : 128, &bits))
			return false;
		b.bits = (unsigned)bits + (v4 ? 96 : 0);
	}
	*out = b;
	return true;
}

bool address_is_valid(struct span address)
{
	uint8_t a[16];
	bool v4;
	return address_parse(address, a, &v4);
}

bool address_block_is_valid(const char *text)
{
	struct block b;
	return block_parse(text, &b);
}

unsigned address_block_v6_bits(const char *text)
{
	struct block b;
	return block_parse(text, &b) && strchr(text, ':') ? b.bits : 0;
}

bool address_block_holds(const char *text, struct span address)
{
	struct block b;
	uint8_t a[16];
	bool v4;
	if (!block_parse(text, &b) || !address_parse(address, a, &v4))
		return false;
	for (unsigned i = 0; i < b.bits; i++)
		if (((a[i / 8] ^ b.bytes[i / 8]) >> (7 - i % 8)) & 1)
			return false;
	return true;
}

bool address_blocks_parse(const char *text, struct address_blocks *out)
{
	static const char between[] = ", \t\n";
	out->n = 0;
	while (*(text += strspn(text, between))) {
		size_t n = strcspn(text, between);
		if (out->n == CG_COUNT(out->items) || n >= sizeof(out->items[0]))
			return false;
		char *block = out->items[out->n++];
		(void)snprintf(block, sizeof(out->items[0]), "%.*s", (int)n, text);
		if (!address_block_is_valid(block))
			return false;
		text += n;
	}
	return true;
}

bool address_blocks_hold(const struct address_blocks *blocks, struct span address)
{
	for (size_t i = 0; i < blocks->n; i++)
		if (address_block_holds(blocks->items[i], address))
			return true;
	return false;
}
