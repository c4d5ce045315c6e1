/* Every limit of certgate, with its unit, why it is what it is, and the status that passing it
 * gives. */
#ifndef CG_BASE_LIMITS_H
#define CG_BASE_LIMITS_H

/* --- certificates --- */
/* Pasted or uploaded text, bytes.  Larger is refused before it is parsed: 413. */
#define CERT_INPUT_MAX (256 * 1024)
/* DER of one certificate, bytes.  Above it Apache's mod_proxy_fcgi leaves SSL_CLIENT_CERT out
 * without a word (measured: 12042 bytes of DER with its defaults): 422. */
#define CERT_DER_MAX 12000
/* Certificates in one text: a chain is short, a CA bundle is not a client certificate: 422. */
#define CERT_INPUT_CERTS_MAX 20
/* What is shown of a subject or issuer, and of one alternative name, bytes; longer is cut. */
#define CERT_TEXT_MAX	   600
#define CERT_NAME_TEXT_MAX 260
/* Alternative names: the shortest has two bytes, so all of them are listed. */
#define CERT_NAMES_MAX (CERT_DER_MAX / 2)
/* DER of a private key that is compared with its certificate, bytes: RSA of 8192 bits has 4.7 kB.
 * A larger one is dropped like an encrypted one. */
#define CERT_KEY_DER_MAX 6000
/* Private keys in one text that are looked at; the rest is dropped unseen. */
#define CERT_EXPOSED_MAX 4
/* RSA keys, bits: OpenSSL's default level refuses less, more costs seconds per check: 422. */
#define CERT_RSA_BITS_MIN 2048
#define CERT_RSA_BITS_MAX 8192
/* The public exponent of a CA's RSA key, bits (FIPS 186-5 allows no more): it leads nowhere. */
#define CERT_RSA_EXPONENT_BITS_MAX 256
/* A certificate that ends within this time is accepted with a notice, seconds. */
#define CERT_ENDS_SOON_S ((int64_t)30 * 24 * 3600)
/* Certificates that the web server passes beside the client's own; what comes after is ignored. */
#define CERT_CHAIN_PASSED_MAX 8
/* Intermediate CAs out of good chains that a gate remembers; then the oldest is forgotten. */
#define CERT_CHAIN_SEEN_MAX 64
/* From a client's certificate up to a CA of the API, that one not counted: untrusted above it. */
#define CERT_CHAIN_DEPTH_MAX 8
/* Chains that are tried for one certificate, and CAs that are looked at in them: whoever sends many
 * with the same names gets no more. */
#define CERT_CHAIN_TRIES_MAX 16
#define CERT_CHAIN_STEPS_MAX 256
/* CAs that one API can trust: 422. */
#define API_CAS_MAX 50
/* Public keys of upstreams that one API can pin, and certificates between its own and the root:
 * 422.
 */
#define API_PINS_MAX  10
#define API_CHAIN_MAX 5
/* An unencrypted private key as text, bytes: RSA of 8192 bits has 6.4 kB: 422. */
#define PRIVATE_KEY_TEXT_MAX (16 * 1024)
/* A revocation list's DER, bytes: about 13000 serial numbers: 413. */
#define CRL_DER_MAX (480 * 1024)
/* The same as text. */
#define CRL_INPUT_MAX (CRL_DER_MAX / 3 * 4 + CRL_DER_MAX / 48 + 4096)

/* --- records --- */
#define ID_MAX_BYTES	 64   /* ids of records, imported ones included: 422 */
#define NAME_MAX_BYTES	 200  /* names of APIs, keys, users, UTF-8 bytes: 422 */
#define PATH_MAX_BYTES	 1024 /* listen paths and path patterns: 422 */
#define URL_MAX_BYTES	 2048 /* target_url: 422 */
#define DOMAIN_MAX_BYTES 253  /* and of each of its labels; RFC 1035: 422 */
#define DOMAIN_LABEL_MAX 63
/* Certificates that sign one user in: 422. */
#define USER_CERTIFICATES_MAX 10
#define MAIL_LOCAL_MAX	      64 /* before the @ of an e-mail address, bytes; RFC 5321: 422 */
#define MAIL_ADDRESS_MAX      254
#define MARKDOWN_MAX	      (64 * 1024)  /* a text for people with Markdown, bytes: 422 */
#define MARKDOWN_HTML_MAX     (512 * 1024) /* what becomes of it, bytes: 422 */
#define MARKDOWN_ROW_MAX      500	   /* “|” of a line, and one: 422 */
#define MARKDOWN_CELLS_MAX    100000	   /* lines by “|” of the widest: 422 */
#define MARKDOWN_DEPTH_MAX    50	   /* its lists and quotes within each other, levels: 422 */
#define TARGETS_MAX	      16	   /* upstreams of one API: 422 */
#define HEADER_RULES_MAX      50   /* header fields that one API adds, sets or removes: 422 */
#define HEADER_VALUE_MAX      4096 /* value of such a field, bytes: 422 */
#define ORIGIN_MAX	      300  /* an origin of cors, bytes: 422 */
#define LIST_MAX_ENTRIES      500  /* entries of any list in a record: 422 */
#define RECORD_MAX	      (1024 * 1024) /* a packed record, bytes: 422 */
/* The same record unpacked: a text of one byte takes 24 and its length two. */
#define RECORD_ARENA_MAX ((size_t)32 * RECORD_MAX)

