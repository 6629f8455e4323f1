/* callbacks_psk.h: pre-shared keys. */

#ifndef SSLB_CALLBACKS_PSK_H
#define SSLB_CALLBACKS_PSK_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

/* For an SSL that goes over to another context: it has taken this from its
   first one, once and for all. */
void sslb_callbacks_switch_psk_locked(sslb_context *context, SSL *ssl);

/* Methods and attributes of SSLContext, for the type's table. */
PyObject *sslb_context_set_psk_client_callback(PyObject *self,
                                               PyObject *args,
                                               PyObject *kwargs);
PyObject *sslb_context_set_psk_server_callback(PyObject *self,
                                               PyObject *args,
                                               PyObject *kwargs);

/* Gives a new context what the original has of it: context_copy.h has the
   contract. */
int sslb_psk_copy(sslb_context *copy, sslb_context *original);

#endif
