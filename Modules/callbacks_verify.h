/* callbacks_verify.h: how a chain of certificates is verified. */

#ifndef SSLB_CALLBACKS_VERIFY_H
#define SSLB_CALLBACKS_VERIFY_H

#include "pycompat.h"
#include "context.h"

/* For a new SSL_CTX: chains are verified there from now on. */
void sslb_callbacks_verify_attach(sslb_context *context);

PyObject *sslb_context_get_verify_callback(PyObject *self, void *closure);
int sslb_context_set_verify_callback(PyObject *self, PyObject *value,
                                     void *closure);

#endif
