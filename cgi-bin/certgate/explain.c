/* certgate explain: the gate's decision, by the gate's function, in words. */
#include "base/base.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "cert/cert.h"
#include "command.h"
#include "grant/decide.h"
#include "grant/limit.h"
#include "grant/trust.h"
#include "model/pattern.h"
#include "web/target.h"

struct question {
	const char *url, *method, *address, *site, *cert_path;
	bool token_stdin;
	struct span cert, token;
};

/* Takes the next certificate off *text, from its first marker to its end; empty when there is
 * none. */
static struct span next_block(struct span *text)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----",
			  end[] = "-----END CERTIFICATE-----";
	const char *from = memmem(text->p, text->n, begin, sizeof(begin) - 1);
	if (!from)
		return SPAN_LIT("");
	struct span block = span_from(*text, (size_t)(from - text->p));
	const char *to = memmem(block.p, block.n, end, sizeof(end) - 1);
	if (!to)
		return SPAN_LIT("");
	size_t n = (size_t)(to - block.p) + sizeof(end) - 1;
	*text = span_from(block, n);
	return span_make(block.p, n);
}

/* The client's certificate and what it sends beside it. */
struct shown {
	struct span der, chain[CERT_CHAIN_PASSED_MAX];
	size_t n_chain;
};

/* As the gate reads it; also with text around it, as openssl prints, and a chain behind it. */
static cg_rc read_cert(struct command *c, const struct question *q, struct facts *f,
		       struct shown *shown, struct cg_err *err)
{
	struct cert_reading reading;
	struct span rest = q->cert;
	if (!q->cert_path)
		return CG_OK;
	f->certificate = FACTS_CERT_PRESENT;
	/* One that has expired, say, with a private key beside it: what is wrong with it is for the
	 * decision to tell. */
	if (cert_from_server(q->cert, &c->arena, &shown->der, &f->sha256) == CERT_SEEN_ONE)
		return CG_OK;
	if (cert_from_server(next_block(&rest), &c->arena, &shown->der, &f->sha256) ==
	    CERT_SEEN_ONE) {
		struct span block;
		while (shown->n_chain < CERT_CHAIN_PASSED_MAX && (block = next_block(&rest)).n > 0)
			shown->chain[shown->n_chain++] = block;
		return CG_OK;
	}
	cg_rc rc = cert_read(q->cert, CERT_WAY_ADMIN_FILE, CERT_KIND_UPSTREAM, clock_unix_s(),
			     &c->arena, &reading, NULL, err);
	if (rc == CG_OK) {
		f->sha256 = reading.leaf.sha256;
		shown->der = reading.leaf.der;
	}
	return rc;
}

/* As the gate asks. */
static cg_rc find_chain(struct command *c, const struct shown *shown, struct facts *f,
			struct cg_err *err)
{
	struct trust trust;
	if (!f->certificate_grant || !f->api || !f->api->auth->use_certificate ||
	    f->api->auth->trust != CG__API_AUTH__TRUST__CA)
		return CG_OK;
	const struct trust_question question = {.auth = f->api->auth,
						.leaf = shown->der,
						.passed = shown->chain,
						.n_passed = shown->n_chain};
	cg_rc rc = trust_load(c->store, &c->arena, &trust, err);
	return rc == CG_OK ? trust_judge(c->store, &trust, &question, clock_unix_s(), &c->arena,
					 &f->chain, err)
			   : rc;
}

static cg_rc find_grants(struct command *c, const struct question *q, struct facts *f,
			 struct cg_err *err)
{
	struct sha256 digest;
	cg_rc rc = CG_OK;
	if (f->certificate == FACTS_CERT_PRESENT)
		rc = grant_load(c->store, &f->sha256, &c->arena, &f->certificate_grant, err);
	f->token = q->token.n > 0 && f->api && f->api->auth->use_token;
	if (rc == CG_OK && f->token) {
		rc = sha256_of(q->token, &digest);
		if (rc == CG_OK)
			rc = grant_load(c->store, &digest, &c->arena, &f->token_grant, err);
	}
	return rc;
}

/* The facts, and the route of their API (NULL: none listens there). */
static cg_rc gather(struct command *c, const struct question *q, const struct web_target *target,
		    struct facts *f, const struct route **out, struct cg_err *err)
{
	struct routes routes;
	struct shown shown = {.n_chain = 0};
	cg_rc rc = routes_load(c->store, &c->arena, &routes, err);
	if (rc != CG_OK)
		return rc;
	const struct route *route = routes_find(&routes, span_of(q->site), target->path);
	*out = route;
	*f = (struct facts){.api = route ? route->api : NULL,
			    .method = span_of(q->method),
			    .path = route ? route_rest(route, target->path) : target->path,
			    .remote_addr = span_of(q->address),
			    .proof_ok = true,
			    .https = true};
	rc = read_cert(c, q, f, &shown, err);
	if (rc == CG_OK)
		rc = find_grants(c, q, f, err);
	return rc == CG_OK ? find_chain(c, &shown, f, err) : rc;
}

/* The decision, and the limits that come after it. */
struct ruling {
	enum refusal refusal;
	const char *detail;
	struct decision_line lines[DECISION__COUNT + 1];
	size_t n_lines;
};

