/* Text from outside: numbers, UTF-8, and text made safe for a log line. */
#ifndef CG_BASE_TEXT_H
#define CG_BASE_TEXT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/span.h"

/* The whole text as a decimal number from 0 to max; false, and *out untouched, for anything else.
 */
bool number_parse(struct span text, uint64_t max, uint64_t *out) CG_MUST_USE;
/* 354780; how many digits. */
#define DECIMAL_TEXT 21
size_t decimal_format(uint64_t n, char out[DECIMAL_TEXT]);
/* 354,780 */
#define NUMBER_TEXT 32
void number_format(uint64_t n, char out[NUMBER_TEXT]);
/* Valid UTF-8 (RFC 3629) without control characters (C0, DEL, C1). */
bool text_is_clean(struct span text);
/* The same of a text of several lines: LF and tabs are fine. */
bool text_is_clean_lines(struct span text);
/* Why a text that text_normal made cannot be a name, as people tell names apart by what they see;
 * NULL: it can.  *out is the first character that is in the way: one that changes how others are
 * shown, or shows nothing (direction of writing, zero width, fillers, …); a noncharacter or one of
 * private use; a combining mark at the beginning.  Joiners and non-joiners of Indic, Arabic and
 * the like are fine where they have a meaning, and in pictures that are put together. */
const char *text_name_fault(struct span text, uint32_t *out);
/* In the form that two texts share that look alike: Unicode NFC, no white space at its ends, one
 * plain space for white space inside.  Whatever else it holds stays; what is not UTF-8 stays as it
 * is.  NULL: no memory. */
char *text_normal(struct span text, struct arena *arena);
/* The same without regard to letter case, by full case folding (Unicode section 3.13), as it is
 * looked for in texts.  Of what is not UTF-8 the letters of ASCII.  NULL: no memory. */
char *text_fold(struct span text, struct arena *arena);
/* Whether `text` (may be NULL), in any letter case, holds somewhere what text_fold made. */
bool text_holds(const char *text, struct span folded);
/* The same of any bytes; fast: what a record's bytes do not hold, none of its texts does. */
bool bytes_hold(struct span bytes, struct span folded);
/* Whether the whole text is this in any letter case. */
bool text_is_folded(struct span text, struct span folded);
/* Copies into out (room bytes, NUL included) what is safe in one line of a log or on a terminal:
 * controls, bidi and invisible format characters and invalid UTF-8 become \xNN or \u{NNNN}; what
 * does not fit is cut with "...". */
void text_for_log(struct span text, char *out, size_t room);

#endif
