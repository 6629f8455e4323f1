/* connection_type.h: _SSLSocket: the type, and how one is made. */

#ifndef SSLB_CONNECTION_TYPE_H
#define SSLB_CONNECTION_TYPE_H

#include "pycompat.h"
#include "context.h"

extern PyTypeObject sslb_connection_type;

/* Over a socket, or (socket NULL) over two MemoryBIOs.  The others may be
   NULL or None. */
PyObject *sslb_connection_new(sslb_context *context, PyObject *socket,
                              PyObject *incoming, PyObject *outgoing,
                              int server_side, PyObject *server_hostname,
                              PyObject *owner, PyObject *session);

#endif
