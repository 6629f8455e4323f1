/* callbacks_alpn.h: application protocols (ALPN).

   The context's guard protects its list. */

#ifndef SSLB_CALLBACKS_ALPN_H
#define SSLB_CALLBACKS_ALPN_H

#include "pycompat.h"
#include "context.h"

/* Methods and attributes of SSLContext, for the type's table. */
PyObject *sslb_context_set_alpn_protocols(PyObject *self,
                                          PyObject *protocols);
PyObject *sslb_context_set_npn_protocols(PyObject *self, PyObject *protocols);

/* Copies the list to a new context: context_copy.h has the contract. */
int sslb_alpn_copy(sslb_context *copy, sslb_context *original);

#endif
