/* certgate explain: the gate's decision, by the gate's function, in words. */
#include "base/base.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "cert/cert.h"
#include "command.h"
#include "grant/ruling.h"
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

/* What the client sends beside its certificate. */
struct shown {
	struct span chain[CERT_CHAIN_PASSED_MAX];
};

/* As the gate reads it; also with text around it, as openssl prints, and a chain behind it. */
static cg_rc read_cert(struct command *c, const struct question *q, struct shown *shown,
		       struct ruling_question *out, struct cg_err *err)
{
	struct cert_reading reading;
	struct span rest = q->cert;
	if (!q->cert_path)
		return CG_OK;
	/* One that has expired, say, with a private key beside it: what is wrong with it is for the
	 * decision to tell. */
	if (cert_from_server(q->cert, &c->arena, &out->der, &out->sha256) == CERT_SEEN_ONE)
		return CG_OK;
	if (cert_from_server(next_block(&rest), &c->arena, &out->der, &out->sha256) ==
	    CERT_SEEN_ONE) {
		struct span block;
		while (out->n_chain < CERT_CHAIN_PASSED_MAX && (block = next_block(&rest)).n > 0)
			shown->chain[out->n_chain++] = block;
		out->chain = shown->chain;
		return CG_OK;
	}
	cg_rc rc = cert_read(q->cert, CERT_WAY_ADMIN_FILE, CERT_KIND_UPSTREAM, clock_unix_s(),
			     &c->arena, &reading, NULL, err);
	if (rc == CG_OK) {
		out->sha256 = reading.leaf.sha256;
		out->der = reading.leaf.der;
	}
	return rc;
}

static json_t *answer_json(const struct ruling *r)
{
	const struct facts *f = &r->facts;
	const struct decision *d = &r->decision;
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
	return command_told();
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

static int print(struct command *c, const struct ruling *r)
{
	const struct refusal_row *row = refusal_row(r->refusal);
	if (c->json)
		return command_print(c, answer_json(r));
	for (size_t i = 0; i < r->n_lines; i++)
		print_line(&r->lines[i]);
	if (r->refusal == REFUSAL_NONE)
		(void)printf("allowed\n");
	else
		(void)printf("refused: %d %s\n", row->status, row->code);
	return command_told();
}

int explain_main(struct command *c)
{
	struct cg_err err = {0};
	struct shown shown;
	struct ruling ruling;
	struct ruling_question asked = {.n_chain = 0};
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
	if (!address_is_valid(span_of(q.address)))
		return command_bad_value("--address", "an IPv4 or IPv6 address", q.address);
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
		rc = read_cert(c, &q, &shown, &asked, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	asked.path = target.path;
	asked.method = span_of(q.method);
	asked.address = span_of(q.address);
	asked.site = span_of(q.site);
	asked.token = q.token;
	rc = ruling_make(c->store, &asked, clock_unix_s(), &c->arena, &ruling, &err);
	return rc == CG_OK ? print(c, &ruling) : command_fail(c, &err);
}
