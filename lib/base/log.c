#include "base/base.h"
#include "base/log.h"
#include "base/clock.h"
#include "base/text.h"

static const char *program_name = "certgate";

void log_open(const char *program)
{
	program_name = program;
}

static void write_line(const char *level, const char *event, va_list ap)
{
	char line[4096], when[RFC3339_TEXT + 1];
	(void)rfc3339_format(clock_unix_s(), when);
	int n = snprintf(line, sizeof(line) - 1, "%s %s[%ld] %s %s", when, program_name,
			 (long)getpid(), level, event);
	const char *name;
	while (n > 0 && (size_t)n < sizeof(line) - 1 && (name = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);
		char safe[1024];
		text_for_log(span_of(value ? value : "-"), safe, sizeof(safe));
		/* A quote in a value must not look like its end. */
		for (char *q = strchr(safe, '"'); q; q = strchr(q, '"'))
			*q = '\'';
		n += snprintf(line + n, sizeof(line) - 1 - (size_t)n, " %s=\"%s\"", name, safe);
	}
	if (n < 0)
		return;
	size_t len = (size_t)n < sizeof(line) - 1 ? (size_t)n : sizeof(line) - 2;
	line[len] = '\n';
	/* One write: lines of threads and processes do not mix.  A log that cannot be written must
	 * not fail a request. */
	if (write(STDERR_FILENO, line, len + 1) < 0)
		return;
}

void log_info(const char *event, ...)
{
	va_list ap;
	va_start(ap, event);
	write_line("info", event, ap);
	va_end(ap);
}

void log_error(const char *event, ...)
{
	va_list ap;
	va_start(ap, event);
	write_line("error", event, ap);
	va_end(ap);
}
