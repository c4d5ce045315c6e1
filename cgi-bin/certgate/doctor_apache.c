/* Apache: its modules, and the lines of its configuration. */
#include "base/base.h"
#include "doctor.h"
#include "base/limits.h"
#include "base/text.h"

#define APACHE2	     "/usr/sbin/apache2"
#define APACHE2CTL   "/usr/sbin/apache2ctl"
#define CHECK_APACHE "apache"

static bool run_apache(const struct doctor *d, const char *what, struct buf *out, int *status)
{
	/* apache2ctl knows the variables of Debian's configuration, without which it cannot be
	 * read. */
	bool debian = !d->apache || strcmp(d->apache, APACHE_CONF) == 0;
	const char *whole[] = {APACHE2CTL, "-t", "-D", what, NULL};
	const char *one[] = {APACHE2, "-t", "-D", what, "-f", d->apache, NULL};
	buf_init(out, DOCTOR_OUTPUT_MAX);
	*status = doctor_run(debian ? whole : one, out);
	return *status == 0;
}

static void check_apache_modules(struct doctor *d, const struct buf *modules)
{
	static const char *const needed[] = {"ssl",   "rewrite", "proxy",   "proxy_fcgi",
					     "macro", "env",	 "setenvif"};
	char name[40], advice[80];
	bool all = true;
	for (size_t i = 0; i < CG_COUNT(needed); i++) {
		(void)snprintf(name, sizeof(name), " %s_module ", needed[i]);
		if (doctor_holds(modules, name))
			continue;
		(void)snprintf(advice, sizeof(advice), "a2enmod %s", needed[i]);
		doctor_note(d, FINDING_FAULT, CHECK_APACHE, advice, "The module %s is not loaded.",
			    needed[i]);
		all = false;
	}
	if (!doctor_holds(modules, " headers_module "))
		doctor_note(d, FINDING_WARNING, CHECK_APACHE, "a2enmod headers",
			    "The module headers is not loaded: answers of a gate that is down have "
			    "the wrong type.");
	if (!doctor_holds(modules, " reqtimeout_module "))
		doctor_note(
		    d, FINDING_WARNING, CHECK_APACHE, "a2enmod reqtimeout",
		    "The module reqtimeout is not loaded: a few clients that send slowly hold "
		    "all threads of the gate.");
	if (all)
		doctor_note(d, FINDING_OK, CHECK_APACHE, NULL, "The modules are loaded.");
}

/* Whom SSLVerifyClient asks. */
enum asked { ASKED_UNSET, ASKED_NOBODY, ASKED_SOME, ASKED_ALL };

/* The main server, or a virtual host. */
struct host {
	char name[80];
	bool tls;
	bool gate, opened; /* certgate has a path of it: the gate; any program */
	bool rewritten;	   /* a rule of the site comes before certgate's */
	bool preproxy;	   /* a ProxyPass that is asked before mod_rewrite */
	bool names_cas;	   /* clients are told CAs, whose certificates alone many of them show */
	enum asked asked;
};

/* What the lines say, taken together. */
struct apache_lines {
	struct host server;
	char unasked[80];    /* the first host of the gate's that asks for no certificates */
	char bad_prefix[80]; /* the first one of CertgatePath that leads no request to the gate */
	bool include, gate, admin, portal;
	bool asks_some; /* one asks for those that its own CAs have issued */
	bool asks_late; /* in a part of a host, where few clients can be asked */
	bool plain;	/* certgate is opened on a host without TLS */
	bool tls;	/* and on one with it */
	bool rewritten, proxied, names_cas;
	bool overridden; /* an <If> sets what certgate's paths need */
	bool exposed;	 /* the data folder lies below a DocumentRoot */
};

/* Where a line stands. */
struct place {
	unsigned in_host, part, condition, macro; /* sections that are open */
	struct host host;
};

/* Whether a line is this directive with this first argument; NULL: any.  *more is what follows. */
static bool is_directive(struct span line, const char *name, const char *first, struct span *more)
{
	struct span want = span_of(name);
	if (line.n <= want.n || !span_is_nocase(span_make(line.p, want.n), want) ||
	    (line.p[want.n] != ' ' && line.p[want.n] != '\t'))
		return false;
	*more = span_trim(span_from(line, want.n));
	want = span_of(first);
	return !first || (more->n >= want.n && span_is_nocase(span_make(more->p, want.n), want) &&
			  (more->n == want.n || strchr(" \t", more->p[want.n])));
}

