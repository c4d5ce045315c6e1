/* LD_PRELOAD: makes the N-th call of a kind fail, stop or kill the process.  For tests of what the
 * store does when memory, the disk or the process itself gives out.
 *
 *   FAULT_CALLS   disk (write, pwrite, fsync, fdatasync, ftruncate, fallocate), memory (malloc,
 *                 calloc, realloc), read (read, pread), or all of these
 *   FAULT_WHO     ours (calls made by the program itself or by Berkeley DB; the default) or others
 *                 (calls of memory made by any other library)
 *   FAULT_AT      which call, from 1; 0: none, only counted
 *   FAULT_DO      once (it fails; the default), ever (and all after it), stop (SIGSTOP before it is
 *                 made), kill (SIGKILL)
 *   FAULT_ERRNO   of calls to the disk and reads (28, ENOSPC); memory fails with ENOMEM
 *   FAULT_PATH    only calls on files whose path holds this text
 *   FAULT_SWITCH  a file: while it exists, and only then, calls count
 *   FAULT_LOG     a file: gets a line for each call that counted
 *
 * Counted is from the loading of the program until main() has returned or exit() was called, in all
 * threads together: what a coverage build then writes of itself must not fail. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

enum kind { DISK = 1, MEMORY = 2, READ = 4 };
enum action { ONCE, EVER, STOP, KILL };

struct range {
	uintptr_t from, to;
};

static struct {
	bool on;
	unsigned kinds;
	bool others;
	unsigned long at;
	enum action action;
	int cause;
	const char *path, *gate;
	int log;
	struct range ours[8];
	size_t n_ours;
	unsigned long count;
} shim = {.log = -1};

static int add_range(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	/* The program itself comes first, without a name. */
	if (info->dlpi_name[0] != '\0' && !strstr(info->dlpi_name, "/libdb-"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum && shim.n_ours < 8; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_LOAD && (p->p_flags & PF_X))
			shim.ours[shim.n_ours++] =
			    (struct range){info->dlpi_addr + p->p_vaddr,
					   info->dlpi_addr + p->p_vaddr + p->p_memsz};
	}
	return 0;
}

static const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value && *value ? value : otherwise;
}

static __attribute__((constructor)) void begin(void)
{
	const char *calls = setting("FAULT_CALLS", NULL);
	if (!calls)
		return;
	const char *action = setting("FAULT_DO", "once"), *log = setting("FAULT_LOG", NULL);
	shim.kinds = strcmp(calls, "disk") == 0	    ? DISK
		     : strcmp(calls, "memory") == 0 ? MEMORY
		     : strcmp(calls, "read") == 0   ? READ
						    : DISK | MEMORY | READ;
	shim.others = strcmp(setting("FAULT_WHO", "ours"), "others") == 0;
	shim.at = strtoul(setting("FAULT_AT", "0"), NULL, 10);
	shim.action = strcmp(action, "ever") == 0   ? EVER
		      : strcmp(action, "stop") == 0 ? STOP
		      : strcmp(action, "kill") == 0 ? KILL
						    : ONCE;
	shim.cause = atoi(setting("FAULT_ERRNO", "28"));
	shim.path = setting("FAULT_PATH", NULL);
	shim.gate = setting("FAULT_SWITCH", NULL);
	if (log)
		shim.log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	(void)dl_iterate_phdr(add_range, NULL);
	shim.on = true;
}

static int (*main_of_program)(int, char **, char **);

/* For tests/tools/coverage_exit.c, too. */
void fault_end(void);

void fault_end(void)
{
	shim.on = false;
}

/* What is registered last runs first at the end: this, before the destructors of the program. */
static int main_until_end(int argc, char **argv, char **envp)
{
	if (atexit(fault_end) != 0)
		abort();
	return main_of_program(argc, argv, envp);
}

int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv,
		      void (*init)(void), void (*fini)(void), void (*rtld_fini)(void), void *stack)
{
	__typeof__(__libc_start_main) *start = dlsym(RTLD_NEXT, "__libc_start_main");
	if (!start)
		abort();
	main_of_program = program;
	return start(main_until_end, argc, argv, init, fini, rtld_fini, stack);
}