/* --- rights --- */
#define POLICIES_MAX	     16			 /* of one key: 422 */
#define RATE_LIMIT_MAX	     1000000000		 /* requests: 422 */
#define RATE_SECONDS_MAX     (31 * 24 * 3600)	 /* longer is what a quota is for: 422 */
#define QUOTA_LIMIT_MAX	     ((uint64_t)1 << 53) /* requests; JSON's whole numbers end there: 422 */
#define CONCURRENT_MAX	     100000		 /* requests: 422 */
#define LIFETIME_DAYS_MAX    36500		 /* of keys: 422 */
#define DEVELOPER_KEYS_MAX   1000		 /* of one catalogue entry: 422 */
#define REASON_MAX	     1000		 /* bytes, why a request is declined: 422 */
#define OVERLAP_DAYS_MAX     365		 /* of a certificate and its successor: 422 */
#define OVERLAP_DAYS_DEFAULT 7
#define REQUESTS_A_DAY_MAX   100 /* of one developer, withdrawn ones included: 409 */
#define REQUESTS_SHOWN_MAX   500 /* of an organisation that wait, or of a key, on a page */

/* --- faults --- */
/* Faults of fields that one answer lists, and bytes of all of them: some forty sentences, which is
 * more than a form has fields.  Only the number of the rest is told. */
#define FAULTS_MAX   100
#define FAULTS_BYTES 6000

/* --- memory --- */
/* A request's arena, bytes.  A request that needs more ends with 503. */
#define REQUEST_ARENA_MAX (64 * 1024 * 1024)
/* A sub-command's or a worker's long-lived arena, bytes. */
#define COMMAND_ARENA_MAX (64 * 1024 * 1024)

/* --- requests --- */
#define REST_BODY_MAX (512 * 1024) /* a JSON or PEM body, bytes: 413 */
/* Request target, bytes: 400; the web server's own limit is lower. */
#define TARGET_MAX_BYTES (64 * 1024)
#define HEADERS_MAX	 200 /* header fields of a request or an answer: 400, 502 */
/* The head of an answer, bytes: 502.  lighttpd has room for 64 kB, and so has Apache over HTTP/2,
 * where each field takes 12 bytes more; beyond that they say nothing of why. */
#define RESPONSE_HEAD_MAX (60 * 1024)
#define STATUS_REASON_MAX 100 /* behind an answer's status, bytes: left out */
/* The last use of a REST token is written down at most so often. */
#define TOKEN_USED_EVERY_S ((int64_t)60)
#define LIST_LIMIT_DEFAULT 50  /* items of a page of a list */
#define LIST_LIMIT_MAX	   500 /* 422 */
/* A refused request's body: so much is read and thrown away at once, and again at each step of the
 * pace, before the connection is closed. */
#define REFUSAL_DRAIN_BYTES   (64 * 1024)
#define REFUSAL_DRAIN_PACE_MS 100
#define REFUSAL_DRAIN_MS      1000
/* Apache's HUGE_STRING_LEN, less the line's end: a longer field of an answer is 502 there, where
 * Apache would say 500. */
#define APACHE_FIELD_MAX 8189
/* For so long a server may read what it has of an answer that is then broken off, ms. */
#define BROKEN_READ_MS 1000
/* The head of a request to an upstream, bytes: 503. */
#define UPSTREAM_HEAD_MAX ((size_t)1024 * 1024)
/* The head of a request body kept so that a stale kept connection can be retried, bytes. */
#define UPSTREAM_REWIND_BYTES (64 * 1024)
/* Connecting to an upstream, ms: 504 above it, or above the API's own timeout if that is less. */
#define UPSTREAM_CONNECT_MS 10000
/* A test of an upstream, all of it: a worker of admin waits so long. */
#define PROBE_MS	  10000
#define UPSTREAM_KEPT_MAX 4 /* idle upstream connections kept by one thread */
/* An upstream that could not be connected is passed over for so long while there are others, ms. */
#define UPSTREAM_DOWN_MS 5000
/* Upstreams that one request is offered to: each may take UPSTREAM_CONNECT_MS. */
#define UPSTREAM_TRIES_MAX 3
/* Idle for longer, a kept connection is not used again: upstreams close them after some seconds,
 * and a request that may not be repeated would be lost in between. */
