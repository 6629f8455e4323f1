/* session.h: the Python type SSLSession.

   A session never changes after its creation, so it needs no lock. */

#ifndef SSLB_SESSION_H
#define SSLB_SESSION_H

#include "pycompat.h"
#include "context.h"
#include "digest.h"
#include "opensslcompat.h"
#include "parameters.h"

/* The object owns the SSL_SESSION and keeps the context alive. */
typedef struct {
    PyObject_HEAD
    SSL_SESSION *session;
    sslb_context *context;      /* the context that may resume it */
    sslb_checks checks;         /* checks that the peer has passed */
    sslb_digest parameters;     /* of contexts that may use its bytes */
    const char *stays;          /* why it has no bytes (a clause), or NULL */
} sslb_session;

extern PyTypeObject sslb_session_type;

/* Takes ownership of `session`, also on failure. */
PyObject *sslb_session_new(SSL_SESSION *session, sslb_context *context,
                           sslb_checks checks, sslb_digest parameters,
                           const char *stays);

/* SSLContext.session_from_bytes(), for the type's table. */
PyObject *sslb_session_from_bytes(PyObject *self, PyObject *data);

#endif
