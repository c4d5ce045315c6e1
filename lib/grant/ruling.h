/* What the gate would do with a request, asked without counting it: by the gate's own function,
 * step by step.  For `certgate explain` and the dashboard. */
#ifndef CG_GRANT_RULING_H
#define CG_GRANT_RULING_H

#include "grant/decide.h"
#include "live/limits.h"

/* The request that is asked about; it came over TLS, with the web server's proof. */
struct ruling_question {
	struct span path;	     /* as web_target_parse gives it */
	struct span method, address; /* both needed */
	struct span site;
	/* What the client showed in the handshake; an empty der: no certificate. */
	struct span der;
	struct sha256 sha256;	  /* of der */
	const struct span *chain; /* PEM each */
	size_t n_chain;
	struct span token; /* empty: none */
};

struct ruling {
	struct facts facts;
	struct decision decision;
	enum refusal refusal; /* of the decision, or of the limits behind it */
	const char *detail;
	struct decision_line lines[DECISION__COUNT + 1]; /* the limits come last but one */
	size_t n_lines;
};

/* Everything in the arena; *q has to live as long.  CG_UNAVAILABLE when something that the gate
 * would have to know cannot be read. */
cg_rc ruling_make(struct store *store, const struct ruling_question *q, int64_t now_unix_s,
		  struct arena *arena, struct ruling *out, struct cg_err *err) CG_MUST_USE;

#endif
