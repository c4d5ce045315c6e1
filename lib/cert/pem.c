#include "base/base.h"
#include "cert/cert.h"
#include "cert/inside.h"
#include <gnutls/gnutls.h>

#define BEGIN	    SPAN_LIT("-----BEGIN ")
#define END	    SPAN_LIT("-----END ")
#define DASHES	    SPAN_LIT("-----")
#define LABEL_MAX   40
#define PEM_COLUMNS 64

/* --- base64 --- */

/* A digit's value and one more; 0 for what is no base64 at all. */
#define WS  65
#define PAD 66
static const uint8_t values[256] = {
    /* clang-format off */
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
    ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
    ['\t'] = WS, ['\n'] = WS, ['\v'] = WS, ['\f'] = WS, ['\r'] = WS, [' '] = WS, ['='] = PAD,
    /* clang-format on */
};

int base64_value(char c)
{
	uint8_t v = values[(uint8_t)c];
	return v >= 1 && v <= 64 ? v - 1 : -1;
}

bool base64_decode(struct span text, uint8_t *out, size_t *n)
{
	uint32_t bits = 0;
	unsigned have = 0, padding = 0;
	size_t w = 0;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t v = values[(uint8_t)text.p[i]];
		if (v == WS)
			continue;
		if (v == PAD) {
			padding++;
			continue;
		}
		if (v == 0 || padding > 0)
			return false;
		bits = bits << 6 | (v - 1u);
		if (++have == 4) {
			out[w++] = (uint8_t)(bits >> 16);
			out[w++] = (uint8_t)(bits >> 8);
			out[w++] = (uint8_t)bits;
			bits = have = 0;
		}
	}
	if (have == 0 && padding == 0) {
		*n = w;
		return true;
	}
	if (have < 2 || have + padding != 4)
		return false;
	uint32_t unused = have == 2 ? 0xf : 0x3;
	if (bits & unused)
		return false;
	if (have == 2) {
		out[w++] = (uint8_t)(bits >> 4);
	} else {
		out[w++] = (uint8_t)(bits >> 10);
		out[w++] = (uint8_t)(bits >> 2);
	}
	*n = w;
	return true;
}

/* A line; returns what comes behind it. */
static char *put_marker(char *to, struct span begin, struct span label)
{
	to = mempcpy(to, begin.p, begin.n);
	to = mempcpy(to, label.p, label.n);
	to = mempcpy(to, DASHES.p, DASHES.n);
	*to++ = '\n';
	return to;
}

char *pem_format(struct arena *arena, struct span label, struct span der)
{
	const char *text = base64_format(arena, der);
	if (!text)
		return NULL;
	size_t n = strlen(text), lines = (n + PEM_COLUMNS - 1) / PEM_COLUMNS;
	char *out =
	    arena_alloc(arena, BEGIN.n + END.n + 2 * (label.n + DASHES.n + 1) + n + lines + 1);
	if (!out)
		return NULL;
	char *w = put_marker(out, BEGIN, label);
	for (size_t i = 0; i < n; i += PEM_COLUMNS) {
		size_t part = n - i < PEM_COLUMNS ? n - i : PEM_COLUMNS;
		w = mempcpy(w, text + i, part);
		*w++ = '\n';
	}
	*put_marker(w, END, label) = '\0';
	return out;
}

char *cert_pem(struct arena *arena, struct span der)
{
	return pem_format(arena, SPAN_LIT("CERTIFICATE"), der);
}

/* --- blocks --- */

/* Takes "LABEL-----" off *rest. */
static bool take_label(struct span *rest, struct span *label)
{
	size_t n = 0;
	while (n < rest->n && n <= LABEL_MAX &&
	       ((rest->p[n] >= 'A' && rest->p[n] <= 'Z') ||
		(rest->p[n] >= '0' && rest->p[n] <= '9') || rest->p[n] == ' '))
		n++;
	if (n == 0 || n > LABEL_MAX || !span_starts(span_from(*rest, n), DASHES))
		return false;
	*label = (struct span){rest->p, n};
	*rest = span_from(*rest, n + DASHES.n);
	return true;
}

static bool is_certificate(struct span label)
{
	return span_is_text(label, "CERTIFICATE") || span_is_text(label, "X509 CERTIFICATE");
}

/* A marker of a certificate that is not a true one: dashes lost or turned into others, small
 * letters, an END without its BEGIN. */
static bool has_false_marker(struct span text)
{
	static const struct span words[] = {SPAN_LIT("BEGIN CERTIFICATE"),
					    SPAN_LIT("END CERTIFICATE"),
					    SPAN_LIT("BEGIN X509 CERTIFICATE")};
	for (size_t i = 1; i < text.n; i++) {
		uint8_t before = (uint8_t)text.p[i - 1];
		if (before != '-' && before < 0x80)
			continue;
		struct span rest = span_from(text, i);
		for (size_t k = 0; k < CG_COUNT(words); k++)
			if (rest.n >= words[k].n &&
			    span_is_nocase(span_make(rest.p, words[k].n), words[k]) &&
			    !span_starts(span_from(rest, words[k].n), SPAN_LIT(" ")))
				return true;
	}
	return false;
}

static cg_rc damaged(struct cg_err *err, const char *what)
{
	return cg_fail_code(err, CG_BAD_VALUE, CERT_DAMAGED,
			    "%s Copy the whole text of the certificate again, from its BEGIN "
			    "line to its END line.",
			    what);
}

#define IS_PKCS7                                                                                   \
	"This is a PKCS#7 bundle. Take the certificates out of it with: openssl pkcs7 "            \
	"-print_certs -in FILE -out cert.pem"

