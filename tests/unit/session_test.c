/* lib/model: sessions and passwords, in a store of their own. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/limits.h"
#include "model/session.h"
#include "model/setting.h"
#include "model/user.h"
#include "model/user_certificate.h"
#include "folder.h"
#include <sys/stat.h>

static char folder[] = "/tmp/cgsess.XXXXXX";
static struct home home;
static struct store *store;
static struct arena arena;
static struct actor boss = {.name = "test",
			    .id = "",
			    .role = CG__ROLE__OWNER,
			    .from_address = "192.0.2.1",
			    .request_id = ""};
static Cg__User *user;
static char password[PASSWORD_TEXT + 1];

static int setup(void **state)
{
	struct cg_err err = {.text = ""};
	(void)state;
	arena_init(&arena, COMMAND_ARENA_MAX);
	if (!mkdtemp(folder) || home_find(folder, &home, &err) != CG_OK ||
	    mkdir(home.db, 0700) < 0 || mkdir(home.run, 0700) < 0 || mkdir(home.keys, 0700) < 0 ||
	    store_create(&home, &err) != CG_OK || store_open(&home, &store, &err) != CG_OK)
		return 1;
	return user_create_owner(store, &boss, "admin", &arena, &user, password, &err) == CG_OK ? 0
												: 1;
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	arena_release(&arena);
	return remove_tree(folder);
}

static void begin(char cookie[TOKEN_TEXT + 1])
{
	struct cg_err err = {.text = ""};
	assert_int_equal(
	    session_begin(store, &(struct session_of){.user = user}, &boss, &arena, cookie, &err),
	    CG_OK);
}

static cg_rc look(const char *cookie, Cg__Session **session)
{
	struct session_of found = {.user = NULL};
	struct cg_err err = {.text = ""};
	/* In the other program it is nobody's, whatever it is in its own. */
	assert_int_equal(session_check(store, CG__SESSION__OF__DEVELOPER, span_of(cookie), &arena,
				       session, &found, &err),
			 CG_DENIED);
	cg_rc rc = session_check(store, CG__SESSION__OF__USER, span_of(cookie), &arena, session,
				 &found, &err);
	if (rc == CG_OK)
		assert_string_equal(found.user->id, user->id);
	return rc;
}

/* As it would be after some time. */
struct aged {
	Cg__Session session;
	int64_t used_ago, begun_ago;
};

static cg_rc age_txn(struct store_txn *txn, void *arg, struct cg_err *err)
{
	struct aged *a = arg;
	struct span bytes;
	a->session.last_used_at = clock_unix_s() - a->used_ago;
	a->session.created_at = clock_unix_s() - a->begun_ago;
	cg_rc rc = record_pack(&a->session, &arena, &bytes, err);
	return rc == CG_OK ? store_put(txn, STORE_SESSION, span_of(a->session.id), bytes, err) : rc;
}

static void ends_by_time(void **state)
{
	static const struct {
		int64_t used_ago, begun_ago;
		cg_rc want;
	} rows[] = {
	    {0,		   0,		    CG_OK	},
	    {SESSION_IDLE_S - 60, SESSION_IDLE_S - 60,  CG_OK    },
	    {SESSION_IDLE_S,	     SESSION_IDLE_S,	     CG_DENIED},
	    {60,		  SESSION_WHOLE_S - 60, CG_OK    },
	    {0,		   SESSION_WHOLE_S,	 CG_DENIED},
	    {-3600,		    -3600,		   CG_OK	},
	};
	char cookie[TOKEN_TEXT + 1];
	Cg__Session *session;
	(void)state;
	begin(cookie);
	assert_int_equal(look(cookie, &session), CG_OK);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct aged a = {*session, rows[i].used_ago, rows[i].begun_ago};
		print_message("# %zu\n", i);
		assert_int_equal(store_write(store, STORE_CHANGES_NONE, age_txn, &a, NULL), CG_OK);
		assert_int_equal(look(cookie, &session), rows[i].want);
	}
}

static void is_written_when_used(void **state)
{
	char cookie[TOKEN_TEXT + 1];
	Cg__Session *session;
	(void)state;
	begin(cookie);
	assert_int_equal(look(cookie, &session), CG_OK);
	struct aged a = {*session, SESSION_IDLE_S - 60, SESSION_IDLE_S};
	assert_int_equal(store_write(store, STORE_CHANGES_NONE, age_txn, &a, NULL), CG_OK);
	assert_int_equal(look(cookie, &session), CG_OK);
	assert_int_equal(look(cookie, &session), CG_OK);
	assert_true(session->last_used_at > clock_unix_s() - SESSION_USED_EVERY_S);
}

static void ends_when_told(void **state)
{
	char one[TOKEN_TEXT + 1], two[TOKEN_TEXT + 1];
	Cg__Session *session;
	(void)state;
	begin(one);
	begin(two);
	assert_string_not_equal(one, two);
	assert_int_equal(look(one, &session), CG_OK);
	assert_int_equal(session_end(store, session, false, &arena, NULL), CG_OK);
	assert_int_equal(session_end(store, session, false, &arena, NULL), CG_OK);
	assert_int_equal(look(one, &session), CG_DENIED);
	assert_int_equal(look(two, &session), CG_OK);
	begin(one);
	assert_int_equal(session_end(store, session, true, &arena, NULL), CG_OK);
	assert_int_equal(look(one, &session), CG_DENIED);
	assert_int_equal(look(two, &session), CG_DENIED);
	/* After a restore. */
	begin(one);
	assert_int_equal(session_end_all(store, NULL), CG_OK);
	assert_int_equal(look(one, &session), CG_DENIED);
}

