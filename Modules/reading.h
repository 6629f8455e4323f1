/* reading.h: _SSLSocket.read(), for the type's table.

   The caller holds the GIL and no lock.  While read() waits, other threads may
   write. */

#ifndef SSLB_READING_H
#define SSLB_READING_H

#include "pycompat.h"

PyObject *sslb_connection_read(PyObject *self, PyObject *args);

#endif
