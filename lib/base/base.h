/* Included first by every .c file: the C library, attributes, and the functions we do not use. */
#ifndef CG_BASE_BASE_H
#define CG_BASE_BASE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define CG_MUST_USE	   __attribute__((warn_unused_result))
#define CG_PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))
#define CG_COUNT(a)	   (sizeof(a) / sizeof((a)[0]))

/* Each of these has overrun a buffer or hidden a bad number in some program; base/ has what we use
 * instead (span.h, text.h, buf.h).  As macros they stop the compiler in our code alone: the system
 * headers above are read before. */
#define strcpy(...)  cg_banned_strcpy
#define strcat(...)  cg_banned_strcat
#define strncpy(...) cg_banned_strncpy
#define strncat(...) cg_banned_strncat
#define sprintf(...) cg_banned_sprintf
#define atoi(...)    cg_banned_atoi
#define atol(...)    cg_banned_atol
#define sscanf(...)  cg_banned_sscanf
#define strtok(...)  cg_banned_strtok

#endif
