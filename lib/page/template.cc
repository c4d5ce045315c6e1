/* The only C++ of certgate. */
#include "base/base.h"
#include "page/template.h"
extern "C" {
#include "base/wipe.h"
}
#include <ctemplate/template.h>
#include <ctemplate/template_cache.h>
#include <ctemplate/template_dictionary.h>
#include <ctemplate/template_emitter.h>
#include <new>

/* What ctemplate frees is wiped: values may be tokens. */
void *operator new(size_t size)
{
	void *p = malloc(size ? size : 1);
	if (!p)
		throw std::bad_alloc();
	return p;
}
void *operator new[](size_t size)
{
	return operator new(size);
}
void operator delete(void *p) noexcept
{
	wipe_free(p);
}
void operator delete[](void *p) noexcept
{
	wipe_free(p);
}
void operator delete(void *p, size_t) noexcept
{
	wipe_free(p);
}
void operator delete[](void *p, size_t) noexcept
{
	wipe_free(p);
}

using ctemplate::TemplateDictionary;

/* In a plain text blank lines mean something. */
static ctemplate::Strip strip_of(const char *name)
{
	static const char ending[] = ".txt.tpl";
	size_t n = strlen(name), m = sizeof(ending) - 1;
	return n > m && strcmp(name + n - m, ending) == 0 ? ctemplate::DO_NOT_STRIP
							  : ctemplate::STRIP_BLANK_LINES;
}

static TemplateDictionary *in(struct template_values *values)
{
	return reinterpret_cast<TemplateDictionary *>(values);
}

static struct template_values *out_of(TemplateDictionary *d)
{
	return reinterpret_cast<struct template_values *>(d);
}

namespace
{
class Emitter : public ctemplate::ExpandEmitter
{
      public:
	Emitter(template_emit_fn emit, void *arg) : emit_(emit), arg_(arg) {}
	void Emit(char c) override { emit_(arg_, &c, 1); }
	void Emit(const std::string &s) override { emit_(arg_, s.data(), s.size()); }
	void Emit(const char *s) override { emit_(arg_, s, strlen(s)); }
	void Emit(const char *s, size_t n) override { emit_(arg_, s, n); }

      private:
	template_emit_fn emit_;
	void *arg_;
};
} // namespace

bool template_load(const char *folder, const char *name)
{
	try {
		(void)ctemplate::Template::SetTemplateRootDirectory(folder);
		return ctemplate::LoadTemplate(name, strip_of(name));
	} catch (...) {
		return false;
	}
}

void template_freeze(void)
{
	ctemplate::mutable_default_template_cache()->Freeze();
}

struct template_values *template_values_new(void)
{
	try {
		return out_of(new TemplateDictionary("page"));
	} catch (...) {
		return nullptr;
	}
}

void template_values_free(struct template_values *values)
{
	delete in(values);
}

/* A value that found no memory is missing on the page, which template_expand then cannot write
 * either. */
void template_set(struct template_values *to, const char *name, const char *value, size_t n)
{
	try {
		in(to)->SetValue(name, ctemplate::TemplateString(value, n));
	} catch (...) {
	}
}

struct template_values *template_section(struct template_values *to, const char *name)
{
	try {
		return out_of(in(to)->AddSectionDictionary(name));
	} catch (...) {
		return nullptr;
	}
}

void template_show(struct template_values *to, const char *name)
{
	try {
		in(to)->ShowSection(name);
	} catch (...) {
	}
}

struct template_values *template_include(struct template_values *to, const char *name,
					 const char *file)
{
	try {
		TemplateDictionary *made = in(to)->AddIncludeDictionary(name);
		made->SetFilename(file);
		return out_of(made);
	} catch (...) {
		return nullptr;
	}
}

bool template_expand(const char *name, const struct template_values *values, template_emit_fn emit,
		     void *arg)
{
	try {
		Emitter emitter(emit, arg);
		return ctemplate::mutable_default_template_cache()->ExpandNoLoad(
		    name, strip_of(name), reinterpret_cast<const TemplateDictionary *>(values), nullptr,
		    &emitter);
	} catch (...) {
		return false;
	}
}
