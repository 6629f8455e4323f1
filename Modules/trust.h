/* trust.h: trust stores: the methods that load them and list their contents.

   The methods read files and fill stores without the GIL.  A thread that fills
   a store holds the context's guard exclusively. */

#ifndef SSLB_TRUST_H
#define SSLB_TRUST_H

#include "pycompat.h"
#include "context.h"

/* Methods of SSLContext, for the type's table. */
PyObject *sslb_context_load_verify_locations(PyObject *self, PyObject *args,
                                             PyObject *kwargs);
PyObject *sslb_context_set_default_verify_paths(PyObject *self,
                                                PyObject *none);
PyObject *sslb_context_cert_store_stats(PyObject *self, PyObject *none);
PyObject *sslb_context_get_ca_certs(PyObject *self, PyObject *args,
                                    PyObject *kwargs);

int sslb_trust_module_init(void);

/* Frees a context's bundle and folders.  Call it after SSL_CTX_free(). */
void sslb_trust_forget(sslb_context *context);

/* Copies the trust store from `original` to the new context `copy`;
   context_copy.h has the contract. */
int sslb_trust_copy(sslb_context *copy, sslb_context *original);

#endif