/* What the counters would say now, without counting. */
static cg_rc look_at_limits(struct command *c, const struct route *route, const struct decision *d,
			    struct ruling *out, struct cg_err *err)
{
	struct limits *limits = NULL;
	struct limit_asks asks;
	struct limits_result result;
	limit_asks_make(route, d, &asks);
	cg_rc rc = limits_open(store_home(c->store), NULL, NULL, &limits, err);
	if (rc == CG_OK)
		rc = limit_ask(limits, c->store, &asks, true, &result, err);
	limits_close(&limits);
	if (rc != CG_OK)
		return rc;
	out->refusal = limit_refusal(&result);
	bool passed = out->refusal == REFUSAL_NONE;
	if (!passed)
		out->detail = limit_detail(&asks, &result, &c->arena);
	/* Before the last line, which says that it may pass. */
	struct decision_line last = out->lines[out->n_lines - 1];
	out->lines[out->n_lines - 1] = (struct decision_line){
	    "limits", passed,
	    passed ? "No rate, quota or number of calls is reached." : out->detail};
	if (passed)
		out->lines[out->n_lines++] = last;
	return CG_OK;
}

static cg_rc rule(struct command *c, const struct facts *f, const struct route *route,
		  const struct decision *d, struct ruling *out, struct cg_err *err)
{
	*out = (struct ruling){.refusal = d->refusal, .detail = decision_detail(f, d, &c->arena)};
	out->n_lines = decision_lines(f, d, &c->arena, out->lines);
	return d->refusal == REFUSAL_NONE ? look_at_limits(c, route, d, out, err) : CG_OK;
}

static json_t *answer_json(const struct facts *f, const struct decision *d, const struct ruling *r)
{
	const struct refusal_row *row = refusal_row(r->refusal);
	json_t *steps = json_array();
	for (size_t i = 0; i < r->n_lines; i++)
		(void)json_array_append_new(
		    steps, json_pack("{s:s, s:b, s:s}", "step", r->lines[i].step, "passed",
				     r->lines[i].passed, "text", r->lines[i].text));
	return json_pack("{s:b, s:i, s:s, s:s, s:s?, s:s?, s:o}", "allowed",
			 r->refusal == REFUSAL_NONE, "status", row->status, "code", row->code,
			 "detail", r->detail, "api_id", f->api ? f->api->id : NULL, "key_id",
			 d->grant ? d->grant->key->id : NULL, "steps", steps);
}

static void print_line(const struct decision_line *line)
{
	char safe[1024];
	text_for_log(span_of(line->text), safe, sizeof(safe));
	(void)printf("%-4s %-10s %s\n", line->passed ? "ok" : "NO", line->step, safe);
}

/* What the gate refuses before it looks whose request it is. */
static int print_bad_request(struct command *c, const char *why)
{
	const struct refusal_row *row = refusal_row(REFUSAL_BAD_REQUEST);
	const struct decision_line line = {"request", false, why};
	if (c->json)
		return command_print(
		    c,
		    json_pack("{s:b, s:i, s:s, s:s, s:n, s:n, s:[{s:s, s:b, s:s}]}", "allowed", 0,
			      "status", row->status, "code", row->code, "detail", why, "api_id",
			      "key_id", "steps", "step", line.step, "passed", 0, "text", why));
	print_line(&line);
	(void)printf("refused: %d %s\n", row->status, row->code);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_DONE : EXIT_REFUSED;
}

/* As lib/web/request.c looks at it. */
static const char *request_fault(const struct question *q, struct web_target *target,
				 struct cg_err *err)
{
	if (strlen(q->method) > METHOD_MAX_BYTES || !token_is_valid(q->method))
		return "The request's method is not allowed.";
	return web_target_parse(span_of(q->url), SPAN_LIT(""), target, err) == CG_OK ? NULL
										     : err->text;
}

static int print(struct command *c, const struct facts *f, const struct decision *d,
		 const struct ruling *r)
{
	const struct refusal_row *row = refusal_row(r->refusal);
	if (c->json)
		return command_print(c, answer_json(f, d, r));
	for (size_t i = 0; i < r->n_lines; i++)
		print_line(&r->lines[i]);
	if (r->refusal == REFUSAL_NONE)
		(void)printf("allowed\n");
	else
		(void)printf("refused: %d %s\n", row->status, row->code);
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_DONE : EXIT_REFUSED;
}

int explain_main(struct command *c)
{
	struct cg_err err = {0};
	struct facts facts;
	const struct route *route = NULL;
	struct web_target target;
	struct question q = {.url = command_take(c, "--url"),
			     .method = command_take(c, "--method"),
			     .address = command_take(c, "--address"),
			     .site = command_take(c, "--site"),
			     .cert_path = command_take(c, "--cert"),
			     .token_stdin = command_take_flag(c, "--token-stdin")};
	cg_rc rc = CG_OK;
	if (!command_all_taken(c) || !q.url)
		return EXIT_USAGE;
	if (!q.method)
		q.method = "GET";
	if (!q.address)
		q.address = "127.0.0.1";
	if (q.cert_path)
		rc = command_read_file(c, q.cert_path, &q.cert, &err);
	if (rc == CG_OK && q.token_stdin)
		rc = command_read_file(c, "-", &q.token, &err);
	q.token = span_trim(q.token);
	if (rc == CG_OK)
		rc = command_open(c, &err);
	const char *fault = rc == CG_OK ? request_fault(&q, &target, &err) : NULL;
	if (fault)
		return print_bad_request(c, fault);
	if (rc == CG_OK)
		rc = gather(c, &q, &target, &facts, &route, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	struct ruling ruling;
	struct decision decision = decide(&facts, clock_unix_s());
	rc = rule(c, &facts, route, &decision, &ruling, &err);
	return rc == CG_OK ? print(c, &facts, &decision, &ruling) : command_fail(c, &err);
}
