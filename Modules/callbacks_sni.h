/* callbacks_sni.h: the host name in a ClientHello. */

#ifndef SSLB_CALLBACKS_SNI_H
#define SSLB_CALLBACKS_SNI_H

#include "pycompat.h"
#include "context.h"

/* Methods and attributes of SSLContext, for the type's table. */
PyObject *sslb_context_get_sni_callback(PyObject *self, void *closure);
int sslb_context_set_sni_callback(PyObject *self, PyObject *value,
                                  void *closure);
PyObject *sslb_context_set_servername_callback(PyObject *self, PyObject *args,
                                               PyObject *kwargs);

/* Copies the callback from `original` to the new context `copy`;
   context_copy.h has the contract. */
int sslb_sni_copy(sslb_context *copy, sslb_context *original);

#endif
