/* callbacks_psk.h: pre-shared keys.

   The lock of sslb_callbacks_switch_psk_locked() is the connection's. */

#ifndef SSLB_CALLBACKS_PSK_H
#define SSLB_CALLBACKS_PSK_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

/* Call when an SSL switches to another context: OpenSSL copies the PSK
   callback only from an SSL's first context. */
void sslb_callbacks_switch_psk_locked(sslb_context *context, SSL *ssl);

/* Methods of SSLContext, for the type's table. */
PyObject *sslb_context_set_psk_client_callback(PyObject *self,
                                               PyObject *args,
                                               PyObject *kwargs);
PyObject *sslb_context_set_psk_server_callback(PyObject *self,
                                               PyObject *args,
                                               PyObject *kwargs);

/* Copies these settings from `original` to the new context `copy`;
   context_copy.h has the contract. */
int sslb_psk_copy(sslb_context *copy, sslb_context *original);

#endif
