/* One Berkeley DB environment, shared by all programs and surviving the SIGKILL of any of them.
 *
 * Every use of the library, opening and recovery included, happens while holding one process-shared
 * robust mutex (lock.h), so nobody can wait on a latch of a dead process; a holder that died means
 * recovery by whoever comes next.  The library's own protocols for this (DB_REGISTER, failchk) hang
 * with the plain pthread mutexes of Debian's build.
 *
 * Tables hold bytes; what the bytes are is record/'s business. */
#ifndef CG_STORE_STORE_H
#define CG_STORE_STORE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/home.h"
#include "base/span.h"
#include "live/live.h"
#include "record/record.h"

#define STORE_SCHEMA_VERSION 4

enum store_table {
	STORE_META,		/* "meta" */
	STORE_API,		/* id */
	STORE_KEY,		/* id */
	STORE_CREDENTIAL,	/* SHA-256, 32 bytes */
	STORE_CERTIFICATE,	/* id: SHA-256 in hex */
	STORE_USER,		/* id */
	STORE_REST_TOKEN,	/* id */
	STORE_POLICY,		/* id */
	STORE_QUOTA_COUNT,	/* name: SHA-256 of whose it is */
	STORE_USAGE,		/* step, time, and more: usage/rollup.c */
	STORE_NOTICE,		/* id */
	STORE_AUDIT,		/* number, 8 bytes big-endian */
	STORE_EXPOSED_KEY,	/* id: SHA-256 of the public key in hex */
	STORE_CRL,		/* id of the CA's certificate */
	STORE_SESSION,		/* id: SHA-256 of the cookie in hex */
	STORE_SETTING,		/* "settings" */
	STORE_ORGANISATION,	/* id */
	STORE_DEVELOPER,	/* id */
	STORE_LINK,		/* id */
	STORE_OUTBOX_MAIL,	/* id */
	STORE_USER_CERTIFICATE, /* id: SHA-256 of the certificate in hex */
	STORE_CATALOGUE,	/* id */
	STORE_REQUEST,		/* id */
	STORE__TABLES,
};

/* Indexes are secondaries of the library, so they cannot drift from the records. */
enum store_index {
	STORE_API_BY_NAME,
	STORE_KEY_BY_NAME,
	STORE_KEY_BY_API,    /* id of each API in the access rights */
	STORE_KEY_BY_POLICY, /* id of each policy */
	STORE_POLICY_BY_NAME,
	STORE_CREDENTIAL_BY_KEY, /* key id */
	STORE_USER_BY_NAME,
	STORE_REST_TOKEN_BY_NAME,
	STORE_REST_TOKEN_BY_SHA256,
	STORE_CERTIFICATE_BY_SPKI, /* SHA-256 of the public key, 32 bytes */
	STORE_CERTIFICATE_BY_KIND, /* "ca" or "upstream"; clients are not in it */
	STORE_API_BY_CA,	   /* SHA-256 of each of its ca_certificates, 32 bytes */
	STORE_SESSION_BY_USER,	   /* user id */
	STORE_KEY_BY_ORGANISATION, /* organisation id */
	STORE_KEY_BY_DEVELOPER,	   /* developer id */
	STORE_ORGANISATION_BY_NAME,
	STORE_DEVELOPER_BY_NAME,
	STORE_DEVELOPER_BY_EMAIL,
	STORE_DEVELOPER_BY_ORGANISATION, /* organisation id */
	STORE_LINK_BY_SHA256,		 /* each digest, 32 bytes */
	STORE_LINK_BY_EMAIL,
	STORE_OUTBOX_MAIL_BY_DUE, /* those that wait; RFC 3339 */
	STORE_OUTBOX_MAIL_BY_TO,
	STORE_USER_CERTIFICATE_BY_USER, /* user id */
	STORE_KEY_BY_USE,	  /* last_used_at, the newest first; unused ones are not in it */
	STORE_CERTIFICATE_BY_END, /* not_after */
	STORE_AUDIT_BY_TOPIC,	  /* id of the subject; and the action */
	STORE_USAGE_BY_KEY,	  /* key id */
	STORE_CATALOGUE_BY_NAME,
	STORE_CATALOGUE_BY_POLICY, /* policy id */
	STORE_REQUEST_BY_NAME,
	STORE_REQUEST_BY_DEVELOPER,   /* developer id */
	STORE_REQUEST_BY_CATALOGUE,   /* catalogue entry's id */
	STORE_REQUEST_BY_KEY,	      /* key id */
	STORE_REQUEST_BY_CERTIFICATE, /* SHA-256, 32 bytes; of those that wait */
	STORE_REQUEST_BY_STATUS,      /* "pending", … */
	STORE_REQUEST_BY_CODE,
	STORE_KEY_BY_TEXT,	   /* name, id and tags, with line ends between: what is searched */
	STORE_CERTIFICATE_BY_TEXT, /* id, subject, issuer and names likewise */
	STORE_KEY_BY_STATE,	   /* struct store_state of the key itself */
	STORE_CREDENTIAL_BY_STATE, /* the same of a credential, with its key's id */
	STORE__INDEXES,
};

