/* The tools write stores as their owner does, whoever calls them. */
#ifndef CG_TESTS_TOOLS_OWNER_H
#define CG_TESTS_TOOLS_OWNER_H

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

/* As root: becomes the user that the folder belongs to. */
static inline bool become_owner(const char *dir)
{
	struct stat st;
	return geteuid() != 0 || (stat(dir, &st) == 0 && setgroups(0, NULL) == 0 &&
				  setgid(st.st_gid) == 0 && setuid(st.st_uid) == 0);
}

#endif
