#include "base/base.h"
#include "model/transfer_in.h"

static int next_char(FILE *f)
{
	int c;
	do {
		c = getc(f);
	} while (c == ' ' || c == '\t' || c == '\r' || c == '\n');
	return c;
}

static cg_rc bad_file(struct cg_err *err)
{
	return cg_fail(err, CG_BAD_INPUT, "The file is not an export of certgate.");
}

/* A string or an object: of a number, jansson would read the character behind it too. */
static json_t *next_value(FILE *f)
{
	json_error_t ignored;
	return json_loadf(f, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
			  &ignored);
}

static uint64_t next_number(FILE *f)
{
	uint64_t number = 0;
	int c = next_char(f);
	while (c >= '0' && c <= '9' && number < UINT32_MAX) {
		number = number * 10 + (uint64_t)(c - '0');
		c = getc(f);
	}
	(void)ungetc(c, f);
	return number;
}

static cg_rc read_array(FILE *f, const struct transfer_section *section, transfer_record_fn each,
			void *arg, struct cg_err *err)
{
	int c = next_char(f);
	if (c == ']')
		return CG_OK;
	(void)ungetc(c, f);
	do {
		json_t *record = next_value(f);
		if (!record)
			return bad_file(err);
		cg_rc rc = section->imported ? each(section, record, arg, err) : CG_OK;
		json_decref(record);
		if (rc != CG_OK)
			return rc;
		c = next_char(f);
	} while (c == ',');
	return c == ']' ? CG_OK : bad_file(err);
}

/* A member of the outer object; `name` says which. */
static cg_rc read_member(FILE *f, const char *name, struct transfer_places *p,
			 transfer_record_fn each, void *arg, struct cg_err *err)
{
	for (size_t i = 0; i < TRANSFER_SECTIONS; i++)
		if (strcmp(name, transfer_sections[i].name) == 0) {
			if (p->at[i] != 0 || next_char(f) != '[' || (p->at[i] = ftell(f)) < 0)
				return bad_file(err);
			return read_array(f, &transfer_sections[i], each, arg, err);
		}
	uint64_t number = next_number(f);
	if (strcmp(name, "certgate_export") == 0 && number == TRANSFER_FORMAT) {
		p->is_export = true;
		return CG_OK;
	}
	if (strcmp(name, "schema_version") == 0 && number >= 1 && number <= STORE_SCHEMA_VERSION) {
		p->has_version = true;
		return CG_OK;
	}
	return cg_fail(
	    err, CG_BAD_INPUT,
	    "The export has the member “%.60s” that this certgate does not know, or is of "
	    "a newer one.",
	    name);
}

cg_rc transfer_read(FILE *f, struct transfer_places *p, transfer_record_fn each, void *arg,
		    struct cg_err *err)
{
	cg_rc rc = CG_OK;
	memset(p, 0, sizeof(*p));
	rewind(f);
	int c = next_char(f);
	if (c != '{')
		return bad_file(err);
	do {
		json_t *name = next_value(f);
		if (!json_is_string(name) || next_char(f) != ':')
			rc = bad_file(err);
		else
			rc = read_member(f, json_string_value(name), p, each, arg, err);
		json_decref(name);
		c = rc == CG_OK ? next_char(f) : EOF;
	} while (rc == CG_OK && c == ',');
	if (rc != CG_OK)
		return rc;
	bool whole =
	    c == '}' && next_char(f) == EOF && !ferror(f) && p->is_export && p->has_version;
	return whole ? CG_OK : bad_file(err);
}

cg_rc transfer_read_sections(FILE *f, const struct transfer_places *p, transfer_record_fn each,
			     void *arg, struct cg_err *err)
{
	cg_rc rc = CG_OK;
	for (size_t i = 0; rc == CG_OK && i < TRANSFER_SECTIONS; i++) {
		if (p->at[i] == 0 || !transfer_sections[i].imported)
			continue;
		rc = fseek(f, p->at[i], SEEK_SET) == 0
			 ? read_array(f, &transfer_sections[i], each, arg, err)
			 : bad_file(err);
	}
	return rc;
}
