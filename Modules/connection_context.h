/* connection_context.h: _SSLSocket.context.

   The setter takes the connection's lock itself, and runs no Python code while
   it holds the lock. */

#ifndef SSLB_CONNECTION_CONTEXT_H
#define SSLB_CONNECTION_CONTEXT_H

#include "pycompat.h"

/* An attribute of _SSLSocket, for the type's table. */

PyObject *sslb_connection_get_context(PyObject *self, void *closure);
int sslb_connection_set_context(PyObject *self, PyObject *value,
                                void *closure);

#endif
