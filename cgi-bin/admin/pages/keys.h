/* What the pages of a key share. */
#ifndef CG_ADMIN_PAGES_KEYS_H
#define CG_ADMIN_PAGES_KEYS_H

#include "show.h"

/* The key that the link names; false after having answered. */
bool key_get(struct page_call *call, Cg__Key **out);
/* The page after a key got a token: the only one that shows it, so it answers the form itself. */
void key_show_token(struct page_call *call, const Cg__Key *key, const char *token);

#endif