/* At its end. */
static void judge_host(const struct host *h, struct apache_lines *out)
{
	/* It does what the server does unless it says otherwise. */
	enum asked asked = h->asked == ASKED_UNSET ? out->server.asked : h->asked;
	if (!h->opened)
		return;
	out->plain |= !h->tls;
	out->tls |= h->tls;
	out->rewritten |= h->rewritten;
	out->proxied |= h->preproxy;
	if (!h->gate || !h->tls)
		return;
	out->asks_some |= asked == ASKED_SOME;
	out->names_cas |= h->names_cas || out->server.names_cas;
	if (asked < ASKED_SOME && !*out->unasked)
		(void)snprintf(out->unasked, sizeof(out->unasked), "%s",
			       *h->name ? h->name : "A virtual host");
}

/* Keeps count of sections; true when the line opens or closes one. */
static bool read_section(struct span line, struct place *at, struct apache_lines *out)
{
	static const struct {
		const char *name;
		size_t counter;
	} sections[] = {
	    {"VirtualHost", offsetof(struct place, in_host)  },
	    {"Location",	 offsetof(struct place, part)     },
	    {"Directory",	  offsetof(struct place, part)     },
	    {"Files",	      offsetof(struct place, part)	  },
	    {"If ",	    offsetof(struct place, condition)},
	    {"If>",	    offsetof(struct place, condition)},
	    {"Else",	     offsetof(struct place, condition)},
	    {"Macro",	      offsetof(struct place, macro)	   }
	    };
	if (line.n < 2 || line.p[0] != '<')
		return false;
	bool closes = line.p[1] == '/';
	line = span_from(line, closes ? 2 : 1);
	for (size_t i = 0; i < CG_COUNT(sections); i++) {
		struct span want = span_of(sections[i].name);
		if (line.n < want.n || !span_is_nocase(span_make(line.p, want.n), want))
			continue;
		unsigned *counter = (unsigned *)(void *)((char *)at + sections[i].counter);
		if (!closes)
			++*counter;
		else if (*counter > 0)
			--*counter;
		if (counter == &at->in_host && closes)
			judge_host(&at->host, out);
		if (counter == &at->in_host)
			at->host = (struct host){.name = ""};
		break;
	}
	return true;
}

static bool is_below(const char *path, struct span folder)
{
	while (folder.n > 1 && folder.p[folder.n - 1] == '/')
		folder.n--;
	return folder.n > 1 && strlen(path) > folder.n && strncmp(path, folder.p, folder.n) == 0 &&
	       path[folder.n] == '/';
}

/* Of `CertgatePath SITE PREFIX` the prefix, which no path begins with unless it is written in this
 * way; one with variables is not judged. */
static void read_prefix(struct span args, struct apache_lines *out)
{
	for (int i = 0; i < 2; i++) {
		while (args.n > 0 && !span_is_space(args.p[0]))
			args = span_from(args, 1);
		args = span_trim(args);
	}
	if (args.n > 1 && args.p[0] == '"')
		args = span_make(args.p + 1, args.n - 2);
	if (args.n > 0 && args.p[0] != '$' && (args.p[0] != '/' || args.p[args.n - 1] == '/') &&
	    !*out->bad_prefix)
		text_for_log(args, out->bad_prefix, sizeof(out->bad_prefix));
}