#define UPSTREAM_KEPT_S	     20
#define UPSTREAM_KEPT_POST_S 1
/* Of an upstream that says when it closes one (Keep-Alive: timeout), so much earlier, s. */
#define UPSTREAM_KEPT_MARGIN_S 1
/* Interim answers (1xx) before the answer; who sends more does not mean to answer: 502. */
#define UPSTREAM_INTERIM_MAX 32
/* Older than this a connection takes no further request, however busy it is: an upstream's name may
 * lead elsewhere by then, s. */
#define UPSTREAM_LIFE_S	 60
#define METHOD_MAX_BYTES 32 /* of a request's method: 400 */
/* A web server that neither sends nor takes a byte for so long has lost the request, s.  Longer
 * than Apache's own Timeout, which ends such requests before. */
#define SERVER_SILENT_S 120
/* The head of a request, which web servers send at once, comes within this or its connection is
 * cut, s: each that does not would hold a thread. */
#define SERVER_HEAD_S 10
/* Client-Cert above this is left out and logged, bytes: upstreams refuse long fields. */
#define CLIENT_CERT_FIELD_MAX 7168

/* --- store --- */
#define STORE_LOCK_WAIT_MS 4000 /* a wait for the store's lock: 503 after it */
/* A wait for another process that upgrades the store. */
#define UPGRADE_WAIT_MS 60000
/* A wait for the same holder, after one was in vain. */
#define STORE_LOCK_STUCK_WAIT_MS 50
#define STORE_TRIES		 3 /* runs of a transaction that the library asks to repeat */
/* A process that has seen so many recoveries ends after its requests: each leaves the mappings of
 * an old region behind (measured: 2 to 3 each). */
#define STORE_RECOVERIES_MAX 8

/* --- counters of limits --- */
/* Keys, keys at one API, and APIs that have something counted at a time: 503 above it.  192 bytes
 * each, allocated as they are needed. */
#define LIMITS_SLOTS_MAX (1u << 22)
/* A wait for a lock of the counters, which is held for less than a microsecond: 503 after it. */
#define LIMITS_LOCK_WAIT_MS 1000

/* --- gate --- */
/* Requests that a gate serves at once: Apache's default MaxRequestWorkers of 150 and a reserve.
 * Idle connections take no thread. */
#define GATE_THREADS_DEFAULT 176
/* Quotas are on disk at least so often: what a loss of power can take back of them. */
#define QUOTA_FLUSH_S 10
#define QUOTA_SWEEP_S 3600 /* between two looks for quotas that are over */
/* Calls under way at once where an API or a key says nothing, so that one cannot take all threads:
 * 429. */
#define API_CONCURRENT_DEFAULT (GATE_THREADS_DEFAULT / 2)
#define KEY_CONCURRENT_DEFAULT (GATE_THREADS_DEFAULT / 4)
#define GRANTS_CACHED_MAX      100000 /* credentials remembered for one generation */
/* Registered certificates whose SSL_CLIENT_CERT is remembered for one generation, and the longest
 * that is, bytes. */
#define CERTS_REMEMBERED_MAX  4096
#define CERT_REMEMBERED_BYTES 8192

/* --- refusals --- */
/* Refused requests that are remembered: of known keys, with unknown certificates, others.  One kB
 * each, allocated in the run folder; the oldest of its shard is forgotten for a newer one. */
#define REFUSALS_OF_KEYS	 2048
#define REFUSALS_OF_CERTIFICATES 1024
#define REFUSALS_OF_OTHERS	 1024
/* Parts of each, by key or by address: one source can push out this part of the others' at most. */
#define REFUSALS_SHARDS 8
/* Unknown certificates that are kept, CERT_DER_MAX bytes each. */
#define REFUSALS_DERS 256
/* What is kept of a path, of the sentence that the client saw, and of other texts, bytes; longer is
 * cut. */
#define REFUSAL_PATH_MAX   255
#define REFUSAL_DETAIL_MAX 239
#define REFUSAL_TEXT_MAX   63
/* Of a token's SHA-256 so many hex digits are kept, and none for tokens shorter than that: a token
 * of ours has 52 characters, something else may be a password. */
