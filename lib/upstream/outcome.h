/* What libcurl says of a transfer, as an outcome; private to upstream/. */
#ifndef CG_UPSTREAM_OUTCOME_H
#define CG_UPSTREAM_OUTCOME_H

#include "upstream/upstream.h"
#include <curl/curl.h>

/* `error` is the text in CURLOPT_ERRORBUFFER. */
enum upstream_outcome upstream_outcome_of(CURLcode code, bool https, const char *error);

#endif
