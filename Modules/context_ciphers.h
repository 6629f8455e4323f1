/* context_ciphers.h: cipher suites, groups and signature algorithms of
   contexts.

   A setter takes the context's guard alone.  A setter that fails has changed
   nothing. */

#ifndef SSLB_CONTEXT_CIPHERS_H
#define SSLB_CONTEXT_CIPHERS_H

#include "pycompat.h"
#include "context.h"

/* The initial cipher list of a context, as in 3.10 (bpo-43998): forward
   secrecy, AEAD or at least SHA-2, and a strength of 112 bits or more. */
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

/* Frees the lists of a context, after its SSL_CTX. */
void sslb_ciphers_forget(sslb_context *context);

/* Copies the lists to a new context: context_copy.h has the contract. */
int sslb_ciphers_copy(sslb_context *copy, sslb_context *original);

#endif
