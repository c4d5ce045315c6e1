/* What the programs admin and portal have in common: their start, their end, and what they hold
 * open in between. */
#ifndef CG_UI_PROGRAM_H
#define CG_UI_PROGRAM_H

#include "base/base.h"
#include "base/error.h"
#include "live/limits.h"
#include "store/store.h"
#include "usage/counts.h"
#include "usage/refusals.h"
#include "web/proof.h"
#include "web/request.h"
#include "web/response.h"

struct program {
	const char *name; /* in the log */
	/* Answers one request that is not bad. */
	void (*handle)(struct program *program, struct web_request *req, struct web_response *resp);
	/* From here on filled by program_run. */
	struct store *store;
	struct proof proof;
	/* NULL: the file cannot be had. */
	struct refusals *refusals;
	struct limits *limits; /* also for sign-ins */
	struct usage *usage;
};

/* Sets the process up, opens everything, serves (web/serve.h); the exit status for main.  One that
 * cannot start answers 503 for a moment. */
int program_run(struct program *program);

#endif