/* Lines that set something for the whole server or a host. */
static void read_setting(struct doctor *d, struct span line, struct host *host,
			 struct apache_lines *out)
{
	struct span more;
	uint64_t number;
	if (is_directive(line, "Use", "CertgatePath", &more))
		read_prefix(more, out);
	if (is_directive(line, "Use", "CertgatePath", &more) ||
	    is_directive(line, "Use", "CertgateHost", &more))
		out->gate = host->gate = host->opened = true;
	else if (is_directive(line, "Use", "CertgateAdmin", &more))
		out->admin = host->opened = true;
	else if (is_directive(line, "Use", "CertgatePortal", &more))
		out->portal = host->opened = true;
	else if (is_directive(line, "ServerName", NULL, &more))
		(void)snprintf(host->name, sizeof(host->name), "%.*s", (int)more.n, more.p);
	else if (is_directive(line, "SSLEngine", "on", &more))
		host->tls = true;
	else if (is_directive(line, "SSLCACertificateFile", NULL, &more) ||
		 is_directive(line, "SSLCACertificatePath", NULL, &more) ||
		 is_directive(line, "SSLCADNRequestFile", NULL, &more) ||
		 is_directive(line, "SSLCADNRequestPath", NULL, &more))
		host->names_cas = true;
	else if (is_directive(line, "RewriteRule", NULL, &more))
		host->rewritten |= !host->opened;
	else if (is_directive(line, "ProxyPass", NULL, &more))
		host->preproxy |= memmem(more.p, more.n, "mapping=", 8) != NULL;
	else if (is_directive(line, "MaxRequestWorkers", NULL, &more) &&
		 number_parse(more, UINT32_MAX, &number) && number > d->web_workers)
		d->web_workers = number; /* those of other modules may be there, switched off */
	else if (is_directive(line, "DocumentRoot", NULL, &more)) {
		if (more.n > 2 && more.p[0] == '"')
			more = span_make(more.p + 1, more.n - 2);
		out->exposed |= is_below(d->c->home.dir, more) || is_below(d->proof_file, more);
	}
}

static void read_line(struct doctor *d, struct span line, struct place *at,
		      struct apache_lines *out)
{
	static const char *const needed[] = {"SetHandler", "SSLOptions", "CGIPassAuth",
					     "ProxyErrorOverride"};
	struct span more;
	struct host *host = at->in_host > 0 ? &at->host : &out->server;
	if (line.n == 0 || line.p[0] == '#' || read_section(line, at, out) || at->macro > 0)
		return;
	if (is_directive(line, "SSLVerifyClient", NULL, &more)) {
		enum asked asked = span_is_nocase(more, SPAN_LIT("none"))	      ? ASKED_NOBODY
				   : span_is_nocase(more, SPAN_LIT("optional_no_ca")) ? ASKED_ALL
										      : ASKED_SOME;
		if (at->part == 0 && at->condition == 0)
			host->asked = asked;
		else
			out->asks_late |= asked >= ASKED_SOME;
	}
	if (is_directive(line, "AllowOverride", NULL, &more))
		d->htaccess |=
		    memmem(more.p, more.n, "FileInfo", 8) || span_is_nocase(more, SPAN_LIT("All"));
	for (size_t i = 0; i < CG_COUNT(needed); i++)
		out->overridden |= at->condition > 0 && is_directive(line, needed[i], NULL, &more);
	if (at->part == 0)
		read_setting(d, line, host, out);
}

/* The files that make up the configuration, in the order in which they are read, as Apache tells
 * them: "    (7) /etc/apache2/…", indented by how deep they are included. */
struct includes {
	struct span rest;
	size_t depth;  /* of the next one; 0: there is none */
	uint64_t line; /* of the file above, where it is included; for one of several that a line
			* includes it may be too small */
	char path[4096];
};

static void next_include(struct includes *in)
{
	struct span line;
	in->depth = 0;
	while (in->depth == 0 && span_next(&in->rest, '\n', &line)) {
		const char *at = line.n > 0 ? memmem(line.p, line.n, ") /", 3) : NULL;
		const char *from = at ? memchr(line.p, '(', (size_t)(at - line.p)) : NULL;
		if (!from)
			continue;
		in->depth = (size_t)(from - line.p);
		if (!number_parse(span_make(from + 1, (size_t)(at - from - 1)), UINT32_MAX,
				  &in->line))
			in->line = 0;
		(void)snprintf(in->path, sizeof(in->path), "%.*s", (int)(line.p + line.n - at - 2),
			       at + 2);
	}
}

/* The next file, and where it includes others these: what stands there is said of the host that it
 * is included in. */
static void read_apache_file(struct doctor *d, struct includes *in, struct place *at,
			     struct apache_lines *out)
{
	struct buf text;
	struct span rest, line;
	size_t depth = in->depth;
	uint64_t n = 0;
	const char *slash = strrchr(in->path, '/');
	out->include |= slash && strcmp(slash, "/certgate.conf") == 0;
	buf_init(&text, DOCTOR_CONF_MAX);
	rest = doctor_read_file(in->path, &text) ? buf_span(&text) : SPAN_LIT("");
	next_include(in);
	while (span_next(&rest, '\n', &line)) {
		read_line(d, span_trim(line), at, out);
		for (n++; in->depth > depth && in->line <= n;)
			read_apache_file(d, in, at, out);
	}
	while (in->depth > depth)
		read_apache_file(d, in, at, out);
	buf_release(&text);
}

