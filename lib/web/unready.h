/* A program that cannot start yet: the data folder is missing, full, unwritable, somebody else's.
 */
#ifndef CG_WEB_UNREADY_H
#define CG_WEB_UNREADY_H

#include "base/base.h"
#include "web/serve.h"

/* Answers everybody with 503 and `detail`, so that nobody waits for a program that ends as soon as
 * it starts; asks `ready` every UNREADY_LOOK_MS, in a thread of its own, whether the fault is gone,
 * and ends then, for a successor that starts as it should.  Under plain CGI: one answer.  Returns
 * the exit status for main. */
int web_serve_unready(const char *detail, bool (*ready)(void));

#endif
