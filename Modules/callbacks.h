/* callbacks.h: the way from OpenSSL back into Python.

   For functions that OpenSSL calls during a step: with the connection's lock,
   without the GIL. */

#ifndef SSLB_CALLBACKS_H
#define SSLB_CALLBACKS_H

#include "pycompat.h"
#include "opensslcompat.h"

/* Around whatever a callback does in Python: takes the GIL and lends what the
   step holds, and back. */
void sslb_callback_begin_nogil(const SSL *ssl);
void sslb_callback_end(const SSL *ssl);

/* In between: the object that Python knows the connection by, a new reference
   (NULL, without an exception, when it is gone); and the way out for the
   current exception: the operation raises the first one. */
PyObject *sslb_callbacks_owner(const SSL *ssl);
void sslb_callbacks_keep_exception(const SSL *ssl);

#endif
