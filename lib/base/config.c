#include "base/base.h"
#include "base/config.h"
#include "base/address.h"
#include "base/limits.h"
#include "base/text.h"
#include <confuse.h>
#include <fcntl.h>
#include <sys/stat.h>

bool config_days_parse(const char *text, uint64_t days[3])
{
	struct span rest = span_of(text), part;
	uint64_t least = 1;
	size_t n = 0;
	while (n < 3 && span_next(&rest, ',', &part)) {
		if (!number_parse(span_trim(part), USAGE_KEEP_DAYS_MAX, &days[n]) ||
		    days[n] < least)
			return false;
		least = days[n++];
	}
	return n == 3 && !rest.p;
}

static bool is_path(const char *text)
{
	return text[0] == '/' && strlen(text) < CONFIG_VALUE_MAX;
}

static bool is_log(const char *text)
{
	return strcmp(text, "syslog") == 0 || is_path(text);
}

static bool is_scheduling(const char *text)
{
	return strcmp(text, "batch") == 0 || strcmp(text, "other") == 0;
}

static bool is_blocks(const char *text)
{
	struct address_blocks blocks;
	return address_blocks_parse(text, &blocks) && blocks.n > 0;
}

/* RFC 6052 section 2.2. */
static bool is_nat64(const char *text)
{
	struct address_blocks blocks;
	bool ok = address_blocks_parse(text, &blocks) && blocks.n > 0;
	for (size_t i = 0; ok && i < blocks.n; i++) {
		unsigned bits = address_block_v6_bits(blocks.items[i]);
		ok = bits == 96 || (bits >= 32 && bits <= 64 && bits % 8 == 0);
	}
	return ok;
}

static bool is_days(const char *text)
{
	uint64_t days[3];
	return config_days_parse(text, days);
}

/* `takes` ends the sentence "NAME takes …, not “VALUE”." */
#define FOLDER "the whole path of a folder"
#define BLOCKS "addresses and CIDR blocks with commas between them"
/* clang-format off */
static const struct row {
	const char *name, *variable;
	bool (*is_valid)(const char *text);
	const char *takes;
} rows[CONFIG_KEYS] = {
	[CONFIG_DATA_FOLDER] = {"data_folder", NULL, is_path, FOLDER},
	[CONFIG_UPSTREAM_ALLOW] = {"upstream_allow", "CERTGATE_UPSTREAM_ALLOW", is_blocks, BLOCKS},
	[CONFIG_UPSTREAM_DENY] = {"upstream_deny", "CERTGATE_UPSTREAM_DENY", is_blocks, BLOCKS},
	[CONFIG_NAT64_PREFIXES] = {"nat64_prefixes", "CERTGATE_NAT64_PREFIXES", is_nat64,
		"IPv6 prefixes of 32, 40, 48, 56, 64 or 96 bits, such as "
		"“64:ff9b:1::/96”, with commas between them"},
	[CONFIG_METRICS_ALLOW] = {"metrics_allow", "CERTGATE_METRICS_ALLOW", is_blocks, BLOCKS},
	[CONFIG_ACCESS_LOG] = {"access_log", "CERTGATE_ACCESS_LOG", is_log,
		"“syslog” or the whole path of a file"},
	[CONFIG_USAGE_KEEP] = {"usage_keep", "CERTGATE_USAGE_KEEP", is_days,
		"the days that minutes, hours and days are kept, such as "
		"“" USAGE_KEEP_DEFAULT "”"},
	[CONFIG_GATE_SCHEDULING] = {"gate_scheduling", "CERTGATE_GATE_SCHEDULING", is_scheduling,
		"“batch” or “other”"},
	[CONFIG_MAIL_COMMAND] = {"mail_command", "CERTGATE_SENDMAIL", is_path,
		"the whole path of a program"},
	[CONFIG_MAIL_FOLDER] = {"mail_folder", "CERTGATE_MAIL", is_path, FOLDER},
};
/* clang-format on */

/* Of this process. */
static struct {
	bool loaded;
	char file[CONFIG_VALUE_MAX];
	char values[CONFIG_KEYS][CONFIG_VALUE_MAX]; /* empty: not set */
} settings;

const char *config_get(enum config_key key)
{
	return *settings.values[key] ? settings.values[key] : NULL;
}

const char *config_file(void)
{
	return settings.file;
}

/* --- the file --- */

/* What libconfuse's functions are given knows nothing of their caller. */
static struct cg_err *fault;
static bool faulty;
static unsigned line_number;

/* The first one counts. */
static void on_fault(cfg_t *cfg, const char *format, va_list args) CG_PRINTF(2, 0);
static void on_fault(cfg_t *cfg, const char *format, va_list args)
{
	char what[300], safe[400];
	(void)cfg;
	if (faulty)
		return;
	faulty = true;
	(void)vsnprintf(what, sizeof(what), format, args);
	text_for_log(span_of(what), safe, sizeof(safe));
	size_t n = strlen(safe);
	(void)cg_fail(fault, CG_BAD_INPUT, "%s, line %u: %s%s", settings.file, line_number, safe,
		      n > 0 && safe[n - 1] == '.' ? "" : "."); /* libconfuse's words have none */
}

