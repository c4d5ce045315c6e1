#include "base/base.h"
#include "base/wipe.h"
#include <malloc.h>

void wipe_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}
