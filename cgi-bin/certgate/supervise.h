/* The supervisor: listening sockets, worker processes, restarts. */
#ifndef CG_CERTGATE_SUPERVISE_H
#define CG_CERTGATE_SUPERVISE_H

#include "base/base.h"
#include "base/home.h"

/* `certgate --home DIR supervise --sockets DIR [--user NAME] [--group GROUP] [--bin DIR]
 * [--gates N] [--admins M] [--portals P] [--lighttpd-ca FILE]`, with argv[0] "supervise" and the
 * command's own options after it. Stays until SIGTERM, SIGINT or SIGHUP; SIGUSR1: all programs
 * are started anew, each before the one that it follows ends.  Returns the exit status: 0
 * stopped as asked, 1 could not start, 2 wrong usage.  Called as root it must still be root: the
 * workers alone become NAME. */
int supervise_main(int argc, char **argv, const struct home *home) CG_MUST_USE;

#endif
