#include "base/base.h"
#include "base/mapped.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAPPED_MADE 0xce27f11fU

static bool read_boot_id(char out[40])
{
	memset(out, 0, 40);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, 36);
	if (fd >= 0)
		(void)close(fd);
	return n == 36;
}

static bool is_current(int fd, const struct mapped_head *head, size_t size, uint32_t layout,
		       const char *boot_id)
{
	struct stat st;
	return fstat(fd, &st) == 0 && (size_t)st.st_size == size && head->made == MAPPED_MADE &&
	       head->layout == layout && memcmp(head->boot_id, boot_id, sizeof(head->boot_id)) == 0;
}

static int lock_file(int fd, int how, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
	return fcntl(fd, how, &lock) == 0 ? 0 : errno;
}

static int give_room(int fd, size_t size)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return errno;
	if ((size_t)st.st_size == size)
		return 0;
	if (st.st_size != 0 && ftruncate(fd, 0) != 0)
		return errno;
	return posix_fallocate(fd, 0, (off_t)size);
}

static int map_file(int fd, size_t size, void **out)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return errno;
	*out = p;
	return 0;
}

/* Everybody who has the file mapped holds a shared lock on it: the mapping keeps the open file, and
 * with it its lock, for as long as it lasts.  So whoever gets the lock alone has it to himself, and
 * may make it anew; whoever does not may only take it as it is. */
static int open_mapped(int fd, size_t size, uint32_t layout, void (*make)(void *), void **out)
{
	char boot_id[40];
	int cause;
	if (!read_boot_id(boot_id))
		return EPROTO;
	if (lock_file(fd, F_OFD_SETLK, F_WRLCK) == 0) {
		cause = give_room(fd, size);
		if (cause == 0)
			cause = map_file(fd, size, out);
		if (cause != 0)
			return cause;
		struct mapped_head *head = *out;
		if (!is_current(fd, head, size, layout, boot_id)) {
			memset(head, 0, size);
			make(head);
			head->layout = layout;
			memcpy(head->boot_id, boot_id, sizeof(boot_id));
			__atomic_store_n(&head->made, MAPPED_MADE, __ATOMIC_RELEASE);
		}
		return lock_file(fd, F_OFD_SETLK, F_RDLCK);
	}
	/* Another one is making it, for a moment, or others have it. */
	struct stat st;
	cause = lock_file(fd, F_OFD_SETLKW, F_RDLCK);
	if (cause == 0 && fstat(fd, &st) != 0)
		cause = errno;
	if (cause == 0 && (size_t)st.st_size != size)
		cause = EBUSY;
	if (cause == 0)
		cause = map_file(fd, size, out);
	if (cause == 0 && !is_current(fd, *out, size, layout, boot_id)) {
		mapped_close(out, size);
		cause = EBUSY;
	}
	return cause;
}

cg_rc mapped_open(const char *path, size_t size, uint32_t layout, void (*make)(void *), void **out,
		  struct cg_err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int cause = fd < 0 ? errno : open_mapped(fd, size, layout, make, out);
	if (fd >= 0)
		(void)close(fd);
	if (cause == 0)
		return CG_OK;
	if (cause == ENOSPC || cause == EDQUOT)
		return cg_fail_code(err, CG_FULL, "storage_full",
				    "There is no room for %s: free some disk space.", path);
	if (cause == EBUSY)
		return cg_fail(
		    err, CG_UNAVAILABLE,
		    "%s is in use by programs of another version of certgate: start them "
		    "anew (systemctl restart certgate).",
		    path);
	if (cause == EPROTO)
		return cg_fail(err, CG_UNAVAILABLE,
			       "/proc/sys/kernel/random/boot_id cannot be read, so nobody can tell "
			       "whether %s is from before a reboot.",
			       path);
	return cg_fail(err, CG_UNAVAILABLE, "%s cannot be used: %s.", path, strerror(cause));
}

void mapped_mutex_init(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attr;
	(void)pthread_mutexattr_init(&attr);
	(void)pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	(void)pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	(void)pthread_mutex_init(mutex, &attr);
	(void)pthread_mutexattr_destroy(&attr);
}

void mapped_close(void **memory, size_t size)
{
	if (*memory)
		(void)munmap(*memory, size);
	*memory = NULL;
}
