/* What the fuzz targets share.  A target is one file here: it gets bytes, gives them to a parser of
 * hostile input, and ends the process where something that must hold does not.  Built twice: with
 * libFuzzer, which makes up bytes (`make fuzz`), and with replay.c, which reads them from files
 * (`make test`). */
#ifndef CG_TESTS_FUZZ_FUZZ_H
#define CG_TESTS_FUZZ_FUZZ_H

#include "base/base.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"
#include "cert/cert.h"

/* A target has these two; libFuzzer calls them by these names. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Ends the process with the condition's text. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, #condition);                                 \
	} while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/* A copy in a block of exactly its size: one byte too far is found by the sanitizer.  Never NULL.
 */
char *fuzz_exact(const uint8_t *bytes, size_t n);
/* The same as a C string, which a NUL among the bytes ends. */
char *fuzz_text(const uint8_t *bytes, size_t n);
/* CGI variables of a text with one a line, which it is taken apart for; NULL behind the last. `env`
 * has room for max + 1. */
void fuzz_variables(char *text, char **env, size_t max);
/* How many bytes the DER element at the front takes; all, where that is none that ends before. */
size_t fuzz_der_size(const uint8_t *bytes, size_t n);
/* Fills what a parser writes only on success, and tells whether it left that alone. */
void fuzz_unwrite(void *p, size_t n);
void fuzz_must_be_unwritten(const void *p, size_t n);
/* Valid UTF-8 without control, bidi and invisible characters. */
void fuzz_must_be_safe(const char *text);
/* A refusal: a whole sentence, safe to show, and a code in small letters where it has one. */
void fuzz_must_be_kind(const struct cg_err *err);
/* All that is shown of a certificate is safe, and its digest is that of its bytes. */
void fuzz_must_be_sound(const struct cert *cert);

/* Reads the private keys of tests/certs/keys: what none of them may leave behind. */
void fuzz_secrets_load(void);
/* No part of those keys, as bytes or as text, is in the arena, but in what a certificate says of
 * itself: `but` may hold it. */
void fuzz_must_hold_no_secret(const struct arena *arena, const struct cert_reading *but);
void fuzz_must_tell_no_secret(const char *text);

#endif
