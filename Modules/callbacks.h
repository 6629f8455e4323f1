/* callbacks.h: how a function that OpenSSL calls runs Python code.

   OpenSSL calls such a function during a step of an operation.  The thread
   then holds the connection's lock, and does not hold the GIL. */

#ifndef SSLB_CALLBACKS_H
#define SSLB_CALLBACKS_H

#include "pycompat.h"
#include "opensslcompat.h"

/* A callback calls the first function before it uses Python, and the second
   one afterwards.  The first one leaves the gate, releases the context's
   guard, lends the connection's lock and takes the GIL.  The second one
   reverses this. */
void sslb_callback_begin_nogil(const SSL *ssl);
void sslb_callback_end(const SSL *ssl);

/* Call these between the two functions above.  The first one returns the
   SSLSocket or SSLObject of the connection, a new reference, or NULL without
   an exception if that object no longer exists.  The second one stores the
   current exception for the operation to raise; if an earlier callback of the
   step stored one, it discards the current one. */
PyObject *sslb_callbacks_owner(const SSL *ssl);
void sslb_callbacks_keep_exception(const SSL *ssl);

#endif
