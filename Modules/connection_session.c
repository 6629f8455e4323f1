/* connection_session.c: _SSLSocket.session: the session that a connection
   offers to resume, and the one that a later connection can resume. */

#include "connection_session.h"
#include "connection.h"
#include "digest.h"
#include "errors.h"
#include "opensslcompat.h"
#include "parameters.h"
#include "session.h"
#include "verification.h"

/* Returns a copy: a connection that later ends without a close_notify makes
   its own session unusable. */
PyObject *
sslb_connection_get_session(PyObject *object, void *closure)
{
    sslb_connection *self = (sslb_connection *)object;
    SSL_SESSION *current, *copy = NULL;
    sslb_checks checks;
    sslb_digest parameters = {{0}};
    const char *stays;

    (void)closure;
    sslb_connection_enter(self);
    checks = sslb_verification_of_session_locked(self);
    stays = sslb_verification_parameters_locked(self, &parameters);
    current = SSL_get_session(self->ssl);
    if (current != NULL) {
        copy = SSL_SESSION_dup(current);
    }
    sslb_connection_leave(self);
    if (current == NULL) {
        Py_RETURN_NONE;
    }
    if (copy == NULL) {
        ERR_clear_error();
        return PyErr_NoMemory();
    }
    return sslb_session_new(copy, self->context, checks, parameters, stays);
}

/* Offers the session to the server; NULL: none.  A server cannot resume a
   session that the client does not offer.  Fails during a step, also while one
   of its callbacks runs: OpenSSL then has pointers into the current
   session. */
static int
offer_session(sslb_connection *self, SSL_SESSION *session)
{
    SSL_SESSION *copy = NULL;
    int ok = 1;

    ERR_clear_error();
    if (session != NULL) {
        /* a copy: a connection that fails makes its own session unusable */
        copy = SSL_SESSION_dup(session);
        ok = copy != NULL;
    }
    sslb_connection_enter(self);
    if (self->kept != NULL) {
        ERR_raise(ERR_LIB_SSL, ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED);
        ok = 0;
    }
    ok = ok && SSL_set_session(self->ssl, copy);
    sslb_connection_leave(self);
    SSL_SESSION_free(copy);
    if (!ok) {
        sslb_queue_raise("session", __LINE__);
        return -1;
    }
    return 0;
}

int
sslb_connection_set_session(PyObject *object, PyObject *value, void *closure)
{
    sslb_connection *self = (sslb_connection *)object;
    sslb_session *session = (sslb_session *)value;
    const char *complaint = NULL;
    int accepts;

    (void)closure;
    if (sslb_refuse_deletion(value, "session") < 0) {
        return -1;
    }
    if (Py_TYPE(value) != &sslb_session_type) {
        PyErr_SetString(PyExc_TypeError, "Value is not a SSLSession.");
        return -1;
    }
    if (session->context != self->context) {
        complaint = "Session refers to a different SSLContext.";
    }
    else if (self->server_side) {
        complaint = "Cannot set session for server-side SSLSocket.";
    }
    else if (sslb_connection_handshake_is_done(self)) {
        complaint = "Cannot set session after handshake.";
    }
    if (complaint != NULL) {
        PyErr_SetString(PyExc_ValueError, complaint);
        return -1;
    }
    self->has_session = 1;
    accepts = sslb_verification_accepts(self, session->session,
                                        &session->checks);
    return accepts < 0 ? -1
        : offer_session(self, accepts ? session->session : NULL);
}

PyObject *
sslb_connection_get_session_reused(PyObject *object, void *closure)
{
    sslb_connection *self = (sslb_connection *)object;
    int reused;

    (void)closure;
    sslb_connection_enter(self);
    reused = SSL_session_reused(self->ssl);
    sslb_connection_leave(self);
    return PyBool_FromLong(reused);
}
