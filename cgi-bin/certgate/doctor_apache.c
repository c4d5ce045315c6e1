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

/* What the lines say, taken together. */
struct apache_lines {
	bool include, gate, admin, portal, asks, asks_all;
	bool asks_late;	 /* only in a part of a host, where few clients can be asked */
	bool plain;	 /* certgate is opened on a host without TLS */
	bool tls;	 /* and on one with it */
	bool rewritten;	 /* a rule of the site comes before certgate's */
	bool overridden; /* an <If> sets what certgate's paths need */
	bool proxied;	 /* a ProxyPass that is asked before mod_rewrite */
	bool exposed;	 /* the data folder lies below a DocumentRoot */
};

/* Where a line stands. */
struct place {
	unsigned host, part, condition, macro;			   /* sections that are open */
	bool host_tls, host_opened, host_rewritten, host_preproxy; /* of this virtual host */
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

/* Keeps count of sections; true when the line opens or closes one. */
static bool read_section(struct span line, struct place *at, struct apache_lines *out)
{
	static const struct {
		const char *name;
		size_t counter;
	} sections[] = {
	    {"VirtualHost", offsetof(struct place, host)	},
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
		if (sections[i].counter == offsetof(struct place, host)) {
			out->plain |= closes && at->host_opened && !at->host_tls;
			out->tls |= closes && at->host_opened && at->host_tls;
			out->rewritten |= closes && at->host_opened && at->host_rewritten;
			out->proxied |= closes && at->host_opened && at->host_preproxy;
			at->host_tls = at->host_opened = at->host_rewritten = at->host_preproxy =
			    false;
		}
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

/* Lines that set something for the whole server or a host. */
static void read_setting(struct doctor *d, struct span line, struct place *at,
			 struct apache_lines *out)
{
	struct span more;
	uint64_t number;
	if (is_directive(line, "Use", "CertgatePath", &more) ||
	    is_directive(line, "Use", "CertgateHost", &more))
		out->gate = at->host_opened = true;
	else if (is_directive(line, "Use", "CertgateAdmin", &more))
		out->admin = at->host_opened = true;
	else if (is_directive(line, "Use", "CertgatePortal", &more))
		out->portal = at->host_opened = true;
	else if (is_directive(line, "SSLEngine", "on", &more))
		at->host_tls = true;
	else if (is_directive(line, "RewriteRule", NULL, &more))
		at->host_rewritten |= !at->host_opened;
	else if (is_directive(line, "ProxyPass", NULL, &more))
		at->host_preproxy |= memmem(more.p, more.n, "mapping=", 8) != NULL;
	else if (is_directive(line, "MaxRequestWorkers", NULL, &more) &&
		 number_parse(more, UINT32_MAX, &number) && number > d->web_workers)
		d->web_workers = number; /* files are not read in the order of their lines */
	else if (is_directive(line, "User", NULL, &more))
		(void)snprintf(d->web_user, sizeof(d->web_user), "%.*s", (int)more.n,
			       more.n > 0 && more.p[0] == '$' ? "www-data" : more.p);
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
	if (line.n == 0 || line.p[0] == '#' || read_section(line, at, out) || at->macro > 0)
		return;
	if (is_directive(line, "SSLVerifyClient", NULL, &more) &&
	    !span_is_nocase(more, SPAN_LIT("none"))) {
		bool late = at->part > 0 || at->condition > 0;
		out->asks_late |= late;
		out->asks |= !late;
		out->asks_all |= !late && span_is_nocase(more, SPAN_LIT("optional_no_ca"));
	}
	if (is_directive(line, "AllowOverride", NULL, &more))
		d->htaccess |=
		    memmem(more.p, more.n, "FileInfo", 8) || span_is_nocase(more, SPAN_LIT("All"));
	for (size_t i = 0; i < CG_COUNT(needed); i++)
		out->overridden |= at->condition > 0 && is_directive(line, needed[i], NULL, &more);
	if (at->part == 0)
		read_setting(d, line, at, out);
}

static void read_apache_file(struct doctor *d, const char *path, struct apache_lines *out)
{
	struct buf text;
	struct span rest, line;
	struct place at = {0};
	buf_init(&text, DOCTOR_CONF_MAX);
	if (doctor_read_file(path, &text)) {
		rest = buf_span(&text);
		while (span_next(&rest, '\n', &line))
			read_line(d, span_trim(line), &at, out);
	}
	buf_release(&text);
}

/* "  (7) /etc/apache2/…": the files that make up the configuration. */
static void read_apache_files(struct doctor *d, const struct buf *includes,
			      struct apache_lines *out)
{
	struct span rest = buf_span(includes), line;
	char path[4096];
	while (span_next(&rest, '\n', &line)) {
		const char *at = line.n > 0 ? memmem(line.p, line.n, ") /", 3) : NULL;
		if (!at)
			continue;
		(void)snprintf(path, sizeof(path), "%.*s", (int)(line.p + line.n - at - 2), at + 2);
		const char *slash = strrchr(path, '/');
		if (slash && strcmp(slash, "/certgate.conf") == 0)
			out->include = true;
		read_apache_file(d, path, out);
	}
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
	if (!lines->admin)
		doctor_note(d, FINDING_WARNING, CHECK_APACHE, "Use CertgateAdmin SITE",
			    "/admin is opened nowhere.");
	if (!lines->portal)
		doctor_note(d, FINDING_WARNING, CHECK_APACHE, "Use CertgatePortal SITE",
			    "/portal is opened nowhere.");
	if (!lines->asks)
		doctor_note(
		    d, FINDING_FAULT, CHECK_APACHE,
		    "SSLVerifyClient optional_no_ca, in the virtual host.",
		    lines->asks_late
			? "SSLVerifyClient stands in a <Location>, <Directory> or the like: "
			  "most clients cannot be asked a second time."
			: "Clients are not asked for a certificate.");
	else if (!lines->asks_all)
		doctor_note(d, FINDING_WARNING, CHECK_APACHE,
			    "SSLVerifyClient optional_no_ca, in the virtual host.",
			    "SSLVerifyClient ends the handshake of certificates that no CA of "
			    "Apache's has issued, self-signed ones too.");
	check_apache_order(d, lines);
	if (lines->include && lines->gate && lines->asks_all)
		doctor_note(d, FINDING_OK, CHECK_APACHE, NULL,
			    "Paths lead to the gate, and clients are asked for a certificate.");
}

void doctor_apache(struct doctor *d)
{
	struct buf modules, includes;
	struct apache_lines lines = {0};
	char why[600];
	int status;
	if (run_apache(d, "DUMP_MODULES", &modules, &status)) {
		check_apache_modules(d, &modules);
		if (run_apache(d, "DUMP_INCLUDES", &includes, &status)) {
			read_apache_files(d, &includes, &lines);
			check_apache_lines(d, &lines);
		} else {
			doctor_note(d, FINDING_SKIPPED, CHECK_APACHE, NULL,
				    "It does not say which files it reads.");
		}
		buf_release(&includes);
	} else {
		doctor_last_line(&modules, why, sizeof(why));
		/* Not as root, it may not read the proof. */
		bool fault = geteuid() == 0 && status > 0;
		doctor_note(d, fault ? FINDING_FAULT : FINDING_SKIPPED, CHECK_APACHE,
			    fault ? "apachectl configtest says more."
				  : "Run it as root to have the configuration checked.",
			    "Its configuration cannot be read: %s",
			    *why ? why : "it said nothing.");
	}
	buf_release(&modules);
}
