#include "base/base.h"
#include "model/steward.h"
#include "base/clock.h"
#include <fcntl.h>
#include <poll.h>

#define LOOK_MS 5

int steward_begin(const struct home *home, const char *what, unsigned wait_ms)
{
	char path[HOME_PATH_MAX + 32];
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int64_t until = clock_mono_ms() + wait_ms;
	(void)snprintf(path, sizeof(path), "%s/%s", home->run, what);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	while (fd >= 0 && fcntl(fd, F_OFD_SETLK, &all) != 0) {
		if (clock_mono_ms() >= until) {
			(void)close(fd);
			return -1;
		}
		(void)poll(NULL, 0, LOOK_MS);
	}
	return fd;
}

void steward_end(int steward)
{
	if (steward >= 0)
		(void)close(steward);
}
