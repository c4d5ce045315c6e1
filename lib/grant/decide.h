/* The decision: may this request pass?  A pure function of what is known; the gate, `certgate
 * explain` and the tests call the same one. */
#ifndef CG_GRANT_DECIDE_H
#define CG_GRANT_DECIDE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/hash.h"
#include "base/span.h"
#include "cert/chain.h"
#include "grant/grant.h"
#include "grant/refusal.h"

/* How a certificate came with the request. */
enum facts_certificate {
	FACTS_CERT_NONE,	 /* none came */
	FACTS_CERT_PRESENT,	 /* one came, from a handshake that proves its private key */
	FACTS_CERT_NOT_VERIFIED, /* one came, but the web server says why it is no good */
	FACTS_CERT_DAMAGED,	 /* the variable holds something that is not one certificate */
	FACTS_CERT_NOT_PASSED,	 /* the web server saw one and does not pass it on */
	FACTS_CERT_REFUSED,	 /* it saw one that it could not verify, and does not pass it on */
	FACTS_CERT_NO_VERIFY,	 /* one is passed, but not what the web server thinks of it */
};

/* Borrowed for the time of the call. */
struct facts {
	const Cg__Api *api;	  /* NULL: none listens there */
	bool ambiguous;		  /* an upstream may read the path as one of another API */
	struct span method, path; /* path: below the listen path, as it is forwarded */
	struct span remote_addr;
	bool proof_ok; /* the web server's proof was right; else nothing below `token` counts */
	bool https;    /* for the sentence only */
	bool token;    /* the request has one, in the API's field */
	const struct grant *token_grant; /* NULL: unknown */
	enum facts_certificate certificate;
	struct sha256 sha256;		       /* of the certificate, PRESENT and NOT_VERIFIED */
	const struct grant *certificate_grant; /* NULL: not registered */
	/* Whether it was issued under the API's CAs; asked for where the API's trust is ca and the
	 * certificate is registered. */
	struct cert_chain chain;
};

/* The questions, in the order in which they are asked. */
enum decision_step {
	DECISION_API,
	DECISION_ADDRESS,
	DECISION_IDENTITY,
	DECISION_CREDENTIAL,
	DECISION_KEY,
	DECISION_ACCESS,
	DECISION_PATH,
	DECISION_METHOD,
	DECISION_PASS,
	DECISION__COUNT
};

struct decision {
	enum refusal refusal;	   /* REFUSAL_NONE: it may pass */
	enum decision_step step;   /* where it was decided */
	const struct grant *grant; /* whom the request belongs to; NULL: nobody, or not known yet */
	/* The entry that let it in or came nearest; NULL: none was looked at. */
	const struct effective_access *access;
	const Cg__Credential *credential; /* the one at fault, at DECISION_CREDENTIAL */
};

/* Which API the path belongs to: fills `api`, `ambiguous` and `path`.  The route of that API; NULL
 * when none listens there. */
const struct route *facts_route(struct facts *facts, const struct routes *routes, struct span site,
				struct span path, struct arena *arena);

/* Starts from a refusal; only the last line of it allows. */
struct decision decide(const struct facts *facts, int64_t now_unix_s);

/* The sentence for the client: what to do.  In the arena; never NULL. */
const char *decision_detail(const struct facts *facts, const struct decision *decision,
			    struct arena *arena);
/* Tyk's text for it. */
const char *decision_error(const struct facts *facts, const struct decision *decision,
			   struct arena *arena);

struct decision_line {
	const char *step; /* "api", "address", … */
	bool passed;
	const char *text; /* a sentence */
};
/* The decision step by step, up to the one where it was made; n is at most DECISION__COUNT. */
size_t decision_lines(const struct facts *facts, const struct decision *decision,
		      struct arena *arena, struct decision_line lines[DECISION__COUNT]);

#endif
