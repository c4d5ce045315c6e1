#include "base/base.h"
#include "upstream/outcome.h"

enum upstream_outcome upstream_outcome_of(CURLcode code, bool https, const char *error)
{
	switch ((int)code) {
	case CURLE_OK:
		return UPSTREAM_OK;
	case CURLE_OPERATION_TIMEDOUT:
		return UPSTREAM_TIMEOUT;
	case CURLE_RECV_ERROR:
		/* GNUTLS_E_FATAL_ALERT_RECEIVED: in TLS 1.3 an upstream refuses our certificate, or
		 * that there is none, when the handshake is over for us. */
		return https && strstr(error, "(-12)") ? UPSTREAM_TLS : UPSTREAM_UNREACHABLE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
		return UPSTREAM_UNREACHABLE;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return UPSTREAM_TLS;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
		return UPSTREAM_FAILED;
	default: /* what came is not HTTP/1.1 */
		return UPSTREAM_INVALID;
	}
}
