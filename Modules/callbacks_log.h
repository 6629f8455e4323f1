/* callbacks_log.h: what a debugger is told: messages and secrets.

   The key log of a context is kept under the context's guard. */

#ifndef SSLB_CALLBACKS_LOG_H
#define SSLB_CALLBACKS_LOG_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

/* For an SSL that goes over to another context: it has taken these from its
   first one, once and for all. */
void sslb_callbacks_switch_msg_locked(sslb_context *context, SSL *ssl);

/* Methods and attributes of SSLContext, for the type's table. */
PyObject *sslb_context_get_msg_callback(PyObject *self, void *closure);
int sslb_context_set_msg_callback(PyObject *self, PyObject *value,
                                  void *closure);
PyObject *sslb_context_get_keylog_filename(PyObject *self, void *closure);
int sslb_context_set_keylog_filename(PyObject *self, PyObject *value,
                                     void *closure);

/* Gives a new context what the original has of it: context_copy.h has the
   contract. */
int sslb_msg_copy(sslb_context *copy, sslb_context *original);
int sslb_keylog_copy(sslb_context *copy, sslb_context *original);

#endif