#define REFUSAL_TOKEN_DIGITS 8
#define REFUSAL_TOKEN_MIN    20

/* --- usage --- */
/* Groups (API, key, status, code) that are counted at a time in the run folder, each for three
 * minutes; 1.3 kB each, allocated.  More are counted as "other". */
#define USAGE_SLOTS 4096
/* Groups (API, class of status, code) that /metrics tells apart. */
#define USAGE_TOTALS 1024
/* Credentials whose use in a minute is noted, as far as their places differ. */
#define USAGE_USES 16384
/* Gates whose requests in flight are told. */
#define USAGE_GATES_MAX 128
/* Days that minutes, hours and days of usage are kept, unless the setting usage_keep says
 * otherwise. A record takes about 300 bytes. */
#define USAGE_KEEP_DEFAULT  "2,60,731"
#define USAGE_KEEP_DAYS_MAX 3660
/* The token for /metrics, bytes: a shorter one can be guessed and opens nothing. */
#define METRICS_TOKEN_MIN 16
/* A value of the configuration file, bytes with its NUL: the program does not start above it. */
#define CONFIG_VALUE_MAX 1024
/* Groups that are told apart in an hour or a day; more are put together as "other". */
#define USAGE_GROUPS_MAX 4096
/* An hour or day is put together so long after its end, s: its minutes are in the store by then. */
#define USAGE_SETTLE_S 180
#define USAGE_PURGE_S  60 /* between two looks for numbers that are too old */
/* What one question to the REST interface may give, items: 422. */
#define USAGE_ITEMS_MAX 10000
/* The same where each is a few numbers: as many as there may be keys in all. */
#define USAGE_PLAIN_ITEMS_MAX 150000
/* Keys and credentials that are looked at in a second for notices of their end, and between two
 * such rounds, s. */
#define NOTICE_ENDS_A_SECOND 500
#define NOTICE_ROUND_S	     3600
/* Notices about what is longer past are forgotten, and nothing so old is told of any more, s. */
#define NOTICE_KEEP_S ((int64_t)90 * 86400)
/* Lines of the access log that wait to be written, bytes: what comes then is dropped and counted.
 */
#define ACCESS_LOG_QUEUE_MAX (4 * 1024 * 1024)
#define ACCESS_LOG_PATH_MAX  1024 /* of a request's path, bytes; longer is cut */

/* --- pages --- */
#define PAGE_BYTES_MAX (16 * 1024 * 1024) /* of HTML: 503 */
/* Stylesheet, fonts, icons: files, and bytes of all of them together. */
#define PAGE_ASSETS_MAX	      32
#define PAGE_ASSETS_BYTES_MAX (8 * 1024 * 1024)
/* A form's body, bytes: a pasted certificate, each byte of which may come as %XX, and an uploaded
 * one: 413. */
#define FORM_BODY_MAX (4 * CERT_INPUT_MAX + 128 * 1024)
/* The same for who need not be signed in, bytes: names, an address, two passwords: 413. */
#define OPEN_FORM_BODY_MAX (8 * 1024)
/* Requests that a process of admin or portal takes up at a time; it works at one, and waits for the
 * others' bytes.  Two processes have more than Apache's default MaxRequestWorkers of 150, and than
 * its threads for HTTP/2. */
#define PAGE_THREADS 128
/* Fields of a form; access rights are one each: 400. */
#define FORM_FIELDS_MAX	   1200
#define FORM_NAME_MAX	   64 /* of a field's name, bytes: 400 */
#define FORM_BOUNDARY_MAX  70 /* RFC 2046 section 5.1.1: 400 */
#define FORM_PART_HEAD_MAX 2048
/* A session ends when nobody used it for so long, and in any case so long after its beginning, s.
 */
#define SESSION_IDLE_S	((int64_t)3600)
#define SESSION_WHOLE_S ((int64_t)12 * 3600)
/* The last use is written down at most so often. */
#define SESSION_USED_EVERY_S ((int64_t)60)
#define SESSIONS_MAX	     20 /* of one user; a further one ends the oldest */
/* Passwords: fewer characters can be guessed; yescrypt takes no more than 511 bytes: 422. */
#define PASSWORD_CHARS_MIN 12
#define PASSWORD_BYTES_MAX 511
/* Wrong passwords from one address (IPv6: its /64) in so many seconds: 429.  Right ones do not
 * count, so nobody locks out anybody but who shares his address. */
#define SIGN_IN_WRONG_MAX   20
#define SIGN_IN_WRONG_PER_S 600
/* Passwords that are hashed at a time, each for some 50 ms, by all processes together, and how long
 * one waits for its turn: 503. */
