/* callbacks_alpn.h: application protocols.

   The list of a context is kept under the context's guard. */

#ifndef SSLB_CALLBACKS_ALPN_H
#define SSLB_CALLBACKS_ALPN_H

#include "pycompat.h"
#include "context.h"

/* Methods and attributes of SSLContext, for the type's table. */
PyObject *sslb_context_set_alpn_protocols(PyObject *self,
                                          PyObject *protocols);
PyObject *sslb_context_set_npn_protocols(PyObject *self, PyObject *protocols);

/* Gives a new context what the original has of it: context_copy.h has the
   contract. */
int sslb_alpn_copy(sslb_context *copy, sslb_context *original);

#endif
