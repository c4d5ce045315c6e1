#include "base/base.h"
#include "command.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/open.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void drop_words(struct command *c, int at, int n)
{
	for (int i = at; i + n < c->n_words; i++)
		c->words[i] = c->words[i + n];
	c->n_words -= n;
}

const char *command_take(struct command *c, const char *name)
{
	size_t len = strlen(name);
	for (int i = 0; i < c->n_words; i++) {
		char *word = c->words[i];
		if (strncmp(word, name, len) != 0)
			continue;
		if (word[len] == '=') {
			drop_words(c, i, 1);
			return word + len + 1;
		}
		/* Without a value it stays, and is told as a word that is not known. */
		if (word[len] == '\0' && i + 1 < c->n_words) {
			const char *value = c->words[i + 1];
			drop_words(c, i, 2);
			return value;
		}
	}
	return NULL;
}

bool command_take_flag(struct command *c, const char *name)
{
	for (int i = 0; i < c->n_words; i++)
		if (strcmp(c->words[i], name) == 0) {
			drop_words(c, i, 1);
			return true;
		}
	return false;
}

const char *command_next(struct command *c)
{
	for (int i = 0; i < c->n_words; i++)
		if (strncmp(c->words[i], "--", 2) != 0) {
			const char *word = c->words[i];
			drop_words(c, i, 1);
			return word;
		}
	return NULL;
}

bool command_all_taken(const struct command *c)
{
	char safe[200];
	if (c->n_words == 0)
		return true;
	text_for_log(span_of(c->words[0]), safe, sizeof(safe));
	(void)fprintf(stderr,
		      "certgate: “%s” is not known here, lacks its value, or is there twice.\n",
		      safe);
	return false;
}

int command_bad_value(const char *option, const char *takes, const char *value)
{
	char safe[200];
	text_for_log(span_of(value), safe, sizeof(safe));
	(void)fprintf(stderr, "certgate: %s takes %s, not “%s”.\n", option, takes, safe);
	return EXIT_USAGE;
}

cg_rc command_read_file(struct command *c, const char *path, struct span *out, struct cg_err *err)
{
	size_t room = CRL_INPUT_MAX + 1, n = 0; /* the largest of what is read */
	char *p = arena_alloc(&c->arena, room);
	if (!p)
		return cg_fail_memory(err);
	bool is_stdin = strcmp(path, "-") == 0;
	if (is_stdin && c->stdin_read)
		return cg_fail(err, CG_BAD_INPUT,
			       "Standard input can be read once: name a file in place of one of "
			       "the two.");
	c->stdin_read = c->stdin_read || is_stdin;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 1;
	while (got > 0 && n < room) {
		got = read(fd, p + n, room - n);
		n += got > 0 ? (size_t)got : 0;
	}
	int cause = errno;
	if (fd > STDIN_FILENO)
		(void)close(fd);
	if (got < 0)
		return cg_fail(err, CG_BAD_INPUT, "%.200s cannot be read: %s.", path,
			       strerror(cause));
	*out = span_make(p, n);
	return CG_OK;
}

cg_rc command_read_cert(struct command *c, const char *path, enum cert_kind kind,
			struct cert_reading *out, struct cg_err *err)
{
	struct span text;
	(void)prctl(PR_SET_DUMPABLE, 0);
	cg_rc rc = command_read_file(c, path, &text, err);
	return rc == CG_OK ? cert_read(text, CERT_WAY_ADMIN_FILE, kind, clock_unix_s(), &c->arena,
				       out, NULL, err)
			   : rc;
}

void command_tell_notices(const struct cert_reading *reading)
{
	for (size_t i = 0; i < reading->n_notices; i++)
		(void)fprintf(stderr, "%s\n", reading->notices[i]);
}

cg_rc command_become_owner(struct command *c, struct cg_err *err)
{
	struct stat st;
	cg_rc rc = home_find(c->home_option, &c->home, err);
	if (rc != CG_OK || geteuid() != 0)
		return rc;
	if (stat(c->home.dir, &st) != 0)
		return cg_fail(err, CG_UNAVAILABLE, "The data folder %s cannot be used: %s.",
			       c->home.dir, strerror(errno));
	if (st.st_uid == 0)
		return CG_OK;
	if (setgroups(0, NULL) != 0 || setgid(st.st_gid) != 0 || setuid(st.st_uid) != 0)
		return cg_fail(err, CG_UNAVAILABLE,
			       "This process cannot become the data folder's owner: %s.",
			       strerror(errno));
	return CG_OK;
}