static const struct row *row_of(const char *name, enum config_key *key)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		if (strcmp(rows[i].name, name) == 0) {
			*key = (enum config_key)i;
			return &rows[i];
		}
	return NULL;
}

/* Called with each line's value. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	enum config_key key = CONFIG_KEYS;
	const struct row *row = row_of(cfg_opt_name(opt), &key);
	const char *value = cfg_opt_getnstr(opt, 0);
	if (!row || !value)
		return -1;
	if (*settings.values[key]) {
		cfg_error(cfg, "%s is there twice: remove one.", row->name);
		return -1;
	}
	if (!*value || strlen(value) >= CONFIG_VALUE_MAX || !row->is_valid(value)) {
		cfg_error(cfg, "%s takes %s, not “%.100s”.", row->name, row->takes, value);
		return -1;
	}
	(void)snprintf(settings.values[key], CONFIG_VALUE_MAX, "%s", value);
	return 0;
}

/* Line by line: of a whole file libconfuse 3.3 counts each comment as three lines. */
static bool parse_lines(cfg_t *cfg, FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	bool good = true;
	for (line_number = 1; good && (n = getline(&line, &size, file)) > 0; line_number++) {
		if (strlen(line) < (size_t)n)
			cfg_error(cfg, "a NUL byte");
		good = !faulty && cfg_parse_buf(cfg, line) == CFG_SUCCESS && !faulty;
	}
	free(line);
	/* Else it could not be read to its end. */
	return good && feof(file) != 0;
}

static cg_rc parse(FILE *file, struct cg_err *err)
{
	cfg_opt_t options[CONFIG_KEYS + 1] = {0};
	char known[300] = "";
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		options[i] = (cfg_opt_t)CFG_STR(rows[i].name, NULL, CFGF_NODEFAULT);
		size_t n = strlen(known);
		(void)snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "", rows[i].name);
	}
	options[CONFIG_KEYS] = (cfg_opt_t)CFG_END();
	cfg_t *cfg = cfg_init(options, CFGF_NONE);
	if (!cfg)
		return cg_fail_memory(err);
	struct cg_err found = {0};
	fault = &found;
	faulty = false;
	(void)cfg_set_error_function(cfg, on_fault);
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		(void)cfg_set_validate_func(cfg, rows[i].name, on_value);
	bool good = parse_lines(cfg, file);
	(void)cfg_free(cfg);
	fault = NULL;
	if (good)
		return CG_OK;
	if (!faulty)
		return cg_fail(err, CG_BAD_INPUT, "%s cannot be read.", settings.file);
	return cg_fail(err, CG_BAD_INPUT, "%s Lines are NAME = \"VALUE\"; the names are %s.",
		       found.text, known);
}

/* Who may write to it may send everybody's requests elsewhere. */
static cg_rc check_owner(int fd, struct cg_err *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return cg_fail(err, CG_BAD_INPUT, "The configuration %s is not a file.",
			       settings.file);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022) != 0)
		return cg_fail(
		    err, CG_BAD_INPUT,
		    "The configuration %s can be written by others than root: run `chown "
		    "root: %s && chmod 644 %s`.",
		    settings.file, settings.file, settings.file);
	return CG_OK;
}

static cg_rc load_file(struct cg_err *err)
{
	const char *named = getenv("CERTGATE_CONFIG");
	int n =
	    snprintf(settings.file, sizeof(settings.file), "%s", named ? named : CG_CONFIG_FILE);
	if (n < 0 || (size_t)n >= sizeof(settings.file))
		return cg_fail(err, CG_BAD_INPUT, "The path in CERTGATE_CONFIG is too long.");
	if (n == 0)
		return CG_OK;
	int fd = open(settings.file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT && !named) {
		settings.file[0] = '\0';
		return CG_OK;
	}
	if (fd < 0)
		return cg_fail(err, CG_BAD_INPUT, "The configuration %s cannot be read: %s.",
			       settings.file, strerror(errno));
	cg_rc rc = check_owner(fd, err);
	FILE *file = rc == CG_OK ? fdopen(fd, "r") : NULL;
	if (rc == CG_OK && !file)
		rc = cg_fail_memory(err);
	if (rc == CG_OK)
		rc = parse(file, err);
	if (file)
		(void)fclose(file);
	else
		(void)close(fd);
	return rc;
}

/* --- the environment --- */

static cg_rc load_environment(struct cg_err *err)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		const struct row *row = &rows[i];
		const char *value = row->variable ? getenv(row->variable) : NULL;
		if (!value || !*value)
			continue;
		if (strlen(value) >= CONFIG_VALUE_MAX || !row->is_valid(value))
			return cg_fail(err, CG_BAD_INPUT,
				       "%s in the environment takes %s, not “%.100s”.",
				       row->variable, row->takes, value);
		(void)snprintf(settings.values[i], CONFIG_VALUE_MAX, "%s", value);
	}
	return CG_OK;
}

cg_rc config_load(struct cg_err *err)
{
	if (settings.loaded)
		return CG_OK;
	memset(&settings, 0, sizeof(settings));
	cg_rc rc = load_file(err);
	if (rc == CG_OK)
		rc = load_environment(err);
	settings.loaded = rc == CG_OK;
	return rc;
}
