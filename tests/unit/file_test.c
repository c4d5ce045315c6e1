/* Files of our own in the data folder: whole or as before, whatever was left by a killed process
 * and where the disk is full in the middle. */
#include "store_world.h"
#include "base/file.h"
#include "base/keyfile.h"
#include "model/backup.h"
#include "model/open.h"
#include "model/revoked.h"
#include "web/proof.h"
#include <dirent.h>
#include <sys/resource.h>

/* From now on no file of this process grows beyond `size`: a write that would is cut there, as on a
 * full disk. */
static void full_from(rlim_t size)
{
	struct rlimit limit = {size, RLIM_INFINITY};
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void room_again(void)
{
	full_from(RLIM_INFINITY);
}

static const char *content(const char *path, char out[256])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, 255);
	assert_true(n >= 0);
	(void)close(fd);
	out[n] = '\0';
	return out;
}

static size_t names_in(const char *path)
{
	size_t n = 0;
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n - 2;
}

static void test_file_put(void **state)
{
	char path[HOME_PATH_MAX + 16], text[256];
	struct stat st;
	(void)state;
	(void)snprintf(path, sizeof(path), "%s/x", home.keys);
	mode_t mask = umask(0);
	assert_int_equal(file_put(path, 0640, FILE_KEEP, SPAN_LIT("one"), NULL), CG_OK);
	(void)umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(file_put(path, 0600, FILE_KEEP, SPAN_LIT("two"), NULL), CG_OK);
	assert_string_equal(content(path, text), "one");
	assert_int_equal(file_put(path, 0600, FILE_REPLACE, SPAN_LIT("three"), NULL), CG_OK);
	assert_string_equal(content(path, text), "three");
	full_from(2);
	assert_int_equal(file_put(path, 0600, FILE_REPLACE, SPAN_LIT("four"), NULL),
			 CG_UNAVAILABLE);
	room_again();
	assert_string_equal(content(path, text), "three");
	/* Nothing is left beside it. */
	assert_int_equal(names_in(home.keys), 1);
}

/* Who has the file open, or a second name of it, keeps what it was: it is replaced, not written
 * over.  The second names are those that a killed process of the same number may have left. */
static void test_key_is_replaced(void **state)
{
	static const uint8_t next[KEYFILE_BYTES] = {1, 2, 3};
	uint8_t now[KEYFILE_BYTES];
	char path[HOME_PATH_MAX + 32], left[HOME_PATH_MAX + 64], before[256], after[256];
	(void)state;
	assert_int_equal(keyfile_load(&home, "seal.key", now, NULL), CG_OK);
	keyfile_path(&home, "seal.key", path);
	(void)snprintf(left, sizeof(left), "%s.%ld", path, (long)getpid());
	assert_int_equal(link(path, left), 0);
	(void)content(left, before);
	assert_int_equal(keyfile_replace(&home, "seal.key", next, NULL), CG_OK);
	assert_string_equal(content(left, after), before);
	assert_int_equal(keyfile_read(&home, "seal.key", now, NULL), CG_OK);
	assert_memory_equal(now, next, KEYFILE_BYTES);
}

static void test_proof_stays(void **state)
{
	char first[SHA256_HEX + 1], second[SHA256_HEX + 1];
	struct proof proof;
	(void)state;
	assert_int_equal(proof_make(&home, first, NULL), CG_OK);
	full_from(10);
	assert_int_equal(proof_make(&home, second, NULL), CG_UNAVAILABLE);
	room_again();
	assert_int_equal(proof_load(&home, &proof, NULL), CG_OK);
	assert_true(proof_is_right(&proof, span_of(first)));
}

/* --- revoked.log --- */

struct noting {
	const char *what;
	off_t room; /* bytes that still go into the file; below 0: any number */
};

static void log_path(char out[HOME_PATH_MAX + 16])
{
	(void)snprintf(out, HOME_PATH_MAX + 16, "%s/revoked.log", home.dir);
}

static cg_rc note_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	const struct noting *n = arg;
	char path[HOME_PATH_MAX + 16];
	struct stat st = {0};
	log_path(path);
	if (n->room >= 0 && stat(path, &st) != 0)
		st.st_size = 0;
	if (n->room >= 0)
		full_from((rlim_t)(st.st_size + n->room));
	cg_rc rc = revoked_note(txn, REVOKED_KEY, n->what, &arena, err);
	room_again();
	return rc;
}

static cg_rc note(struct store *s, const char *what, off_t room)
{
	struct noting n = {what, room};
	return store_write(s, STORE_CHANGES_NONE, note_txn, &n, NULL);
}

static cg_rc add_to(enum revoked_kind kind, const char *what, void *arg, struct cg_err *err)
{
	char *all = arg;
	size_t n = strlen(all);
	(void)err;
	assert_int_equal(kind, REVOKED_KEY);
	(void)snprintf(all + n, 256 - n, "[%s]", what);
	return CG_OK;
}

static cg_rc meta_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	return store_meta_read(txn, &arena, (Cg__Meta **)arg, err);
}

static cg_rc all_noted(struct store *s, char out[256])
{
	Cg__Meta *meta = NULL;
	out[0] = '\0';
	assert_int_equal(store_read(s, meta_txn, (void *)&meta, NULL), CG_OK);
	return revoked_each(&home, meta->store_id, 0, add_to, out, NULL);
}