static void read_apache_files(struct doctor *d, const struct buf *includes,
			      struct apache_lines *out)
{
	struct includes in = {.rest = buf_span(includes)};
	struct place at = {.in_host = 0};
	next_include(&in);
	while (in.depth > 0)
		read_apache_file(d, &in, &at, out);
	judge_host(&out->server, out);
}

/* What it was given for certgate.conf: `Define: NAME=VALUE`, of several the last one. */
static void read_apache_paths(struct doctor *d, const struct buf *said)
{
	struct span rest = buf_span(said), line;
	const struct span sockets = SPAN_LIT("Define: CERTGATE_SOCKETS=");
	const struct span proof_file = SPAN_LIT("Define: CERTGATE_PROOF_FILE=");
	while (span_next(&rest, '\n', &line)) {
		if (span_starts(line, sockets))
			doctor_take_path(&d->sockets, d->named_sockets, d->web_sockets,
					 span_from(line, sockets.n));
		else if (span_starts(line, proof_file))
			doctor_take_path(&d->proof_file, d->named_proof_file, d->web_proof_file,
					 span_from(line, proof_file.n));
	}
}

/* Whom it runs as: `User: name="www-data" id=33`; and its paths. */
static void read_apache_run(struct doctor *d)
{
	static const char before[] = "\nUser: name=\"";
	struct buf said;
	int status;
	if (run_apache(d, "DUMP_RUN_CFG", &said, &status)) {
		const char *at = memmem(said.p, said.n, before, strlen(before));
		struct span rest = at ? span_from(buf_span(&said),
						  (size_t)(at - said.p) + strlen(before))
				      : SPAN_LIT(""),
			    name;
		if (span_next(&rest, '"', &name))
			(void)snprintf(d->web_user, sizeof(d->web_user), "%.*s", (int)name.n,
				       name.p);
		read_apache_paths(d, &said);
	}
	buf_release(&said);
}

/* What works, but not as it should. */
static void check_apache_order(struct doctor *d, const struct apache_lines *lines)
{
	if (lines->rewritten)
		doctor_note(
		    d, FINDING_FAULT, CHECK_APACHE,
		    "Put the lines `Use Certgate…` first in the virtual host.",
		    "A RewriteRule stands before `Use Certgate…`: it can take paths away from "
		    "the gate, which then lets nobody be checked.");
	if (lines->proxied)
		doctor_note(
		    d, FINDING_FAULT, CHECK_APACHE,
		    "Take mapping= away, or exclude certgate's paths: ProxyPass /api !",
		    "A ProxyPass with mapping= is asked before certgate: it can take paths away "
		    "from the gate.");
	if (lines->overridden)
		doctor_note(
		    d, FINDING_WARNING, CHECK_APACHE,
		    "Make its condition leave certgate's paths alone.",
		    "An <If> sets SetHandler, SSLOptions, CGIPassAuth or ProxyErrorOverride: it "
		    "may reach certgate's paths, which need their own.");
	if (lines->plain)
		doctor_note(
		    d, lines->tls ? FINDING_WARNING : FINDING_FAULT, CHECK_APACHE,
		    "Put `Use Certgate…` into the virtual host that has SSLEngine on.",
		    "A virtual host without TLS opens certgate: no certificate counts there.");
	if (lines->exposed)
		doctor_note(d, FINDING_FAULT, CHECK_APACHE,
			    "Move it: mv, then data_folder or --proof-file.",
			    "The data folder or the proof lies below a DocumentRoot.");
}

