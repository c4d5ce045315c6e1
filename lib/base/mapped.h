/* Files in the run folder that all processes of a host map: locks, the generation, counters. */
#ifndef CG_BASE_MAPPED_H
#define CG_BASE_MAPPED_H

#include "base/base.h"
#include "base/error.h"
#include <pthread.h>

/* First in every mapped file.  What was left over from before a reboot is made anew: a lock in it
 * would be held for ever by nobody. */
struct mapped_head {
	uint32_t made; /* MAPPED_MADE once the rest is valid */
	uint32_t layout;
	char boot_id[40]; /* /proc/sys/kernel/random/boot_id */
};

/* Maps the file `path` of `size` bytes, which starts with a struct mapped_head; makes it (zeroed,
 * then make(memory)) when it is missing, of another size or layout, or from before a reboot.
 * `layout` is the caller's number, another one with each change of what is where in the file: its
 * size does not tell all of them.  The space is allocated first: a page that a full disk cannot
 * give would end the process with SIGBUS.  CG_FULL or CG_UNAVAILABLE, naming the file. */
cg_rc mapped_open(const char *path, size_t size, uint32_t layout, void (*make)(void *memory),
		  void **out, struct cg_err *err) CG_MUST_USE;
/* For make: a mutex of all processes that map the file, robust, so that the next one hears of a
 * holder that died. */
void mapped_mutex_init(pthread_mutex_t *mutex);
/* Unmaps it, with the size it was opened with, and makes *memory NULL; NULL is fine.  The file
 * stays. */
void mapped_close(void **memory, size_t size);

#endif
