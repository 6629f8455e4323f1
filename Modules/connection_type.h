/* connection_type.h: _SSLSocket: the type and its constructor. */

#ifndef SSLB_CONNECTION_TYPE_H
#define SSLB_CONNECTION_TYPE_H

#include "pycompat.h"
#include "context.h"

extern PyTypeObject sslb_connection_type;

/* Creates a connection over a socket or, if `socket` is NULL, over two
   MemoryBIOs.  `server_hostname`, `owner` and `session` may be NULL or None.
   Returns a new reference, or NULL with an exception. */
PyObject *sslb_connection_new(sslb_context *context, PyObject *socket,
                              PyObject *incoming, PyObject *outgoing,
                              int server_side, PyObject *server_hostname,
                              PyObject *owner, PyObject *session);

#endif