static void check_apache_lines(struct doctor *d, const struct apache_lines *lines)
{
	if (!lines->include)
		doctor_note(d, FINDING_FAULT, CHECK_APACHE,
			    "a2enconf certgate; without the Debian package: Include the file "
			    "apache-conf/certgate.conf that make install has brought.",
			    "No file named certgate.conf is included.");
	if (!lines->gate)
		doctor_note(d, FINDING_FAULT, CHECK_APACHE,
			    "Use CertgatePath SITE /PATH, as the first line of the virtual host; "
			    "the head of certgate.conf says more.",
			    "No line “Use CertgatePath” or “Use CertgateHost” opens a path to the "
			    "gate.");
	if (*lines->bad_prefix)
		doctor_note(d, FINDING_FAULT, CHECK_APACHE,
			    "With a slash first and none at the end: Use CertgatePath SITE /api; "
			    "for a whole host: Use CertgateHost SITE.",
			    "No path begins with the prefix of “Use CertgatePath … %s”: none leads "
			    "to the gate.",
			    lines->bad_prefix);
	if (!lines->admin)
		doctor_note(d, FINDING_WARNING, CHECK_APACHE, "Use CertgateAdmin SITE",
			    "/admin is opened nowhere.");
	if (!lines->portal)
		doctor_note(d, FINDING_WARNING, CHECK_APACHE, "Use CertgatePortal SITE",
			    "/portal is opened nowhere.");
	if (*lines->unasked)
		doctor_note(
		    d, FINDING_FAULT, CHECK_APACHE,
		    "SSLVerifyClient optional_no_ca, in the virtual host.",
		    lines->asks_late
			? "%s: SSLVerifyClient stands in a <Location>, <Directory> or the like: "
			  "most clients cannot be asked a second time."
			: "%s: clients are not asked for a certificate.",
		    lines->unasked);
	if (lines->asks_some)
		doctor_note(d, FINDING_WARNING, CHECK_APACHE,
			    "SSLVerifyClient optional_no_ca, in the virtual host.",
			    "SSLVerifyClient ends the handshake of certificates that no CA of "
			    "Apache's has issued, self-signed ones too.");
	if (lines->names_cas)
		doctor_note(d, FINDING_WARNING, CHECK_APACHE,
			    "Take SSLCACertificateFile (-Path, SSLCADNRequest…) out of the virtual "
			    "host, where nothing else needs it: certgate does not.",
			    "The server names CAs to its clients: browsers and many programs then "
			    "show no certificate of another issuer, and no self-signed one.");
	check_apache_order(d, lines);
	if (lines->include && lines->gate && lines->tls && !*lines->bad_prefix &&
	    !*lines->unasked && !lines->asks_some)
		doctor_note(d, FINDING_OK, CHECK_APACHE, NULL,
			    "Paths lead to the gate, and clients are asked for a certificate.");
}

/* What to do about a configuration that cannot be read; why: Apache's own words. */
static const char *advice_on(const char *why)
{
	static const struct {
		const char *says, *advice;
	} known[] = {
	    {"no macro defined before Use",	    "a2enconf certgate" },
	    {"macro 'certgatepath' undefined",       "a2enconf certgate" },
	    {"macro 'certgatehost' undefined",       "a2enconf certgate" },
	    {"Invalid command 'Use'",		      "a2enmod macro"     },
	    {"Invalid command 'SSLEngine'",	    "a2enmod ssl"	 },
	    {"Invalid command 'SSLVerifyDepth'",	 "a2enmod ssl"	      },
	    {"Invalid command 'RewriteEngine'",	"a2enmod rewrite"	 },
	    {"Invalid command 'ProxyErrorOverride'", "a2enmod proxy_fcgi"},
	    {"Invalid command 'SetEnvIfExpr'",       "a2enmod setenvif"	 },
	    {"Invalid command 'SetEnv'",		 "a2enmod env"	      },
	};
	for (size_t i = 0; i < CG_COUNT(known); i++)
		if (strstr(why, known[i].says))
			return known[i].advice;
	return "apachectl configtest says more.";
}

void doctor_apache(struct doctor *d)
{
	struct buf modules, includes;
	struct apache_lines lines = {0};
	char why[600];
	int status;
	if (run_apache(d, "DUMP_MODULES", &modules, &status)) {
		check_apache_modules(d, &modules);
		read_apache_run(d);
		if (run_apache(d, "DUMP_INCLUDES", &includes, &status)) {
			read_apache_files(d, &includes, &lines);
			check_apache_lines(d, &lines);
		} else {
			doctor_note(d, FINDING_SKIPPED, CHECK_APACHE, NULL,
				    "It does not say which files it reads.");
		}
		buf_release(&includes);
	} else {
		doctor_said(&modules, why, sizeof(why));
		/* Not as root, it may not read the proof. */
		bool fault = geteuid() == 0 && status > 0;
		doctor_note(
		    d, fault ? FINDING_FAULT : FINDING_SKIPPED, CHECK_APACHE,
		    fault ? advice_on(why) : "Run it as root to have the configuration checked.",
		    "Its configuration cannot be read: %s", *why ? why : "it said nothing.");
	}
	buf_release(&modules);
}