#define SIGN_IN_HASHING_MAX 2
#define SIGN_IN_WAIT_MS	    4000
/* Passwords, right or wrong, and requests to join from one address (IPv6: its /64) in so many
 * seconds: 429.  Well below what there is for all, so that nobody uses that up alone. */
#define SIGN_IN_ADDRESS_MAX   120
#define SIGN_IN_ADDRESS_PER_S 60
/* Passwords that are hashed a minute for all addresses together, and as many requests to join, to
 * leave the processor to others: 429. */
#define SIGN_IN_ALL_MAX	  600
#define SIGN_IN_ALL_PER_S 60

/* --- portal and mail --- */
/* Mails of a kind to one address that strangers can have sent, and an organisation to a contact who
 * is no member, and in which time, s; more are not written. */
#define MAIL_STRANGER_MAX 3
#define MAIL_CONTACT_MAX  5
#define MAIL_STRANGER_S	  ((int64_t)3600)
/* Links in mails count from their sending for so long, s: for a new password, and for all else. */
#define LINK_RESET_S   ((int64_t)3600)
#define LINK_CONFIRM_S ((int64_t)24 * 3600)
/* Ended ones are forgotten so much later, s. */
#define LINK_KEEP_S ((int64_t)3600)
/* A mail is tried again for so long, s, and then kept with its fault. */
#define MAIL_TRY_S ((int64_t)5 * 86400)
/* What went out or was given up is forgotten so long after it was written, s. */
#define MAIL_KEEP_S ((int64_t)30 * 86400)
/* Administrators who are told of a new request. */
#define MAIL_ADMINISTRATORS_MAX 50
/* One run of the mail program, ms: ended, and tried again later. */
#define MAIL_RUN_MS 30000
/* A mail, bytes. */
#define MAIL_BYTES_MAX (1024 * 1024)
/* How often the outbox is looked at, and between two looks for mails that are too old. */
#define MAIL_LOOK_MS 500
#define MAIL_SWEEP_S ((int64_t)3600)
/* Requests to join, for a new password and the like from one address (IPv6: its /64) in so many
 * seconds: 429. */
#define JOIN_MAX   60
#define JOIN_PER_S 300

/* --- start --- */
/* A program that cannot start answers 503 for so long before it ends and is started again: whoever
 * has connected would wait for as long as the web server lets him. */
#define START_FAILED_SERVE_MS 1000
#define START_FAILED_THREADS  4

/* --- supervisor --- */
/* Processes of one program: wrong usage above it. */
#define SUPERVISE_WORKERS_MAX 64
/* The first restart is at once; then pauses double from the one to the other.  A worker that lived
 * for SUPERVISE_STEADY_MS is started again at once. */
#define SUPERVISE_BACKOFF_MIN_MS 50
#define SUPERVISE_BACKOFF_MAX_MS 1000
#define SUPERVISE_STEADY_MS	 5000
/* A start is given up when one worker ended so often before it was ready, without a word. */
#define SUPERVISE_START_TRIES 3
/* Predecessors of one worker that still answer what they have begun: with more, the next one is
 * started when it has ended. */
#define SUPERVISE_LEAVING_MAX 8
/* A wait for the workers of a killed supervisor to end: refused after it. */
#define SUPERVISE_TAKEOVER_MS 1500
/* From SIGTERM until what is under way is cut (SIGINT), and from then to SIGKILL, which is for a
 * process that hangs. */
#define SUPERVISE_STOP_MS 5000
#define SUPERVISE_KILL_MS 10000
/* lighttpd's ssl.ca-file.  It sends the subjects of all its certificates in each handshake, and
 * above 64 kB no handshake works any more, for nobody (measured with 1.4.69: 1000 certificates of
 * 60 bytes each work, 1500 do not); Java takes no handshake message above 32 kB.  Beyond this many
 * bytes of subjects the file stays as it was, and an error is logged. */
#define LIGHTTPD_CA_NAMES_MAX 30000
/* A certificate with a longer subject, bytes, is left out, so that few cannot take up all the room.
 */
#define LIGHTTPD_CA_NAME_MAX 512
/* The file itself, bytes: subjects of no length at all would let it grow. */
#define LIGHTTPD_CA_MAX ((size_t)16 * 1024 * 1024)
/* How often its writer looks for a change of the store (one atomic load), and how soon it tries
 * again what failed. */
#define LIGHTTPD_CA_LOOK_MS  200
#define LIGHTTPD_CA_RETRY_MS 2000
/* A process that should end serves on for so long until its successor accepts; then it ends all the
 * same. */
#define SUCCESSOR_WAIT_MS 20000

#endif
