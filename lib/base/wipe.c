#include "base/base.h"
#include "base/wipe.h"
#include <malloc.h>

/* Calls from a request's handler on were measured to reach down 49 kB. */
#define WIPE_STACK_BYTES     (128 * 1024)
#define WIPE_STACK_TOP_BYTES (4 * 1024)

#if defined(__has_attribute) && __has_attribute(zero_call_used_regs)
#define WIPES __attribute__((noinline, zero_call_used_regs("all")))
#else
#define WIPES __attribute__((noinline))
#endif

WIPES void wipe_stack_top(void)
{
	char below[WIPE_STACK_TOP_BYTES];
	explicit_bzero(below, sizeof(below));
}

WIPES void wipe_stack(void)
{
	char below[WIPE_STACK_BYTES];
	explicit_bzero(below, sizeof(below));
}

void wipe_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}
