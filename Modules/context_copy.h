/* context_copy.h: SSLContext.copy(). */

#ifndef SSLB_CONTEXT_COPY_H
#define SSLB_CONTEXT_COPY_H

#include "pycompat.h"
#include "context.h"

/* Copies all settings of `original` to `copy`, a new context with the same
   protocol: 0, or -1 with an exception.  After a failure the caller drops the
   copy. */
int sslb_context_copy(sslb_context *copy, sslb_context *original);

/* Each file that owns a part of a context has a function
   sslb_<part>_copy(copy, original).  It copies that part to a new context: 0,
   or -1 with an exception.  Only the functions of hints.c and trust.c may
   release the GIL or run Python code. */

#endif
