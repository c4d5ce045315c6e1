#include "base/base.h"
#include "model/password.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"
#include <crypt.h>
#include <gnutls/gnutls.h>
#include <unistr.h>

/* `setting` is a hash that was made before, or what crypt_gensalt_rn gives. */
static cg_rc hash_with(const char *password, const char *setting, struct arena *arena, char **out,
		       struct cg_err *err)
{
	/* 32 kB, holds the password: not on the stack, and wiped. */
	struct crypt_data *data = calloc(1, sizeof(*data));
	if (!data)
		return cg_fail_memory(err);
	const char *hash = crypt_r(password, setting, data);
	/* A failure is "*0" or "*1", not only NULL (crypt(3)). */
	*out = hash && hash[0] != '*' ? arena_strdup(arena, hash) : NULL;
	gnutls_memset(data, 0, sizeof(*data));
	free(data);
	return *out ? CG_OK : cg_fail(err, CG_UNAVAILABLE, "The password cannot be hashed now.");
}

/* yescrypt with libxcrypt's default cost. */
cg_rc password_hash(const char *password, struct arena *arena, char **out, struct cg_err *err)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	if (!crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)))
		return cg_fail(err, CG_UNAVAILABLE, "The password cannot be hashed now.");
	return hash_with(password, setting, arena, out, err);
}

cg_rc password_check(const char *password, const char *hash, struct arena *arena, bool *right,
		     struct cg_err *err)
{
	char *again;
	/* Of nobody: as long as that of somebody. */
	cg_rc rc = hash ? hash_with(password, hash, arena, &again, err)
			: password_hash(password, arena, &again, err);
	if (rc == CG_OK)
		*right = hash && same_secret(span_of(hash), span_of(again));
	return rc;
}

cg_rc password_judge(const char *password, const char *field, struct cg_err *err)
{
	struct span text = span_of(password);
	if (!text_is_clean(text))
		return cg_fail_field(err, field, "has characters that cannot be typed again");
	if (u8_mbsnlen((const uint8_t *)text.p, text.n) < PASSWORD_CHARS_MIN)
		return cg_fail_field(err, field, "must have at least %d characters",
				     PASSWORD_CHARS_MIN);
	if (text.n > PASSWORD_BYTES_MAX)
		return cg_fail_field(err, field, "is too long: at most %d bytes are taken",
				     PASSWORD_BYTES_MAX);
	return CG_OK;
}

cg_rc password_judge_change(const struct password_change *change, struct cg_err *err)
{
	cg_rc rc = password_judge(change->new, "new", err);
	if (rc == CG_OK && strcmp(change->new, change->current) == 0)
		rc = cg_fail_field(err, "new", "must be another one than the current password");
	if (strcmp(change->new, change->repeat) != 0)
		rc = cg_fail_field(err, "repeat", "is not the same as the new password");
	return rc;
}
