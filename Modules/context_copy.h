/* context_copy.h: SSLContext.copy(). */

#ifndef SSLB_CONTEXT_COPY_H
#define SSLB_CONTEXT_COPY_H

#include "pycompat.h"
#include "context.h"

/* Sets all that was set on the original for a context that is new: 0, or -1
   with an exception, and then it is good for nothing.  The original's
   protocol is the new one's too. */
int sslb_context_copy(sslb_context *copy, sslb_context *original);

/* Each room that owns a part of a context has sslb_<part>_copy(copy,
   original), which gives a new context that part: 0, or -1 with an exception.
   Only those of hints.c and trust.c may let go of the GIL or run Python
   code. */

#endif
