/* writing.h: _SSLSocket.write() and sendfile(), for the type's table.

   The caller holds the GIL and no lock.  While these methods wait, other
   threads may read. */

#ifndef SSLB_WRITING_H
#define SSLB_WRITING_H

#include "pycompat.h"

PyObject *sslb_connection_write(PyObject *self, PyObject *data);
PyObject *sslb_connection_sendfile(PyObject *self, PyObject *args);

#endif
