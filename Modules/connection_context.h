/* connection_context.h: _SSLSocket.context.

   The setter takes the connection's lock by itself.  It runs no Python code
   while it holds that. */

#ifndef SSLB_CONNECTION_CONTEXT_H
#define SSLB_CONNECTION_CONTEXT_H

#include "pycompat.h"

/* Methods and attributes of _SSLSocket, for the type's table. */

PyObject *sslb_connection_get_context(PyObject *self, void *closure);
int sslb_connection_set_context(PyObject *self, PyObject *value,
                                void *closure);

#endif