/* Wherever the disk is full in a line: that one was not noted, and the next one is. */
static void test_revoked_full(void **state)
{
	char all[256], path[HOME_PATH_MAX + 16];
	(void)state;
	log_path(path);
	struct store *s = open_store();
	for (off_t room = 0; room < 8; room++) {
		assert_int_equal(note(s, "a", room), CG_UNAVAILABLE);
		assert_int_equal(note(s, "b", -1), CG_OK);
		assert_int_equal(all_noted(s, all), CG_OK);
		assert_string_equal(all, "[b]");
		assert_int_equal(note(s, "c", room), CG_UNAVAILABLE);
		assert_int_equal(note(s, "d", -1), CG_OK);
		assert_int_equal(all_noted(s, all), CG_OK);
		assert_string_equal(all, "[b][d]");
		assert_int_equal(unlink(path), 0);
	}
	store_close(&s);
}

/* A line that broke off, when the power failed or by other damage, takes none with it: what comes
 * behind it is read, or it is told that the file cannot be relied on. */
static void test_revoked_broken_off(void **state)
{
	char all[256], path[HOME_PATH_MAX + 16];
	struct stat st;
	(void)state;
	log_path(path);
	struct store *s = open_store();
	assert_int_equal(note(s, "a", -1), CG_OK);
	assert_int_equal(note(s, "b", -1), CG_OK);
	assert_int_equal(stat(path, &st), 0);
	for (off_t cut = 1; cut < 8; cut++) {
		assert_int_equal(truncate(path, st.st_size - cut), 0);
		assert_int_equal(note(s, "c", -1), CG_OK);
		if (all_noted(s, all) == CG_OK)
			assert_non_null(strstr(all, "[c]"));
		assert_int_equal(truncate(path, st.st_size - cut), 0);
		assert_int_equal(revoked_restored(&home, NULL), CG_OK);
		if (all_noted(s, all) == CG_OK)
			assert_null(strstr(all, "restore"));
		assert_int_equal(truncate(path, st.st_size - 8), 0);
		assert_int_equal(note(s, "b", -1), CG_OK);
	}
	store_close(&s);
}

/* --- an upgrade --- */

static cg_rc older_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	Cg__Meta *meta;
	(void)arg;
	cg_rc rc = store_meta_read(txn, &arena, &meta, err);
	if (rc != CG_OK)
		return rc;
	meta->schema_version = STORE_SCHEMA_VERSION - 1;
	return store_meta_write(txn, meta, &arena, err);
}

/* What a killed process had begun to copy is in nobody's way, and goes. */
static void test_upgrade_begun_before(void **state)
{
	char left[HOME_PATH_MAX + 64], in_it[HOME_PATH_MAX + 80];
	struct cg_err err = {.text = ""};
	(void)state;
	struct store *s = open_store();
	assert_int_equal(store_write(s, STORE_CHANGES_NONE, older_txn, NULL, NULL), CG_OK);
	store_close(&s);
	(void)snprintf(left, sizeof(left), "%s/db-before-%d.unfinished", home.dir,
		       STORE_SCHEMA_VERSION);
	(void)snprintf(in_it, sizeof(in_it), "%s/key.db", left);
	assert_int_equal(mkdir(left, 0700), 0);
	assert_int_equal(file_put(in_it, 0600, FILE_REPLACE, SPAN_LIT("x"), NULL), CG_OK);
	if (model_open(&home, &s, &err) != CG_OK)
		fail_msg("%s", err.text);
	store_close(&s);
	assert_int_equal(access(left, F_OK), -1);
	*strrchr(left, '.') = '\0';
	assert_int_equal(access(left, F_OK), 0);
}

/* --- paths --- */

static const char *below(const char *folder, size_t n, char out[1100])
{
	size_t at = (size_t)snprintf(out, 1100, "%s", folder);
	while (at < n) {
		size_t more = n - at < 200 ? n - at : 200;
		memset(out + at, 'x', more);
		out[at] = '/';
		at += more;
		out[at] = '\0';
		assert_int_equal(mkdir(out, 0700), 0);
	}
	return out;
}

/* A path of a backup's that does not fit is refused: cut, it would be another folder's. */
static void test_long_paths(void **state)
{
	char folder[1100];
	bool made;
	struct restore_plan plan;
	struct home found;
	(void)state;
	(void)below(home.dir, HOME_PATH_MAX - 10, folder);
	assert_int_equal(backup_begin(folder, &made, NULL), CG_BAD_INPUT);
	assert_int_equal(names_in(folder), 0);
	assert_int_equal(restore_plan(&home, folder, SPAN_LIT(""), &plan, NULL), CG_BAD_INPUT);
	assert_int_equal(home_find(folder, &found, NULL), CG_BAD_INPUT);
	folder[HOME_DIR_MAX] = '\0';
	assert_int_equal(home_find(folder, &found, NULL), CG_OK);
	assert_int_equal(strlen(found.keys), HOME_DIR_MAX + strlen("/keys"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_file_put, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_key_is_replaced, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_proof_stays, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_revoked_full, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_revoked_broken_off, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_upgrade_begun_before, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_long_paths, setup, teardown),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