struct store;
struct store_txn;

/* Reads and writes of one transaction.  May run more than once: it must not keep anything from a
 * run that failed.  Keep it short: nobody else is in the store meanwhile. */
typedef cg_rc (*store_fn)(struct store_txn *txn, void *arg, struct cg_err *err);

enum store_effect {
	STORE_CHANGES_GRANTS, /* what some grant is: the generation moves with it */
	STORE_CHANGES_NONE,   /* nothing of that */
	STORE_CHANGES_COUNTS, /* numbers only: survives a kill, and a loss of power only after
				 store_flush or a later write of another kind */
};

/* Called after the commit, while still inside the lock, so in the order of the commits. */
typedef void (*store_note_fn)(void *arg);

/* Makes an empty store in home's folders; CG_CLASH when there is one. */
cg_rc store_create(const struct home *home, struct cg_err *err) CG_MUST_USE;
/* Opens the store for this process; one per process, used by all its threads. */
cg_rc store_open(const struct home *home, struct store **out, struct cg_err *err) CG_MUST_USE;
void store_close(struct store **store);
/* Claims the folders for one process alone, as long as the descriptor *out is open; CG_CLASH while
 * any has the store open. */
cg_rc store_claim(const struct home *home, int *out, struct cg_err *err) CG_MUST_USE;

/* The folders it was opened in; borrowed. */
const struct home *store_home(const struct store *store);
const struct home *store_txn_home(const struct store_txn *txn);
/* The schema's version when it was opened: STORE_SCHEMA_VERSION or less.  model/ brings older ones
 * up to date. */
uint64_t store_version(const struct store *store);
/* Within a transaction: the store's own record. */
cg_rc store_meta_read(struct store_txn *txn, struct arena *arena, Cg__Meta **out,
		      struct cg_err *err) CG_MUST_USE;
cg_rc store_meta_write(struct store_txn *txn, const Cg__Meta *meta, struct arena *arena,
		       struct cg_err *err) CG_MUST_USE;
/* The generation file that goes with the store; borrowed. */
struct live *store_live(const struct store *store);
/* Recoveries that this process has lived through: each left an old region mapped, so a long-lived
 * process ends in good order after STORE_RECOVERIES_MAX. */
unsigned store_recoveries(const struct store *store);
/* Recoveries by all processes since the run folder was made. */
uint64_t store_environment_recoveries(const struct store *store);

/* CG_UNAVAILABLE when the store's lock cannot be had within STORE_LOCK_WAIT_MS or the database
 * fails; CG_FULL when the disk is full; else what fn returned.  A write is on disk when CG_OK comes
 * back, and has not happened otherwise. */
cg_rc store_read(struct store *store, store_fn fn, void *arg, struct cg_err *err) CG_MUST_USE;
cg_rc store_write(struct store *store, enum store_effect effect, store_fn fn, void *arg,
		  struct cg_err *err) CG_MUST_USE;

/* What was written as STORE_CHANGES_COUNTS is on disk when CG_OK comes back. */
cg_rc store_flush(struct store *store, struct cg_err *err) CG_MUST_USE;

