#include "base/base.h"
#include "base/mapped.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAPPED_MADE 0xce27f11eU

static void read_boot_id(char out[40])
{
	memset(out, 0, 40);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, out, 36) < 0)
		out[0] = '\0';
	(void)close(fd);
}

static bool is_current(const struct mapped_head *head, size_t size, const char *boot_id)
{
	return head->made == MAPPED_MADE && head->size_bytes == size &&
	       memcmp(head->boot_id, boot_id, sizeof(head->boot_id)) == 0;
}

/* Under the file's lock: two processes that start together make it once. */
static int make_file(int fd, size_t size, void (*make)(void *), void **out)
{
	char boot_id[40];
	struct stat st;
	read_boot_id(boot_id);
	if (fstat(fd, &st) != 0)
		return errno;
	if ((size_t)st.st_size != size) {
		if (st.st_size != 0 && ftruncate(fd, 0) != 0)
			return errno;
		int rc = posix_fallocate(fd, 0, (off_t)size);
		if (rc != 0)
			return rc; /* of the wrong size still: made again by whoever is next */
	}
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return errno;
	struct mapped_head *head = p;
	if (!is_current(head, size, boot_id)) {
		memset(p, 0, size);
		make(p);
		head->size_bytes = (uint32_t)size;
		memcpy(head->boot_id, boot_id, sizeof(boot_id));
		__atomic_store_n(&head->made, MAPPED_MADE, __ATOMIC_RELEASE);
	}
	*out = p;
	return 0;
}

cg_rc mapped_open(const char *path, size_t size, void (*make)(void *), void **out,
		  struct cg_err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int cause = fd < 0 ? errno : 0;
	if (cause == 0 && fcntl(fd, F_OFD_SETLKW, &lock) != 0)
		cause = errno;
	if (cause == 0)
		cause = make_file(fd, size, make, out);
	if (fd >= 0) {
		/* Closing is not enough: the mapping keeps the open file, and with it the lock. */
		lock.l_type = F_UNLCK;
		(void)fcntl(fd, F_OFD_SETLK, &lock);
		(void)close(fd);
	}
	if (cause == 0)
		return CG_OK;
	if (cause == ENOSPC || cause == EDQUOT)
		return cg_fail_code(err, CG_FULL, "storage_full",
				    "There is no room for %s: free some disk space.", path);
	return cg_fail(err, CG_UNAVAILABLE, "%s cannot be used: %s.", path, strerror(cause));
}

void mapped_close(void **memory, size_t size)
{
	if (*memory)
		(void)munmap(*memory, size);
	*memory = NULL;
}
