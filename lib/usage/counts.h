/* Requests counted by minute, API, key, status and code, with their latencies, in the run folder's
 * file “usage” that all gates map.
 *
 * Counting is a few atomic additions: no lock, no system call, nothing that can fail or wait.  A
 * kill takes back nothing that was counted.  Every group of a minute has a slot of its own; the
 * steward copies slots to the store, as often as they change, and empties them when their minute is
 * long over (rollup.h).  Where no slot is free, requests are counted as "other".
 *
 * Beside it, what Prometheus asks for: totals by API, class of status and code since the file was
 * made, and requests in flight. */
#ifndef CG_USAGE_COUNTS_H
#define CG_USAGE_COUNTS_H

#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/span.h"
#include "usage/histogram.h"

struct usage;

/* What stands for API, key and code of requests that found no slot. */
#define USAGE_OTHER "other"
/* Codes, bytes; longer ones are cut, as ids above ID_MAX_BYTES are. */
#define USAGE_CODE_MAX 32

/* What is counted together.  Texts may be empty: no API has the path, nobody was identified, the
 * request was passed on. */
struct usage_group {
	struct span api_id, key_id, code;
	unsigned status; /* that the client got; 0: none */
};

enum usage_part {
	USAGE_WHOLE,	/* of the request */
	USAGE_UPSTREAM, /* from passing it on to the end of the answer, at the client's own pace */
	USAGE_OWN,	/* the rest: what certgate took */
	USAGE_PARTS
};

/* The file, made when it is missing. */
cg_rc usage_open(const struct home *home, struct usage **out, struct cg_err *err) CG_MUST_USE;
void usage_close(struct usage **usage);

/* Counts one request.  upstream_us negative: it was not passed on.  From any thread. */
void usage_count(struct usage *usage, const struct usage_group *group, int64_t now_unix_s,
		 int64_t whole_us, int64_t upstream_us);

/* Notes that a credential let a request through.  From any thread. */
void usage_used(struct usage *usage, const struct sha256 *credential, int64_t now_unix_s);

/* --- requests in flight --- */

/* Takes a place in the table of gates, for as long as this process lives; without one (there are
 * USAGE_GATES_MAX) its requests in flight are not told. */
void usage_gate_enter(struct usage *usage);
void usage_begin(struct usage *usage);
void usage_end(struct usage *usage);
/* Of the gates that live. */
void usage_in_flight(const struct usage *usage, uint64_t *requests, unsigned *gates);

/* --- for the steward and for metrics --- */

/* A slot as it was at a moment. */
struct usage_slot {
	uint64_t file, number; /* no other slot ever has both */
	int64_t at_unix_s;     /* the beginning of its minute; 0: of totals */
	unsigned status;
	char api_id[ID_MAX_BYTES + 1], key_id[ID_MAX_BYTES + 1], code[USAGE_CODE_MAX + 1];
	uint64_t requests;
	uint64_t sum_us[USAGE_PARTS];
	uint64_t counts[USAGE_PARTS][HISTOGRAM_BUCKETS];
	bool first;   /* nothing of it was saved yet */
	size_t place; /* for usage_saved */
};

/* The next slot that has changed since it was saved, from *position on, which starts at 0 and
 * moves; false at the end.  Slots whose minute is long over and that are saved are emptied on the
 * way: by the steward alone. */
bool usage_changed(struct usage *usage, int64_t now_unix_s, size_t *position,
		   struct usage_slot *out);
/* After its transaction was committed. */
void usage_saved(struct usage *usage, const struct usage_slot *slot);

/* A credential that let requests through. */
struct usage_use {
	struct sha256 credential;
	int64_t at_unix_s; /* the beginning of the last minute in which it did */
	size_t place;	   /* for usage_used_saved */
};
/* The next one that has done so since it was saved, and after its transaction; likewise. */
bool usage_used_changed(const struct usage *usage, size_t *position, struct usage_use *out);
void usage_used_saved(struct usage *usage, const struct usage_use *saved);

/* The next of the totals; likewise. */
bool usage_total(const struct usage *usage, size_t *position, struct usage_slot *out);
/* Requests since the file was made that are counted as "other", and that could not even be that. */
void usage_not_told(const struct usage *usage, uint64_t *other, uint64_t *lost);

#endif