/* The record under `key`, copied into the arena.  CG_NOT_FOUND leaves err alone. */
cg_rc store_get(struct store_txn *txn, enum store_table table, struct span key, struct arena *arena,
		struct span *value, struct cg_err *err) CG_MUST_USE;
/* The first record that the index has under `index_key`; likewise. */
cg_rc store_find(struct store_txn *txn, enum store_index index, struct span index_key,
		 struct arena *arena, struct span *value, struct cg_err *err) CG_MUST_USE;
/* Writes a record, new or not. */
cg_rc store_put(struct store_txn *txn, enum store_table table, struct span key, struct span value,
		struct cg_err *err) CG_MUST_USE;
/* Writes a record that must be new; CG_CLASH leaves err alone. */
cg_rc store_add(struct store_txn *txn, enum store_table table, struct span key, struct span value,
		struct cg_err *err) CG_MUST_USE;
cg_rc store_remove(struct store_txn *txn, enum store_table table, struct span key,
		   struct cg_err *err) CG_MUST_USE;

/* The same as messages of record/, of the type that the table has: reads one into the arena
 * (out_message: where its pointer goes), and writes one, new or not. */
cg_rc store_load(struct store_txn *txn, enum store_table table, struct span key,
		 struct arena *arena, void *out_message, struct cg_err *err) CG_MUST_USE;
/* Of a key that an index holds: CG_UNAVAILABLE, with a sentence, when there is no such record. */
cg_rc store_load_indexed(struct store_txn *txn, enum store_table table, struct span key,
			 struct arena *arena, void *out_message, struct cg_err *err) CG_MUST_USE;
cg_rc store_save(struct store_txn *txn, enum store_table table, struct span key,
		 const void *message, struct arena *arena, struct cg_err *err) CG_MUST_USE;

/* One record on a walk; borrowed until the function returns.  CG_OK goes on; CG_NOT_FOUND ends the
 * walk without an error; anything else ends it with that. */
typedef cg_rc (*store_visit_fn)(struct span index_key, struct span key, struct span value,
				void *arg, struct cg_err *err);

/* Records in the order of their keys, or of an index. */
struct store_walk {
	bool by_index;
	enum store_table table;
	enum store_index index;
	bool only;	       /* with by_index: only the records under index_key */
	bool bare;	       /* with by_index: without the records, which is many times as fast */
	struct span index_key; /* with by_index: where to start, or what to look for */
	struct span after_key; /* start behind this primary key (under index_key); empty: at the
				  beginning */
};
cg_rc store_walk(struct store_txn *txn, const struct store_walk *walk, store_visit_fn visit,
		 void *arg, struct cg_err *err) CG_MUST_USE;
/* Reads all records under a key of an index, of which there have to be few, in the order of their
 * keys: out_items is where the pointer to an array of *n messages goes, all in the arena. */
cg_rc store_load_all(struct store_txn *txn, enum store_index index, struct span index_key,
		     struct arena *arena, void *out_items, size_t *n,
		     struct cg_err *err) CG_MUST_USE;

/* Has note(arg) called when this transaction has been committed; the last one asked for.  arg has
 * to live until store_write returns. */
void store_after_commit(struct store_txn *txn, store_note_fn note, void *arg);

/* Several short stays of a walk over an index without its records (walk.by_index and walk.bare are
 * set), so that nobody is kept out for long: what others write between them may be seen or not.
 * visit gets the transaction of its stay, with which it may read; its results as a
 * store_visit_fn's.
 */
typedef cg_rc (*store_scan_fn)(struct store_txn *txn, struct span index_key, struct span key,
			       void *arg, struct cg_err *err);
cg_rc store_scan(struct store *store, const struct store_walk *walk, store_scan_fn visit, void *arg,
		 struct cg_err *err) CG_MUST_USE;

/* The same with the records, each in memory that the next one uses again. */
typedef cg_rc (*store_see_fn)(struct store_txn *txn, const void *message, void *arg,
			      struct arena *one, struct cg_err *err);
cg_rc store_scan_records(struct store *store, const struct store_walk *walk, store_see_fn see,
			 void *arg, struct cg_err *err) CG_MUST_USE;

