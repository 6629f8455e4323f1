/* callbacks_verify.h: how a chain of certificates is verified.

   OpenSSL calls what is attached here during a handshake: with the
   connection's lock, without the GIL. */

#ifndef SSLB_CALLBACKS_VERIFY_H
#define SSLB_CALLBACKS_VERIFY_H

#include "pycompat.h"
#include "context.h"

/* For a new SSL_CTX: chains are verified there from now on. */
void sslb_callbacks_verify_attach(sslb_context *context);

/* Methods and attributes of SSLContext, for the type's table. */
PyObject *sslb_context_get_verify_callback(PyObject *self, void *closure);
int sslb_context_set_verify_callback(PyObject *self, PyObject *value,
                                     void *closure);

#endif
