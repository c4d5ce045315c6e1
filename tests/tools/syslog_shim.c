/* LD_PRELOAD: what goes to syslog becomes a line of the file SYSLOG_TO: "PRIORITY TEXT". */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void append(int priority, const char *format, va_list ap)
{
	char line[2048];
	const char *path = getenv("SYSLOG_TO");
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
	int n = snprintf(line, sizeof(line), "%d ", priority);
	if (fd < 0)
		return;
	n += vsnprintf(line + n, sizeof(line) - 2 - (size_t)n, format, ap);
	line[n] = '\n';
	if (write(fd, line, (size_t)n + 1) < 0)
		abort();
	(void)close(fd);
}

/* What the compiler makes of syslog() with _FORTIFY_SOURCE. */
void __syslog_chk(int priority, int flag, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list ap;
	(void)flag;
	va_start(ap, format);
	append(priority, format, ap);
	va_end(ap);
}

void syslog(int priority, const char *format, ...);
void syslog(int priority, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	append(priority, format, ap);
	va_end(ap);
}
