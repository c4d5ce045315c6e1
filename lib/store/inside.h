/* What the files of store/ share.  Private to store/. */
#ifndef CG_STORE_INSIDE_H
#define CG_STORE_INSIDE_H

#include "store/environment.h"
#include "store/lock.h"
#include "store/store.h"

struct store {
	struct home home;
	struct live *live;
	struct store_lock *lock;
	int users_fd;	  /* holds the shared lock that says: this folder is in use */
	uint64_t version; /* of the schema, as it was at the opening */
	/* Below: only touched while inside the lock. */
	struct environment environment;
	uint64_t environment_number; /* of the handles above; 0: none */
	unsigned recoveries;
};

struct store_txn {
	struct store *store;
	DB_TXN *txn; /* NULL while reading: the lock keeps writers out */
	int failed;  /* the library's error that fn came upon, 0: none */
	store_note_fn note;
	void *note_arg;
	/* A record that was not there before; n 0: none.  Tells whether a commit that failed
	 * happened all the same. */
	enum store_table added_table;
	size_t added_n;
	char added_key[64];
};

/* Enters the lock with handles of the newest environment; recovers it when it is broken. */
cg_rc store_enter(struct store *s, struct cg_err *err) CG_MUST_USE;
/* Notes a credential's digest as one that somebody has. */
void store_note_known(struct store *s, struct span key);
/* Errors of the library after which the environment may be used on as it is; 0 is none. */
bool store_is_harmless(int cause);
/* Leaves it; `broken`: whoever comes next recovers. */
void store_leave(struct store *s, bool broken);

#endif
