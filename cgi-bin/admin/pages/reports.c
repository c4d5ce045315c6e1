#include "base/base.h"
#include "pages.h"
void access_report_page(void *arg) { (void)arg; }
void access_report_csv(void *arg) { (void)arg; }
