#include "base/base.h"
#include "page/page.h"
#include "base/hash.h"
#include "base/home.h"
#include "base/limits.h"
#include "page/template.h"
#include <fts.h>
#include <sys/stat.h>

#define VERSION_DIGITS 16

static struct {
	struct arena arena;
	struct page_asset assets[PAGE_ASSETS_MAX];
	size_t n;
	char version[VERSION_DIGITS + 1];
} loaded;

/* --- reading them --- */

static const struct {
	const char *ending, *type;
} types[] = {
    {".css",   "text/css; charset=utf-8"	      },
    {".js",    "text/javascript; charset=utf-8"},
    {".svg",   "image/svg+xml"		    },
    {".txt",   "text/plain; charset=utf-8"	},
    {".woff2", "font/woff2"			   },
};

static bool ends_in(const char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);
	return n > m && strcmp(name + n - m, ending) == 0;
}

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static cg_rc find_folder(char out[HOME_PATH_MAX], struct cg_err *err)
{
	char exe[HOME_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash = NULL;
	if (n > 0) {
		exe[n] = '\0';
		slash = strrchr(exe, '/');
	}
	if (slash) {
		*slash = '\0';
		(void)snprintf(out, HOME_PATH_MAX, "%.1000s/templates", exe);
		if (is_folder(out))
			return CG_OK;
	}
	(void)snprintf(out, HOME_PATH_MAX, "%s/templates", CG_DATADIR);
	return is_folder(out) ? CG_OK
			      : cg_fail(err, CG_UNAVAILABLE,
					"There is no folder templates beside the program, nor %s: "
					"install certgate again.",
					out);
}

static cg_rc bad_file(const char *path, struct cg_err *err)
{
	return cg_fail(err, CG_UNAVAILABLE, "The file %.300s cannot be read as it should be.",
		       path);
}

static cg_rc read_asset(const char *path, const char *name, size_t size, struct cg_err *err)
{
	struct page_asset *asset = &loaded.assets[loaded.n];
	size_t t = 0;
	while (t < CG_COUNT(types) && !ends_in(name, types[t].ending))
		t++;
	FILE *f = t < CG_COUNT(types) && loaded.n < PAGE_ASSETS_MAX ? fopen(path, "rbe") : NULL;
	char *bytes = f ? arena_alloc(&loaded.arena, size + 1) : NULL;
	bool whole = bytes && fread(bytes, 1, size + 1, f) == size;
	if (f)
		(void)fclose(f);
	asset->name = arena_strdup(&loaded.arena, name);
	if (!whole || !asset->name)
		return bad_file(path, err);
	asset->type = types[t].type;
	asset->bytes = span_make(bytes, size);
	loaded.n++;
	return CG_OK;
}

static cg_rc read_file(const char *folder, const char *path, size_t size, struct cg_err *err)
{
	const char *name = path + strlen(folder) + 1;
	if (strncmp(name, "assets/", 7) == 0)
		return read_asset(path, name + 7, size, err);
	return ends_in(name, ".tpl") && template_load(folder, name) ? CG_OK : bad_file(path, err);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static cg_rc read_all(char *folder, struct cg_err *err)
{
	char *roots[] = {folder, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	cg_rc rc = walk ? CG_OK : bad_file(folder, err);
	FTSENT *found;
	while (rc == CG_OK && (found = fts_read(walk)) != NULL) {
		if (found->fts_info == FTS_F)
			rc = read_file(folder, found->fts_path, (size_t)found->fts_statp->st_size,
				       err);
		else if (found->fts_info != FTS_D && found->fts_info != FTS_DP)
			rc = bad_file(found->fts_path, err);
	}
	if (walk)
		(void)fts_close(walk);
	return rc;
}

static cg_rc make_version(struct cg_err *err)
{
	struct buf all;
	struct sha256 digest;
	char hex[SHA256_HEX + 1];
	buf_init(&all, PAGE_ASSETS_BYTES_MAX);
	for (size_t i = 0; i < loaded.n; i++) {
		buf_add_text(&all, loaded.assets[i].name);
		buf_add_char(&all, '\n');
		buf_add(&all, loaded.assets[i].bytes);
	}
	bool ok = !all.failed && sha256_of(buf_span(&all), &digest) == CG_OK;
	buf_release(&all);
	if (!ok)
		return cg_fail_memory(err);
	hex_format(digest.b, SHA256_BYTES, hex);
	memcpy(loaded.version, hex, VERSION_DIGITS);
	return CG_OK;
}

cg_rc page_load(struct cg_err *err)
{
	char folder[HOME_PATH_MAX];
	arena_init(&loaded.arena, PAGE_ASSETS_BYTES_MAX);
	cg_rc rc = find_folder(folder, err);
	if (rc == CG_OK)
		rc = read_all(folder, err);
	if (rc == CG_OK)
		rc = make_version(err);
	if (rc == CG_OK)
		template_freeze();
	return rc;
}

const struct page_asset *page_asset(struct span name)
{
	for (size_t i = 0; i < loaded.n; i++)
		if (span_is_text(name, loaded.assets[i].name))
			return &loaded.assets[i];
	return NULL;
}

const char *page_assets_version(void)
{
	return loaded.version;
}

/* --- filling --- */

struct filling {
	const json_t *everywhere;
	bool failed;
};

/* The section `name`, or "has_name" and the like. */
static void show(struct filling *f, struct template_values *to, const char *prefix,
		 const char *name)
{
	char section[80];
	int n = snprintf(section, sizeof(section), "%s%s", prefix, name);
	if (n < 0 || (size_t)n >= sizeof(section))
		f->failed = true;
	else
		template_show(to, section);
}

static void fill_object(struct filling *f, struct template_values *to, const json_t *object);

/* Its switches in each section anew: found on the outside they would show the outside's values. */
static void fill_switches(struct filling *f, struct template_values *to)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)f->everywhere, name,
			    value) if (json_is_boolean(value))
	    show(f, to, json_is_true(value) ? "" : "no_", name);
}

