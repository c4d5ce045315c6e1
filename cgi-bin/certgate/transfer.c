/* certgate export, import. */
#include "base/base.h"
#include "model/transfer.h"
#include "command.h"
#include "base/folder.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

/* Writes all to fd, which it closes, as the data folder's owner. */
static cg_rc write_export(struct command *c, int fd, const char *path, struct cg_err *err)
{
	FILE *to = fdopen(fd, "w");
	if (!to) {
		(void)close(fd);
		return cg_fail_memory(err);
	}
	cg_rc rc = command_open(c, err);
	if (rc == CG_OK)
		rc = transfer_export(c->store, to, err);
	if (fclose(to) != 0 && rc == CG_OK)
		rc = cg_fail(err, CG_FULL, "%.300s cannot be written: %s.", path, strerror(errno));
	return rc;
}

/* The same in a child: this process stays who it is, so that it can put the file into a folder that
 * the data folder's owner may not write to.  True when it is written. */
static bool write_in_child(struct command *c, int fd, const char *path,
			   const struct command_held *held)
{
	struct cg_err err = {0};
	int status;
	if (command_leave_to_child(held, &status)) {
		status =
		    write_export(c, fd, path, &err) == CG_OK ? EXIT_DONE : command_fail(c, &err);
		command_close(c);
		_exit(status);
	}
	(void)close(fd);
	return status == EXIT_DONE;
}

int export_main(struct command *c)
{
	struct cg_err err = {0};
	const char *path = command_next(c);
	if (!command_all_taken(c) || !path)
		return EXIT_USAGE;
	if (strcmp(path, "-") == 0) {
		/* Who reads no further must not end this inside the store. */
		(void)signal(SIGPIPE, SIG_IGN);
		int out = dup(STDOUT_FILENO);
		return out >= 0 && write_export(c, out, path, &err) == CG_OK
			   ? EXIT_DONE
			   : command_fail(c, &err);
	}
	/* It holds what is to be known to few: made by mkostemp, it is the caller's alone. */
	struct command_held held;
	command_hold_signals(&held);
	char *beside = arena_printf(&c->arena, "%s.XXXXXX", path);
	errno = EEXIST;
	int fd = !beside || access(path, F_OK) == 0 ? -1 : mkostemp(beside, O_CLOEXEC);
	if (fd < 0) {
		(void)cg_fail(&err, CG_BAD_INPUT, "%.300s cannot be made: %s.", path,
			      strerror(errno));
		return command_fail(c, &err);
	}
	bool written = write_in_child(c, dup(fd), path, &held);
	cg_rc rc = CG_OK;
	if (written && (fsync(fd) != 0 || link(beside, path) != 0))
		rc = cg_fail(&err, CG_FULL, "%.300s cannot be written: %s.", path, strerror(errno));
	(void)close(fd);
	(void)unlink(beside);
	if (written && rc == CG_OK)
		rc = folder_sync_of(path, &err);
	if (rc != CG_OK)
		return command_fail(c, &err);
	return written ? EXIT_DONE : EXIT_REFUSED;
}

static json_t *counts_json(const size_t counts[STORE__TABLES])
{
	json_t *out = json_object();
	for (enum store_table t = 0; t < STORE__TABLES; t++)
		if (counts[t] > 0)
			(void)json_object_set_new(out, store_table_name(t),
						  json_integer((json_int_t)counts[t]));
	return out;
}

static json_t *report_json(const struct transfer_report *r)
{
	json_t *clashes = json_array();
	for (size_t i = 0; i < r->n_clashes && i < TRANSFER_CLASHES_MAX; i++)
		(void)json_array_append_new(clashes, json_string(r->clashes[i]));
	return json_pack("{s:o, s:o, s:I, s:o}", "added", counts_json(r->added), "same",
			 counts_json(r->same), "n_clashes", (json_int_t)r->n_clashes, "clashes",
			 clashes);
}

int import_main(struct command *c)
{
	struct cg_err err = {0};
	struct transfer_report report = {0};
	bool skip = command_take_flag(c, "--skip-clashes");
	const char *path = command_next(c);
	if (!command_all_taken(c) || !path)
		return EXIT_USAGE;
	FILE *from = fopen(path, "re");
	struct stat st;
	if (!from) {
		(void)cg_fail(&err, CG_BAD_INPUT, "%.300s cannot be read: %s.", path,
			      strerror(errno));
		return command_fail(c, &err);
	}
	cg_rc rc = fstat(fileno(from), &st) == 0 && S_ISREG(st.st_mode)
		       ? command_open(c, &err)
		       : cg_fail(&err, CG_BAD_INPUT,
				 "%.300s is no file: an export is read twice, so put what comes "
				 "out of a pipe into a file first.",
				 path);
	if (rc == CG_OK)
		rc = transfer_import(c->store, &c->actor, from, skip, &report, &err);
	(void)fclose(from);
	if (rc == CG_OK)
		return command_print(c, report_json(&report));
	if (rc == CG_CLASH)
		(void)command_print(c, report_json(&report));
	return command_fail(c, &err);
}