/* What people take for a certificate. */
static const struct {
	const char *label;
	const char *code;
	const char *sentence;
} others[] = {
    {"CERTIFICATE REQUEST",	    CERT_IS_REQUEST,    IS_REQUEST		       },
    {"NEW CERTIFICATE REQUEST", CERT_IS_REQUEST,	 IS_REQUEST		   },
    {"X509 CRL",		 CERT_IS_CRL,
     "This is a list of revoked certificates (CRL). Give the certificate itself."},
    {"PUBLIC KEY",		   CERT_IS_PUBLIC_KEY, IS_PUBLIC_KEY		    },
    {"RSA PUBLIC KEY",	       CERT_IS_PUBLIC_KEY, IS_PUBLIC_KEY		},
    {"PKCS7",		   CERT_IS_PKCS7,	     IS_PKCS7		     },
    {"CMS",		     CERT_IS_PKCS7,	   IS_PKCS7			   },
    {"TRUSTED CERTIFICATE",	    CERT_IS_TRUSTED,
     "This is OpenSSL's TRUSTED CERTIFICATE, which carries extra data. Turn it into an ordinary "
     "certificate with: openssl x509 -in FILE -out cert.pem"			    },
};

/* After "-----BEGIN LABEL-----": takes the body and "-----END LABEL-----" off *rest. */
static cg_rc take_body(struct span *rest, struct span label, struct span *body, struct cg_err *err)
{
	size_t end = span_find(*rest, DASHES);
	if (end == SIZE_MAX)
		return damaged(err, "The text is cut short: the END line is missing.");
	struct span after = span_from(*rest, end), end_label;
	*body = (struct span){rest->p, end};
	if (span_starts(after, BEGIN))
		return damaged(err, "A second BEGIN line comes before the END line.");
	if (!span_starts(after, END))
		return damaged(err, "There are dashes in the middle of the certificate.");
	after = span_from(after, END.n);
	if (!take_label(&after, &end_label))
		return damaged(err, "The END line is damaged.");
	if (!span_is(end_label, label))
		return damaged(err, "The END line does not fit the BEGIN line.");
	*rest = after;
	return CG_OK;
}

static bool is_bare_base64(struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (values[(uint8_t)text.p[i]] == 0)
			return false;
	return true;
}

static cg_rc no_block(struct span text, struct pem_blocks *out, struct cg_err *err)
{
	text = span_trim(text);
	if (text.n >= 2 && (text.p[0] == '"' || text.p[0] == '\'') &&
	    text.p[text.n - 1] == text.p[0])
		text = span_trim(span_make(text.p + 1, text.n - 2));
	if (text.n == 0)
		return cg_fail_code(err, CG_BAD_VALUE, CERT_NO_CERTIFICATE,
				    "No certificate was given. Paste its whole text, from the "
				    "BEGIN CERTIFICATE line to the END CERTIFICATE line.");
	if (span_starts(text, SPAN_LIT("ssh-")) || span_starts(text, SPAN_LIT("ecdsa-sha2-")) ||
	    span_starts(text, SPAN_LIT("---- BEGIN SSH2 ")))
		return cg_fail_code(
		    err, CG_BAD_VALUE, CERT_IS_SSH_KEY,
		    "This is an SSH key, which TLS does not know. Give a TLS "
		    "certificate; its text has a BEGIN CERTIFICATE line. " MAKE_NEW);
	if (text.n >= 64 && is_bare_base64(text)) {
		out->body[0] = text;
		out->n = 1;
		return CG_OK;
	}
	return cg_fail_code(err, CG_BAD_VALUE, CERT_NO_CERTIFICATE,
			    "There is no certificate in this text. Paste its whole text, from "
			    "the BEGIN CERTIFICATE line to the END CERTIFICATE line.");
}

cg_rc pem_split(struct span text, struct pem_blocks *out, struct cg_err *err)
{
	struct pem_blocks blocks = {.n = 0};
	struct span rest = text, label, body;
	size_t other = SIZE_MAX;
	bool any = false;
	for (;;) {
		size_t at = span_find(rest, BEGIN);
		if (has_false_marker(at == SIZE_MAX ? rest : span_make(rest.p, at)))
			return damaged(err, "The BEGIN or END line is damaged: each has five plain "
					    "hyphens on both sides and capital letters.");
		if (at == SIZE_MAX)
			break;
		any = true;
		rest = span_from(rest, at + BEGIN.n);
		if (!take_label(&rest, &label))
			return damaged(err, "The BEGIN line is damaged.");
		cg_rc rc = take_body(&rest, label, &body, err);
		if (rc != CG_OK)
			return rc;
		if (is_certificate(label)) {
			if (blocks.n == CERT_INPUT_CERTS_MAX)
				return cg_fail_code(err, CG_BAD_VALUE, CERT_TOO_MANY,
						    "There are more than %d certificates in this "
						    "text. Give one, with its chain at most.",
						    CERT_INPUT_CERTS_MAX);
			blocks.body[blocks.n++] = body;
			continue;
		}
		for (size_t i = 0; i < CG_COUNT(others); i++)
			if (span_is_text(label, others[i].label))
				other = i;
	}
	if (other != SIZE_MAX &&
	    (blocks.n == 0 || strcmp(others[other].code, CERT_IS_TRUSTED) == 0))
		return cg_fail_code(err, CG_BAD_VALUE, others[other].code, "%s",
				    others[other].sentence);
	if (!any)
		return no_block(text, out, err);
	*out = blocks;
	return CG_OK;
}
