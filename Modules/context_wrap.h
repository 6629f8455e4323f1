/* context_wrap.h: SSLContext._wrap_socket() and _wrap_bio(), for the type's
   tables. */

#ifndef SSLB_CONTEXT_WRAP_H
#define SSLB_CONTEXT_WRAP_H

#include "pycompat.h"

PyObject *sslb_context_wrap_socket(PyObject *self, PyObject *args,
                                   PyObject *kwargs);
PyObject *sslb_context_wrap_bio(PyObject *self, PyObject *args,
                                PyObject *kwargs);

#endif
