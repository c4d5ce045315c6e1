/* The access report as a file, for REST and pages alike. */
#ifndef CG_ADMIN_ACCESS_CSV_H
#define CG_ADMIN_ACCESS_CSV_H

#include "grant/access_report.h"
#include "web/response.h"

/* Answers with the whole report of a time, a line for each key and API, page after page.  An answer
 * that cannot be finished is aborted, so that it does not look whole. */
void access_csv_send(struct web_response *resp, struct access_report *report, int64_t at_unix_s);

#endif
