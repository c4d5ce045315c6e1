/* Files in the run folder that all processes of a host map: locks, the generation, counters. */
#ifndef CG_BASE_MAPPED_H
#define CG_BASE_MAPPED_H

#include "base/base.h"
#include "base/error.h"

/* First in every mapped file.  What was left over from before a reboot is made anew: a lock in it
 * would be held for ever by nobody. */
struct mapped_head {
	uint32_t made; /* MAPPED_MADE once the rest is valid */
	uint32_t size_bytes;
	char boot_id[40]; /* /proc/sys/kernel/random/boot_id */
};

/* Maps the file `path` of `size` bytes, which starts with a struct mapped_head; makes it (zeroed,
 * then make(memory)) when it is missing, of another size or from before a reboot.  The space is
 * allocated first: a page that a full disk cannot give would end the process with SIGBUS.
 * CG_FULL or CG_UNAVAILABLE, naming the file. */
cg_rc mapped_open(const char *path, size_t size, void (*make)(void *memory), void **out,
		  struct cg_err *err) CG_MUST_USE;
/* Unmaps it, with the size it was opened with, and makes *memory NULL; NULL is fine.  The file
 * stays. */
void mapped_close(void **memory, size_t size);

#endif
