/* Memory that held a secret. */
#ifndef CG_BASE_WIPE_H
#define CG_BASE_WIPE_H

/* free, with the memory wiped first: for libraries that let us say how they free.  NULL is fine. */
void wipe_free(void *p);
/* The stack below the caller, which calls that have returned left as it was: not only their
 * variables, also what vector registers held of copied text when a function of a library was bound
 * at its first call (measured: pieces of a pasted private key).  As deep as calls here go. */
void wipe_stack(void);
/* The same after a call that goes less deep, 4 kB. */
void wipe_stack_top(void);

#endif
