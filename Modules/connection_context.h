/* connection_context.h: _SSLSocket.context. */

#ifndef SSLB_CONNECTION_CONTEXT_H
#define SSLB_CONNECTION_CONTEXT_H

#include "pycompat.h"

/* Methods and attributes, for the type's tables. */

PyObject *sslb_connection_get_context(PyObject *self, void *closure);
int sslb_connection_set_context(PyObject *self, PyObject *value,
                                void *closure);

#endif
