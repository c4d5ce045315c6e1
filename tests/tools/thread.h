/* Included before everything in MODE=thread.  gcc 12's ThreadSanitizer does not know
 * pthread_mutex_clocklock: whatever such a lock guards would be told as a race, and its unlocking
 * as a fault.  It does know pthread_mutex_timedlock, whose clock is the wall's. */
#ifndef CG_TOOLS_THREAD_H
#define CG_TOOLS_THREAD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <time.h>

static inline int thread_clocklock(pthread_mutex_t *mutex, clockid_t clock,
				   const struct timespec *until)
{
	struct timespec now, wall;
	(void)clock_gettime(clock, &now);
	(void)clock_gettime(CLOCK_REALTIME, &wall);
	long long ns = (until->tv_sec - now.tv_sec) * 1000000000LL + until->tv_nsec - now.tv_nsec +
		       wall.tv_nsec;
	if (ns > 0) {
		wall.tv_sec += ns / 1000000000;
		wall.tv_nsec = ns % 1000000000;
	}
	return pthread_mutex_timedlock(mutex, &wall);
}
#define pthread_mutex_clocklock thread_clocklock

#endif