static void fill_section(struct filling *f, struct template_values *to, const char *name,
			 const json_t *value)
{
	const char *file = json_string_value(json_object_get(value, "template"));
	struct template_values *made =
	    file ? template_include(to, name, file) : template_section(to, name);
	if (!made) {
		f->failed = true;
		return;
	}
	if (file)
		fill_object(f, made, f->everywhere);
	else
		fill_switches(f, made);
	if (json_is_string(value))
		template_set(made, "item", json_string_value(value), json_string_length(value));
	else
		fill_object(f, made, value);
}

static void fill(struct filling *f, struct template_values *to, const char *name,
		 const json_t *value)
{
	char number[32];
	size_t i;
	switch (json_typeof(value)) {
	case JSON_STRING:
		template_set(to, name, json_string_value(value), json_string_length(value));
		show(f, to, json_string_length(value) > 0 ? "has_" : "no_", name);
		break;
	case JSON_INTEGER:
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			       json_integer_value(value));
		template_set(to, name, number, strlen(number));
		show(f, to, "has_", name);
		break;
	case JSON_TRUE:
		show(f, to, "", name);
		break;
	case JSON_FALSE:
	case JSON_NULL:
		show(f, to, "no_", name);
		break;
	case JSON_OBJECT:
		fill_section(f, to, name, value);
		break;
	case JSON_ARRAY:
		for (i = 0; i < json_array_size(value); i++)
			fill_section(f, to, name, json_array_get(value, i));
		show(f, to, json_array_size(value) > 0 ? "has_" : "no_", name);
		break;
	case JSON_REAL: /* nothing here is one */
	default:
		f->failed = true;
	}
}

static void fill_object(struct filling *f, struct template_values *to, const json_t *object)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		fill(f, to, name, value);
	}
}

static void emit(void *arg, const char *piece, size_t n)
{
	buf_add(arg, span_make(piece, n));
}

cg_rc page_write(const char *layout, const char *body, const json_t *everywhere,
		 const json_t *values, struct buf *out, struct cg_err *err)
{
	struct filling f = {.everywhere = everywhere};
	struct template_values *top = template_values_new();
	struct template_values *in = top ? template_include(top, "body", body) : NULL;
	bool done = false;
	if (in) {
		fill_object(&f, top, everywhere);
		fill_object(&f, top, values);
		fill_object(&f, in, everywhere);
		fill_object(&f, in, values);
		done = !f.failed && template_expand(layout, top, emit, out) && !out->failed;
	}
	if (top)
		template_values_free(top);
	return done ? CG_OK : cg_fail(err, CG_UNAVAILABLE, "The page cannot be made now.");
}
