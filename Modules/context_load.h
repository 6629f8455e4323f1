/* context_load.h: our own certificate, key and DH parameters.

   The methods read files without the GIL.  A method that fails leaves the
   context unchanged. */

#ifndef SSLB_CONTEXT_LOAD_H
#define SSLB_CONTEXT_LOAD_H

#include "pycompat.h"
#include "context.h"

/* Methods of SSLContext, for the type's table. */
PyObject *sslb_context_load_cert_chain(PyObject *self, PyObject *args,
                                       PyObject *kwargs);
PyObject *sslb_context_load_pkcs12(PyObject *self, PyObject *args,
                                   PyObject *kwargs);
PyObject *sslb_context_load_dh_params(PyObject *self, PyObject *path);

/* Copies these settings from `original` to the new context `copy`;
   context_copy.h has the contract. */
int sslb_identities_copy(sslb_context *copy, sslb_context *original);
int sslb_dh_copy(sslb_context *copy, sslb_context *original);

#endif