static void a_user_has_so_many(void **state)
{
	char cookies[SESSIONS_MAX + 2][TOKEN_TEXT + 1];
	Cg__Session *session;
	size_t alive = 0;
	(void)state;
	assert_int_equal(session_end_all(store, NULL), CG_OK);
	for (size_t i = 0; i < CG_COUNT(cookies); i++)
		begin(cookies[i]);
	for (size_t i = 0; i < CG_COUNT(cookies); i++)
		alive += look(cookies[i], &session) == CG_OK;
	assert_int_equal(alive, SESSIONS_MAX);
	assert_int_equal(look(cookies[CG_COUNT(cookies) - 1], &session), CG_OK);
}

static void passwords(void **state)
{
	struct cg_err err = {.text = ""};
	char cookie[TOKEN_TEXT + 1];
	Cg__Session *session;
	Cg__User *found;
	(void)state;
	assert_int_equal(user_sign_in(store, "admin", password, &arena, &found, &err), CG_OK);
	assert_true(found->must_change);
	assert_int_equal(user_sign_in(store, user->id, password, &arena, &found, &err), CG_DENIED);
	assert_int_equal(user_sign_in(store, "admin", "", &arena, &found, &err), CG_DENIED);
	assert_int_equal(user_sign_in(store, "", password, &arena, &found, &err), CG_DENIED);
	assert_int_equal(user_sign_in(store, "Admin", password, &arena, &found, &err), CG_DENIED);
	begin(cookie);
	json_t *patch = json_object();
	assert_int_equal(user_patch(store, &boss, "admin", ENTITY_ANY_REVISION, patch,
				    "a new one, long", &arena, &found, &err),
			 CG_OK);
	assert_false(found->must_change);
	assert_int_equal(look(cookie, &session), CG_DENIED);
	assert_int_equal(user_sign_in(store, "admin", password, &arena, &found, &err), CG_DENIED);
	assert_int_equal(user_sign_in(store, "admin", "a new one, long", &arena, &found, &err),
			 CG_OK);
	static const char *const bad[] = {"short", "", "with\ncontrol characters",
					  "\xff\xfe is no UTF-8 text"};
	for (size_t i = 0; i < CG_COUNT(bad); i++)
		assert_int_equal(user_patch(store, &boss, "admin", ENTITY_ANY_REVISION, patch,
					    bad[i], &arena, &found, &err),
				 CG_BAD_VALUE);
	json_decref(patch);
	struct actor viewer = boss;
	viewer.role = CG__ROLE__ADMIN;
	assert_int_equal(user_reset(store, &viewer, "admin", ENTITY_ANY_REVISION, &arena, &found,
				    password, &err),
			 CG_DENIED);
}

/* A certificate signs in from its first second to its last one, and never a user who is held. */
static void certificate_dates(void **state)
{
	static const struct {
		int64_t now;
		cg_rc want;
	} rows[] = {
	    {999,  CG_DENIED},
	      {1000, CG_OK	  },
	     {2000, CG_OK	 },
	    {2001, CG_DENIED}
	     };
	struct cert cert = {
	    .subject = "CN=x", .issuer = "CN=x", .not_before = 1000, .not_after = 2000};
	struct cg_err err = {.text = ""};
	Cg__UserCertificate *made;
	Cg__User *found;
	(void)state;
	memset(cert.sha256.b, 7, SHA256_BYTES);
	memset(cert.spki_sha256.b, 8, SHA256_BYTES);
	assert_int_equal(user_certificate_add(store, &boss, user->id, &cert, &arena, &made, &err),
			 CG_OK);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		print_message("# at %" PRId64 "\n", rows[i].now);
		assert_int_equal(user_certificate_sign_in(store, &cert.sha256, rows[i].now, &arena,
							  &found, &err),
				 rows[i].want);
	}
	assert_string_equal(found->id, user->id);
	cert.sha256.b[0] = 0;
	assert_int_equal(user_certificate_sign_in(store, &cert.sha256, 1500, &arena, &found, &err),
			 CG_DENIED);
}

/* Whatever stands in front: administrators change no settings and let nobody in. */
static void owners_alone(void **state)
{
	struct actor admin = boss;
	struct cert cert = {.subject = "CN=y", .issuer = "CN=y", .not_after = INT64_MAX};
	struct cg_err err = {.text = ""};
	Cg__Setting *setting;
	Cg__UserCertificate *made;
	json_t *patch = json_pack("{s:s}", "sign_up", "closed");
	(void)state;
	admin.role = CG__ROLE__ADMIN;
	assert_int_equal(
	    setting_change(store, &admin, ENTITY_ANY_REVISION, patch, &arena, &setting, &err),
	    CG_DENIED);
	assert_int_equal(
	    setting_change(store, &boss, ENTITY_ANY_REVISION, patch, &arena, &setting, &err),
	    CG_OK);
	json_decref(patch);
	memset(cert.sha256.b, 9, SHA256_BYTES);
	assert_int_equal(user_certificate_add(store, &admin, user->id, &cert, &arena, &made, &err),
			 CG_DENIED);
	assert_int_equal(user_certificate_add(store, &boss, user->id, &cert, &arena, &made, &err),
			 CG_OK);
	char *sha256 = made->id;
	assert_int_equal(user_certificate_remove(store, &admin, user->id, sha256,
						 ENTITY_ANY_REVISION, &arena, &err),
			 CG_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ends_by_time),   cmocka_unit_test(certificate_dates),
	    cmocka_unit_test(owners_alone),   cmocka_unit_test(is_written_when_used),
	    cmocka_unit_test(ends_when_told), cmocka_unit_test(a_user_has_so_many),
	    cmocka_unit_test(passwords),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("session", tests, setup, teardown);
}
