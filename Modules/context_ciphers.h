/* context_ciphers.h: cipher suites, groups and signature algorithms.

   A setter has the context's guard alone.  What fails has changed nothing. */

#ifndef SSLB_CONTEXT_CIPHERS_H
#define SSLB_CONTEXT_CIPHERS_H

#include "pycompat.h"
#include "context.h"

/* What every context starts with, as since 3.10 (bpo-43998): forward secrecy,
   authenticated or at least SHA-2, and keys of 112 bits and more. */
#define SSLB_DEFAULT_CIPHERS \
    "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:" \
    "!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"

/* Methods of SSLContext, for the type's table. */
PyObject *sslb_context_set_ciphers(PyObject *self, PyObject *args);
PyObject *sslb_context_get_ciphers(PyObject *self, PyObject *none);
PyObject *sslb_context_set_ciphersuites(PyObject *self, PyObject *names);

PyObject *sslb_context_set_ecdh_curve(PyObject *self, PyObject *name);
PyObject *sslb_context_set_groups(PyObject *self, PyObject *names);
PyObject *sslb_context_get_groups(PyObject *self, PyObject *args,
                                  PyObject *kwargs);
PyObject *sslb_context_set_client_sigalgs(PyObject *self, PyObject *names);
PyObject *sslb_context_set_server_sigalgs(PyObject *self, PyObject *names);

/* When a context is gone, after its SSL_CTX. */
void sslb_ciphers_forget(sslb_context *context);

/* Gives a new context what the original has of it: context_copy.h has the
   contract. */
int sslb_ciphers_copy(sslb_context *copy, sslb_context *original);

#endif