static bool is_ours(const void *caller)
{
	for (size_t i = 0; i < shim.n_ours; i++)
		if ((uintptr_t)caller >= shim.ours[i].from && (uintptr_t)caller < shim.ours[i].to)
			return true;
	return false;
}

static bool is_on_path(int fd)
{
	char link[64], path[1024];
	if (!shim.path)
		return true;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return strstr(path, shim.path) != NULL;
}

/* Without stdio, which would allocate. */
static void tell(unsigned long number, const char *name, int fd, const void *caller)
{
	char line[160];
	if (shim.log < 0)
		return;
	uintptr_t at = (uintptr_t)caller;
	int n = snprintf(line, sizeof(line), "%lu %s fd %d from %s+%lx\n", number, name, fd,
			 is_ours(caller) && shim.n_ours > 0 && at < shim.ours[0].to &&
				 at >= shim.ours[0].from
			     ? "program"
			     : "library",
			 (unsigned long)(shim.n_ours > 0 ? at - shim.ours[0].from : at));
	(void)syscall(SYS_write, shim.log, line, (size_t)n);
}

/* Whether this call is to fail; errno is set then. */
static bool fails(enum kind kind, const char *name, int fd, const void *caller)
{
	static __thread bool busy;
	if (!shim.on || busy || !(shim.kinds & kind) || (kind == DISK && fd == shim.log))
		return false;
	if (is_ours(caller) == shim.others || (kind != MEMORY && !is_on_path(fd)) ||
	    (shim.gate && syscall(SYS_faccessat, AT_FDCWD, shim.gate, F_OK) != 0))
		return false;
	busy = true;
	unsigned long number = __atomic_add_fetch(&shim.count, 1, __ATOMIC_SEQ_CST);
	tell(number, name, fd, caller);
	busy = false;
	if (number == shim.at && (shim.action == STOP || shim.action == KILL)) {
		(void)kill(getpid(), shim.action == STOP ? SIGSTOP : SIGKILL);
		return false;
	}
	bool now = shim.at > 0 && (shim.action == ONCE ? number == shim.at : number >= shim.at) &&
		   shim.action != STOP;
	if (now)
		errno = kind == MEMORY ? ENOMEM : shim.cause;
	return now;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
	return fails(MEMORY, "malloc", -1, CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails(MEMORY, "calloc", -1, CALLER) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return fails(MEMORY, "realloc", -1, CALLER) ? NULL : __libc_realloc(p, size);
}

ssize_t write(int fd, const void *p, size_t n)
{
	return fails(DISK, "write", fd, CALLER) ? -1 : syscall(SYS_write, fd, p, n);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	return fails(DISK, "pwrite", fd, CALLER) ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t read(int fd, void *p, size_t n)
{
	return fails(READ, "read", fd, CALLER) ? -1 : syscall(SYS_read, fd, p, n);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at)
{
	return fails(READ, "pread", fd, CALLER) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

int fsync(int fd)
{
	return fails(DISK, "fsync", fd, CALLER) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return fails(DISK, "fdatasync", fd, CALLER) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate64(int fd, off64_t size)
{
	return fails(DISK, "ftruncate", fd, CALLER) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

/* Their errors are results. */
int posix_fallocate64(int fd, off64_t at, off64_t n)
{
	if (fails(DISK, "fallocate", fd, CALLER))
		return shim.cause;
	return syscall(SYS_fallocate, fd, 0, at, n) == 0 ? 0 : errno;
}

ssize_t pread(int, void *, size_t, off_t) __attribute__((alias("pread64")));
ssize_t pwrite(int, const void *, size_t, off_t) __attribute__((alias("pwrite64")));
int ftruncate(int, off_t) __attribute__((alias("ftruncate64")));
int posix_fallocate(int, off_t, off_t) __attribute__((alias("posix_fallocate64")));
