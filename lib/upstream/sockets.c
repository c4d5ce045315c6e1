#include "base/base.h"
#include "upstream/sockets.h"
#include <poll.h>
#include <sys/socket.h>

/* So many pieces of what an upstream sent unasked are read before it is given up. */
#define NOISE_READS 16

int upstream_socket_open(struct upstream_sockets *s, int family, int type, int protocol)
{
	if (s->n == CG_COUNT(s->fds))
		return -1;
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);
	if (fd >= 0)
		s->fds[s->n++] = fd;
	return fd;
}

int upstream_socket_close(struct upstream_sockets *s, int fd)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->fds[i] != fd)
			continue;
		s->fds[i] = s->fds[--s->n];
		break;
	}
	return close(fd);
}

bool upstream_sockets_end_noisy(struct upstream_sockets *s)
{
	bool all_ended = true;
	for (size_t i = 0; i < s->n; i++) {
		struct pollfd p = {.fd = s->fds[i], .events = POLLIN};
		char scrap[16 * 1024];
		ssize_t got = 1;
		if (poll(&p, 1, 0) <= 0)
			continue;
		(void)shutdown(p.fd, SHUT_RDWR);
		for (int n = 0; n < NOISE_READS && got > 0; n++)
			got = recv(p.fd, scrap, sizeof(scrap), MSG_DONTWAIT);
		all_ended = all_ended && got <= 0;
	}
	return all_ended;
}
