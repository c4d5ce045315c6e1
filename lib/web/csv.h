/* Lines of CSV (RFC 4180), as spreadsheets read them. */
#ifndef CG_WEB_CSV_H
#define CG_WEB_CSV_H

#include "base/buf.h"

/* Appends a cell, and the comma before it unless it is a line's first.  Text that a spreadsheet
 * would take for a formula (beginning with = + - @, a tab or a CR) gets an apostrophe before it. */
void csv_cell(struct buf *to, const char *text, bool first);
void csv_end_line(struct buf *to);

#endif
