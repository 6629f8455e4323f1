/* callbacks_verify.h: how OpenSSL verifies a peer's chain.

   OpenSSL calls the attached function during a handshake, while the thread
   holds the connection's lock and does not hold the GIL. */

#ifndef SSLB_CALLBACKS_VERIFY_H
#define SSLB_CALLBACKS_VERIFY_H

#include "pycompat.h"
#include "context.h"

/* Registers the function that verifies chains in a new context's SSL_CTX. */
void sslb_callbacks_verify_attach(sslb_context *context);

/* Attributes of SSLContext, for the type's table. */
PyObject *sslb_context_get_verify_callback(PyObject *self, void *closure);
int sslb_context_set_verify_callback(PyObject *self, PyObject *value,
                                     void *closure);

#endif
