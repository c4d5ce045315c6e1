#include "base/base.h"
#include "upstream/resolve.h"
#include "base/clock.h"
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <time.h>

#define HOST_MAX    255
#define STACK_BYTES (256 * 1024) /* of a thread that runs the host's resolver modules */

/* The resolver cannot be told to give up, and takes the time that resolv.conf allows it.  So it
 * runs in a thread of its own, and whoever of the two is last frees this. */
struct lookup {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done, left; /* the thread is, the asker has */
	char host[HOST_MAX + 1], port[8];
	int error; /* of getaddrinfo */
	struct upstream_addresses found;
};

static int look_up(const char *host, const char *port, int flags, struct upstream_addresses *out)
{
	struct addrinfo hints = {.ai_flags = flags | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int error = getaddrinfo(host, port, &hints, &list);
	out->n = 0;
	for (const struct addrinfo *a = list; error == 0 && a && out->n < ADDRESSES_MAX;
	     a = a->ai_next) {
		if (a->ai_addrlen > sizeof(out->items[0].to))
			continue;
		memcpy(&out->items[out->n].to, a->ai_addr, a->ai_addrlen);
		out->items[out->n++].n = a->ai_addrlen;
	}
	if (list)
		freeaddrinfo(list);
	return error;
}

static void lookup_free(struct lookup *l)
{
	(void)pthread_mutex_destroy(&l->lock);
	(void)pthread_cond_destroy(&l->changed);
	free(l);
}

static void *lookup_main(void *arg)
{
	struct lookup *l = arg;
	struct upstream_addresses found;
	int error = look_up(l->host, l->port, 0, &found);
	(void)pthread_mutex_lock(&l->lock);
	l->error = error;
	l->found = found;
	l->done = true;
	bool left = l->left;
	(void)pthread_cond_signal(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	if (left)
		lookup_free(l);
	return NULL;
}

static bool lookup_start(struct lookup *l)
{
	pthread_attr_t attr;
	pthread_t thread;
	if (pthread_attr_init(&attr) != 0)
		return false;
	bool ok = pthread_attr_setstacksize(&attr, STACK_BYTES) == 0 &&
		  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0 &&
		  pthread_create(&thread, &attr, lookup_main, l) == 0;
	(void)pthread_attr_destroy(&attr);
	return ok;
}

static struct lookup *lookup_new(const char *host, const char *port)
{
	pthread_condattr_t attr;
	struct lookup *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	(void)snprintf(l->host, sizeof(l->host), "%s", host);
	(void)snprintf(l->port, sizeof(l->port), "%s", port);
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&l->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	return l;
}

/* False when it takes longer. */
static bool lookup_wait(struct lookup *l, int64_t until_mono_ms)
{
	struct timespec until = {.tv_sec = until_mono_ms / 1000,
				 .tv_nsec = until_mono_ms % 1000 * 1000000};
	int waited = 0;
	(void)pthread_mutex_lock(&l->lock);
	while (!l->done && waited == 0)
		waited = pthread_cond_timedwait(&l->changed, &l->lock, &until);
	bool done = l->done;
	l->left = true;
	(void)pthread_mutex_unlock(&l->lock);
	return done;
}

static enum resolved result_of(int error, const struct upstream_addresses *found, const char **why)
{
	*why = error != 0 ? gai_strerror(error) : "it has no address";
	if (error == EAI_MEMORY)
		return RESOLVED_FAILED;
	return error == 0 && found->n > 0 ? RESOLVED : RESOLVED_NOT;
}

enum resolved upstream_resolve(struct span host, uint16_t port, int64_t until_mono_ms,
			       struct upstream_addresses *out, const char **why)
{
	char name[HOST_MAX + 1], number[8];
	*why = "its name is too long";
	if (host.n > HOST_MAX)
		return RESOLVED_NOT;
	memcpy(name, host.p, host.n);
	name[host.n] = '\0';
	(void)snprintf(number, sizeof(number), "%u", (unsigned)port);
	if (look_up(name, number, AI_NUMERICHOST, out) == 0)
		return result_of(0, out, why);
	struct lookup *l = lookup_new(name, number);
	if (!l || !lookup_start(l)) {
		*why = "no thread can be started";
		if (l)
			lookup_free(l);
		return RESOLVED_FAILED;
	}
	if (!lookup_wait(l, until_mono_ms)) {
		*why = "its name was not resolved in time";
		return RESOLVED_LATE;
	}
	int error = l->error;
	*out = l->found;
	lookup_free(l);
	return result_of(error, out, why);
}