void command_hold_signals(struct command_held *held)
{
	static const int watched[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
	struct sigaction now;
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, it would never come */
	(void)sigemptyset(&held->signals);
	for (size_t i = 0; i < CG_COUNT(watched); i++)
		/* Held back, one that is ignored, as by nohup, would come all the same. */
		if (sigaction(watched[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			(void)sigaddset(&held->signals, watched[i]);
	(void)sigprocmask(SIG_BLOCK, &held->signals, &held->before);
}

void command_release_signals(const struct command_held *held)
{
	(void)sigprocmask(SIG_SETMASK, &held->before, NULL);
}

bool command_leave_to_child(const struct command_held *held, int *status)
{
	int how = 0;
	pid_t pid = fork();
	if (pid == 0) {
		command_release_signals(held);
		return true;
	}
	if (pid < 0)
		(void)fprintf(stderr, "certgate: No process can be started: %s.\n",
			      strerror(errno));
	while (pid > 0 && waitpid(pid, &how, WNOHANG) != pid) {
		/* -1 when this process was stopped, as by Ctrl-Z, and goes on. */
		int got = sigwaitinfo(&held->signals, NULL);
		if (got > 0 && got != SIGCHLD)
			(void)kill(pid, SIGTERM);
	}
	*status = pid > 0 && WIFEXITED(how) ? WEXITSTATUS(how) : EXIT_REFUSED;
	return false;
}

cg_rc command_open(struct command *c, struct cg_err *err)
{
	/* Who asked, for the audit: before this becomes another user. */
	uid_t uid = getuid();
	cg_rc rc = command_become_owner(c, err);
	if (rc == CG_OK)
		rc = model_open(&c->home, &c->store, err);
	if (rc != CG_OK)
		return rc;
	c->actor = command_actor(c, uid);
	return CG_OK;
}

struct actor command_actor(struct command *c, uid_t uid)
{
	const char *name = arena_printf(&c->arena, "command (uid %lu)", (unsigned long)uid);
	/* Whoever can open the data folder could write to it anyway. */
	return (struct actor){.name = name ? name : "command",
			      .id = "",
			      .role = CG__ROLE__OWNER,
			      .from_address = "",
			      .request_id = ""};
}

void command_close(struct command *c)
{
	store_close(&c->store);
	arena_release(&c->arena);
}

int command_fail(const struct command *c, const struct cg_err *err)
{
	/* It may quote what somebody typed, or the name of a record. */
	char safe[2 * sizeof(err->text)], field[2 * CG_FAULT_FIELD];
	text_for_log(span_of(err->text), safe, sizeof(safe));
	if (c->json && err->code)
		(void)fprintf(stderr, "certgate: %s (%s)\n", safe, err->code);
	else
		(void)fprintf(stderr, "certgate: %s\n", safe);
	struct cg_fault f = {NULL, NULL};
	/* The first is the sentence. */
	(void)cg_err_next(err, &f);
	while (cg_err_next(err, &f)) {
		text_for_log(span_of(f.field), field, sizeof(field));
		text_for_log(span_of(f.text), safe, sizeof(safe));
		(void)fprintf(stderr, "certgate: %s: %s\n", field, safe);
	}
	if (err->n_more > 0)
		(void)fprintf(stderr, "certgate: and %u more faults\n", err->n_more);
	return EXIT_REFUSED;
}

int command_told(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_DONE;
	(void)fprintf(stderr, "certgate: Not all of the answer could be written.\n");
	return EXIT_REFUSED;
}

/* NULL without memory.  Not json_dumps: when its buffer cannot grow it leaves out a piece. */
static char *dump(const json_t *json, size_t how)
{
	/* Plain ASCII: what certificates say must not move a terminal's cursor. */
	const size_t flags = how | JSON_ENSURE_ASCII | JSON_ENCODE_ANY;
	size_t n = json_dumpb(json, NULL, 0, flags);
	char *out = n > 0 ? malloc(n + 1) : NULL;
	if (out && json_dumpb(json, out, n, flags) != n) {
		free(out);
		return NULL;
	}
	if (out)
		out[n] = '\0';
	return out;
}

/* Whole, and safe on a terminal; NULL without memory. */
static char *safe_text(const char *text)
{
	size_t room = 4 * strlen(text) + 4; /* a byte becomes \xNN */
	char *out = malloc(room);
	if (out)
		text_for_log(span_of(text), out, room);
	return out;
}

/* Prints and frees it; false when it is NULL. */
static bool print_text(char *text)
{
	if (!text)
		return false;
	(void)printf("%s\n", text);
	gnutls_memset(text, 0, strlen(text)); /* it may hold a token */
	free(text);
	return true;
}

static bool print_lines(const json_t *json)
{
	const char *name, *text;
	json_t *value;
	bool printed = true;
	json_object_foreach((json_t *)(uintptr_t)json, name, value)
	{
		(void)printf("%s: ", name);
		text = json_string_value(value);
		/* PEM is the one text with lines of its own, and has nothing but ASCII. */
		if (text && strncmp(text, "-----BEGIN ", 11) == 0)
			(void)printf("\n%s", text);
		else
			printed = print_text(text ? safe_text(text) : dump(value, 0)) && printed;
	}
	return printed;
}

/* As lines, or as a whole; false without memory. */
static bool print(const struct command *c, const json_t *json)
{
	bool printed = true;
	size_t i;
	json_t *item;
	if (!json || c->json)
		return json && print_text(dump(json, JSON_INDENT(2)));
	if (!json_is_array(json))
		return print_lines(json);
	json_array_foreach((json_t *)(uintptr_t)json, i, item)
	{
		if (i > 0)
			(void)putchar('\n');
		printed = print_lines(item) && printed;
	}
	return printed;
}

int command_print(const struct command *c, json_t *json)
{
	struct cg_err err = {0};
	bool printed = print(c, json);
	json_decref(json);
	if (!printed && cg_fail_memory(&err) != CG_OK)
		return command_fail(c, &err);
	return command_told();
}

int command_print_done(const struct command *c, json_t *json, const char *id, const char *token,
		       const struct cg_err *err)
{
	if (json && token)
		(void)json_object_set_new(json, "token", json_string(token));
	bool printed = (!token || json_object_get(json, "token")) && print(c, json);
	json_decref(json);
	if (!printed) {
		(void)fprintf(stderr, "certgate: This was done, but cannot be shown now: %s\n",
			      err->text[0] ? err->text : "there is no memory left.");
		/* Both are letters and digits. */
		if (c->json)
			(void)printf("{\"id\": \"%s\"%s%s%s}\n", id, token ? ", \"token\": \"" : "",
				     token ? token : "", token ? "\"" : "");
		else
			(void)printf("id: %s\n%s%s%s", id, token ? "token: " : "",
				     token ? token : "", token ? "\n" : "");
	}
	int status = command_told();
	if (status != EXIT_DONE)
		(void)fputs("certgate: This was done all the same.\n", stderr);
	return status;
}
