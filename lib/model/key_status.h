/* What a key is worth at a moment, for lists and the filters of lists; what the gate decides is
 * grant/'s business. */
#ifndef CG_MODEL_KEY_STATUS_H
#define CG_MODEL_KEY_STATUS_H

#include "model/key.h"

enum key_status {
	KEY_STATUS_ACTIVE,
	KEY_STATUS_ENDING,	  /* active, and ends within CERT_ENDS_SOON_S */
	KEY_STATUS_EXPIRED,	  /* the key, or the last of its credentials */
	KEY_STATUS_NO_CREDENTIAL, /* none that lets anybody in, and none that has expired */
	KEY_STATUS_OFF,		  /* switched off */
};

/* Whether a credential lets anybody in. */
bool credential_counts(const struct store_state *state, int64_t now_unix_s);

/* What all credentials of a key say together; begin with KEY_STANDING_NONE. */
struct key_standing {
	size_t working;	  /* those that count */
	uint64_t ends;	  /* their last end, Unix time; STORE_NO_END: never */
	bool has_expired; /* one would count, but for its end */
};
#define KEY_STANDING_NONE ((struct key_standing){0, 0, false})
void key_standing_add(struct key_standing *standing, const struct store_state *credential,
		      int64_t now_unix_s);
/* The status, and in *ends when an active key stops letting anybody in; STORE_NO_END: never. */
enum key_status key_status_of(const struct store_state *key, const struct key_standing *standing,
			      int64_t now_unix_s, uint64_t *ends);

#endif
