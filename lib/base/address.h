/* IPv4 and IPv6 addresses and CIDR blocks. */
#ifndef CG_BASE_ADDRESS_H
#define CG_BASE_ADDRESS_H

#include "base/base.h"
#include "base/span.h"

/* An IPv4 or IPv6 address. */
bool address_is_valid(struct span address);
/* An IPv4 or IPv6 address or CIDR block. */
bool address_block_is_valid(const char *block);
/* The length of an IPv6 block's prefix; 0 for anything else. */
unsigned address_block_v6_bits(const char *block);
/* False also when either text is no address. */
bool address_block_holds(const char *block, struct span address);

/* Addresses and blocks of a list in the settings. */
#define ADDRESS_BLOCKS_MAX 64
struct address_blocks {
	char items[ADDRESS_BLOCKS_MAX][64];
	size_t n;
};

/* Reads a list by commas or spaces.  False, with *out of no use, for more than
 * ADDRESS_BLOCKS_MAX, or anything that is no address or block. */
bool address_blocks_parse(const char *text, struct address_blocks *out) CG_MUST_USE;
/* Whether one of them holds it. */
bool address_blocks_hold(const struct address_blocks *blocks, struct span address);

#endif
