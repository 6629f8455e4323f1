/* trust.h: trust stores: what is loaded into them, and what is in them.

   Files are read and stores are filled without the GIL.  Who fills a store has
   the context's guard alone. */

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

/* When a context is gone, after its SSL_CTX. */
void sslb_trust_forget(sslb_context *context);

/* Gives a new context what the original has of it: context_copy.h has the
   contract. */
int sslb_trust_copy(sslb_context *copy, sslb_context *original);

#endif
