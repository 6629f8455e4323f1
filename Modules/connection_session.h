/* connection_session.h: _SSLSocket.session.

   Each function takes the connection's lock itself while it uses the SSL. */

#ifndef SSLB_CONNECTION_SESSION_H
#define SSLB_CONNECTION_SESSION_H

#include "pycompat.h"

/* Attributes of _SSLSocket, for the type's table. */

PyObject *sslb_connection_get_session(PyObject *self, void *closure);
int sslb_connection_set_session(PyObject *self, PyObject *value,
                                void *closure);
PyObject *sslb_connection_get_session_reused(PyObject *self, void *closure);

#endif
