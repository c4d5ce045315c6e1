#include "base/base.h"
#include "web/csv.h"

void csv_cell(struct buf *to, const char *text, bool first)
{
	bool formula = *text && strchr("=+-@\t\r", *text);
	bool quoted = formula || strpbrk(text, ",\"\r\n\t;");
	if (!first)
		buf_add_char(to, ',');
	if (!quoted) {
		buf_add_text(to, text);
		return;
	}
	buf_add_char(to, '"');
	if (formula)
		buf_add_char(to, '\'');
	for (; *text; text++) {
		if (*text == '"')
			buf_add_char(to, '"');
		buf_add_char(to, *text);
	}
	buf_add_char(to, '"');
}

void csv_end_line(struct buf *to)
{
	buf_add_text(to, "\r\n");
}
