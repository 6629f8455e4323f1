/* ocsp.h: OCSP stapling.

   The context's guard protects its staple.  The lock of
   sslb_ocsp_switch_locked() is the connection's. */

#ifndef SSLB_OCSP_H
#define SSLB_OCSP_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

/* Register the callback in a new context's SSL_CTX; update an SSL that
   switches to another context; free a context's staple. */
void sslb_ocsp_attach(sslb_context *context);
void sslb_ocsp_switch_locked(const sslb_context *context, SSL *ssl);
void sslb_ocsp_forget(sslb_context *context);

/* Methods and attributes of SSLContext and _SSLSocket, for their tables. */
PyObject *sslb_context_get_ocsp_staple(PyObject *self, void *closure);
int sslb_context_set_ocsp_staple(PyObject *self, PyObject *value,
                                 void *closure);
PyObject *sslb_context_get_request_ocsp(PyObject *self, void *closure);
int sslb_context_set_request_ocsp(PyObject *self, PyObject *value,
                                  void *closure);
PyObject *sslb_context_get_ocsp_callback(PyObject *self, void *closure);
int sslb_context_set_ocsp_callback(PyObject *self, PyObject *value,
                                   void *closure);
PyObject *sslb_connection_ocsp_response(PyObject *self, PyObject *none);

/* Copies these settings from `original` to the new context `copy`;
   context_copy.h has the contract. */
int sslb_ocsp_copy(sslb_context *copy, sslb_context *original);

#endif
