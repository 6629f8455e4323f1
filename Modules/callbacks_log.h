/* callbacks_log.h: SSLContext._msg_callback and the key log.

   The context's guard protects the key log's file descriptor.  The lock of
   sslb_callbacks_switch_msg_locked() is the connection's. */

#ifndef SSLB_CALLBACKS_LOG_H
#define SSLB_CALLBACKS_LOG_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

/* Call when an SSL switches to another context: OpenSSL copies the message
   callback only from an SSL's first context. */
void sslb_callbacks_switch_msg_locked(sslb_context *context, SSL *ssl);

/* Attributes of SSLContext, for the type's table. */
PyObject *sslb_context_get_msg_callback(PyObject *self, void *closure);
int sslb_context_set_msg_callback(PyObject *self, PyObject *value,
                                  void *closure);
PyObject *sslb_context_get_keylog_filename(PyObject *self, void *closure);
int sslb_context_set_keylog_filename(PyObject *self, PyObject *value,
                                     void *closure);

/* Copies these settings from `original` to the new context `copy`;
   context_copy.h has the contract. */
int sslb_msg_copy(sslb_context *copy, sslb_context *original);
int sslb_keylog_copy(sslb_context *copy, sslb_context *original);

#endif
