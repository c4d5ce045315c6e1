/* certgate export, import. */
#include "base/base.h"
#include "model/transfer.h"
#include "command.h"
#include <fcntl.h>

int export_main(struct command *c)
{
	struct cg_err err = {0};
	const char *path = command_next(c);
	if (!command_all_taken(c) || !path)
		return EXIT_USAGE;
	/* As the caller; it holds what is to be known to few. */
	bool to_stdout = strcmp(path, "-") == 0;
	int fd = to_stdout ? dup(STDOUT_FILENO)
			   : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!to) {
		(void)cg_fail(&err, CG_BAD_INPUT, "%.300s cannot be made: %s.", path,
			      strerror(errno));
		return command_fail(c, &err);
	}
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = transfer_export(c->store, to, &err);
	if (rc == CG_OK && !to_stdout && fsync(fd) != 0)
		rc = cg_fail(&err, CG_FULL, "%.300s cannot be written: %s.", path, strerror(errno));
	if (fclose(to) != 0 && rc == CG_OK)
		rc = cg_fail(&err, CG_FULL, "%.300s cannot be written: %s.", path, strerror(errno));
	if (rc == CG_OK)
		return EXIT_DONE;
	if (!to_stdout)
		(void)unlink(path); /* half of one helps nobody */
	return command_fail(c, &err);
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
	if (!from) {
		(void)cg_fail(&err, CG_BAD_INPUT, "%.300s cannot be read: %s.", path,
			      strerror(errno));
		return command_fail(c, &err);
	}
	cg_rc rc = command_open(c, &err);
	if (rc == CG_OK)
		rc = transfer_import(c->store, &c->actor, from, skip, &report, &err);
	(void)fclose(from);
	if (rc == CG_OK)
		return command_print(c, report_json(&report));
	if (rc == CG_CLASH)
		(void)command_print(c, report_json(&report));
	return command_fail(c, &err);
}
