/* callbacks.h: how a function that OpenSSL calls runs Python code.

   OpenSSL calls such a function during a step of an operation.  The thread
   then holds the connection's lock, and does not hold the GIL. */

#ifndef SSLB_CALLBACKS_H
#define SSLB_CALLBACKS_H

#include "pycompat.h"
#include "opensslcompat.h"

/* A callback calls this before it uses Python: leaves the gate, releases the
   context's guard, lends the connection's lock and takes the GIL. */
void sslb_callback_begin_nogil(const SSL *ssl);

/* A callback calls this after it has used Python: releases the GIL, and takes
   the lock, the guard and the gate again. */
void sslb_callback_end(const SSL *ssl);

/* With the GIL: the SSLSocket or SSLObject of the connection, a new reference,
   or NULL without an exception if that object no longer exists. */
PyObject *sslb_callbacks_owner(const SSL *ssl);

/* With the GIL: stores the current exception for the operation to raise.  If
   an earlier callback of the step stored an exception, discards this one. */
void sslb_callbacks_keep_exception(const SSL *ssl);

#endif
