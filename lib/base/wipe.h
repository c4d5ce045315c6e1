/* Memory that held a secret. */
#ifndef CG_BASE_WIPE_H
#define CG_BASE_WIPE_H

/* free, with the memory wiped first: for libraries that let us say how they free.  NULL is fine. */
void wipe_free(void *p);

#endif
