/* context_wrap.h: the methods of SSLContext that create a connection, for the
   type's table. */

#ifndef SSLB_CONTEXT_WRAP_H
#define SSLB_CONTEXT_WRAP_H

#include "pycompat.h"

PyObject *sslb_context_wrap_socket(PyObject *self, PyObject *args,
                                   PyObject *kwargs);
PyObject *sslb_context_wrap_bio(PyObject *self, PyObject *args,
                                PyObject *kwargs);

#endif
