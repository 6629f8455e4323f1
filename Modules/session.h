/* session.h: SSLSession.

   A session never changes once it is made, so that it needs no lock. */

#ifndef SSLB_SESSION_H
#define SSLB_SESSION_H

#include "pycompat.h"
#include "context.h"
#include "digest.h"
#include "opensslcompat.h"
#include "parameters.h"

/* Keeps the context alive, and owns the SSL_SESSION. */
typedef struct {
    PyObject_HEAD
    SSL_SESSION *session;
    sslb_context *context;      /* where it may be used again */
    sslb_checks checks;         /* that the peer has passed */
    sslb_digest parameters;     /* of contexts that may have its bytes */
    const char *stays;          /* why none may, or NULL */
} sslb_session;

extern PyTypeObject sslb_session_type;

/* Takes ownership of `session`, also when it fails. */
PyObject *sslb_session_new(SSL_SESSION *session, sslb_context *context,
                           sslb_checks checks, sslb_digest parameters,
                           const char *stays);

/* SSLContext.session_from_bytes() */
PyObject *sslb_session_from_bytes(PyObject *self, PyObject *data);

#endif
