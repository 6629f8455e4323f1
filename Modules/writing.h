/* writing.h: _SSLSocket.write() and sendfile(), for the type's tables. */

#ifndef SSLB_WRITING_H
#define SSLB_WRITING_H

#include "pycompat.h"

PyObject *sslb_connection_write(PyObject *self, PyObject *data);
PyObject *sslb_connection_sendfile(PyObject *self, PyObject *args);

#endif