/* Primary keys of records that a walk met, in an arena; a NUL that is not counted ends each. */
struct store_keys {
	struct span *items;
	size_t n;
	struct span last; /* behind which to go on; empty: the walk came to its end */
};
/* Whether a record, which is there for the moment only, is one of those looked for. */
typedef bool (*store_fits_fn)(const void *message, void *arg);
/* The keys of those that `fits` (NULL: all) among the next `most` records of a walk: first they are
 * found, then changed, since a change moves what a walk stands on.  The records that are only
 * looked at take no room in the arena. */
cg_rc store_keys(struct store_txn *txn, const struct store_walk *walk, size_t most,
		 store_fits_fn fits, void *arg, struct arena *arena, struct store_keys *out,
		 struct cg_err *err) CG_MUST_USE;
cg_rc store_remove_all(struct store_txn *txn, enum store_table table, const struct store_keys *keys,
		       struct cg_err *err) CG_MUST_USE;
/* Removes the records of a table that `fits` (NULL: all), in several short transactions: one over
 * any number would keep all others out, and need a lock for each page. */
cg_rc store_sweep(struct store *store, enum store_effect effect, enum store_table table,
		  store_fits_fn fits, void *arg, struct cg_err *err) CG_MUST_USE;

/* A number in a key: the highest byte first, so that keys are in the order of their numbers. */
#define STORE_NUMBER_BYTES 8
void store_number_write(uint64_t number, char out[STORE_NUMBER_BYTES]);
/* Out of the first STORE_NUMBER_BYTES of the bytes, or of as many as there are. */
uint64_t store_number_read(struct span bytes);

/* What the indexes BY_STATE have of a key or a credential; they are in the order of keys' ids. */
struct store_state {
	struct span key_id; /* borrowed from the index key */
	bool on;	    /* switched on, and neither revoked nor held */
	bool revoked, is_certificate;
	/* Unix time from which it does not count any more; STORE_NO_END: never.  (A certificate's
	 * very last second, in which the gate still takes it, is left out.) */
	uint64_t ends;
};
#define STORE_NO_END UINT64_MAX
struct store_state store_key_state(const Cg__Key *key);
struct store_state store_credential_state(const Cg__Credential *credential);
/* CG_UNAVAILABLE for an entry that is damaged. */
cg_rc store_state_read(struct span index_key, struct store_state *out,
		       struct cg_err *err) CG_MUST_USE;

/* Where STORE_KEY_BY_USE and STORE_CERTIFICATE_BY_END have a time: in the order of the index. */
#define STORE_TIME_BYTES 8
void store_time_key(enum store_index index, int64_t unix_s, char out[STORE_TIME_BYTES]);

/* The index keys that a record has to have, for checking; at most max are written, their number is
 * returned.  They live as long as the message does, and until the next call. */
size_t store_index_keys(enum store_index index, const void *message, struct span *keys, size_t max);
enum store_table store_index_table(enum store_index index);
const ProtobufCMessageDescriptor *store_table_type(enum store_table table);
const char *store_table_name(enum store_table table);

/* Copies the databases and logs as they are at one moment into the folder `db`, which must exist
 * and be empty.  Others wait meanwhile; the copy is on disk when CG_OK comes back. */
cg_rc store_copy(struct store *store, const char *db, struct cg_err *err) CG_MUST_USE;
/* Copies databases and logs that nobody has open from folder to folder; likewise. */
cg_rc store_copy_files(const char *from, const char *to, struct cg_err *err) CG_MUST_USE;
/* Checks the structure of every database file of a copy that nobody has open; CG_UNAVAILABLE,
 * naming the file, when one is damaged. */
cg_rc store_check_files(const char *db, struct cg_err *err) CG_MUST_USE;
/* Makes room in the logs: writes what is in memory to the databases and removes logs that are no
 * longer needed. */
cg_rc store_checkpoint(struct store *store, struct cg_err *err) CG_MUST_USE;

/* The highest key of a table; CG_NOT_FOUND when it is empty. */
cg_rc store_last(struct store_txn *txn, enum store_table table, struct arena *arena,
		 struct span *key, struct cg_err *err) CG_MUST_USE;

#endif
