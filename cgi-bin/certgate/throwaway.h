/* Certificates of our own for a moment's use: nobody is meant to trust them. */
#ifndef CG_CERTGATE_THROWAWAY_H
#define CG_CERTGATE_THROWAWAY_H

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/span.h"

struct throwaway {
	struct span cert_pem;
	struct span key_pem; /* wiped with the arena */
	struct sha256 sha256;
};

/* Makes a self-signed certificate, no CA, for clients, valid from an hour ago for so many days, and
 * its EC P-256 key; all in the arena.  CG_UNAVAILABLE when the library cannot. */
cg_rc throwaway_make(const char *common_name, int days, struct arena *arena, struct throwaway *out,
		     struct cg_err *err) CG_MUST_USE;

#endif
