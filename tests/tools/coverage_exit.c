/* In a coverage build, what a process counted is written also when it ends by _exit(), as children
 * of tests do, and lib/store/failstop.c.  Linked in with --wrap=_exit. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
/* Of tests/tools/fault_shim.c, where that is preloaded: what is written here must not fail. */
void fault_end(void) __attribute__((weak));

void __wrap__exit(int status)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (fault_end)
		fault_end();
	__gcov_dump();
	__real__exit(status);
}
