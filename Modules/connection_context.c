/* connection_context.c: _SSLSocket.context: switches a connection to another
   context.

   Owns the changes that a switch requires: of the callbacks, the judges, and
   the checks of the peer. */

#include "connection_context.h"
#include "callbacks_log.h"
#include "callbacks_psk.h"
#include "connection.h"
#include "context.h"
#include "errors.h"
#include "judges.h"
#include "lock.h"
#include "ocsp.h"
#include "opensslcompat.h"
#include "verification.h"

PyObject *
sslb_connection_get_context(PyObject *object, void *closure)
{
    (void)closure;
    return Py_NewRef((PyObject *)((sslb_connection *)object)->context);
}

/* Switches to another context: 1, or 0 with the error queue filled.  `host` is
   the result of sslb_verification_host_to_adopt(); `*unused` becomes the
   judges that the connection no longer uses.  Runs no Python code, which might
   use the connection.

   The SSL keeps the SSL_CTX of its first context and still calls the callbacks
   of that SSL_CTX.  No callback may rely on that context, which may be freed
   (CVE-2026-19445).  During a step OpenSSL has pointers into memory that
   SSL_set_SSL_CTX() frees, except in the SNI callback. */
static int
change_context_locked(sslb_connection *self, sslb_context *context,
                      PyObject *host, sslb_judges *unused)
{
    int adopts = sslb_verification_can_adopt_locked(self);

    ERR_clear_error();
    if (self->kept != NULL && !self->is_named) {
        ERR_raise(ERR_LIB_SSL, ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED);
        return 0;
    }
    if ((adopts && !sslb_verification_adopt_locked(self, context, host))
        || SSL_set_SSL_CTX(self->ssl, context->ctx) == NULL) {
        return 0;
    }
    if (!adopts) {
        /* A renegotiation would still make only the first context's checks. */
        SSL_set_options(self->ssl, SSL_OP_NO_RENEGOTIATION);
    }
    sslb_callbacks_switch_msg_locked(context, self->ssl);
    sslb_callbacks_switch_psk_locked(context, self->ssl);
    sslb_ocsp_switch_locked(context, self->ssl);
    if (adopts || SSL_is_init_finished(self->ssl)) {
        /* A handshake in progress keeps its judges. */
        *unused = self->judges;
        self->judges = sslb_judges_copy(context);
    }
    self->context = context;
    return !adopts || sslb_verification_adopted_locked(self);
}

int
sslb_connection_set_context(PyObject *object, PyObject *value, void *closure)
{
    sslb_connection *self = (sslb_connection *)object;
    sslb_context *context = (sslb_context *)value, *unused = context;
    sslb_judges unused_judges = {NULL, NULL};
    PyObject *host;
    int ok;

    (void)closure;
    if (sslb_refuse_deletion(value, "context") < 0) {
        return -1;
    }
    if (!sslb_context_check(value)) {
        PyErr_SetString(PyExc_TypeError, "The value must be a SSLContext");
        return -1;
    }
    if (context == self->context) {
        return 0;
    }
    if (sslb_verification_host_to_adopt(self, context, &host) < 0) {
        return -1;
    }
    sslb_guard_check_fork(&context->guard);
    Py_INCREF(value);
    sslb_connection_enter(self);
    if (self->context != context) {
        unused = self->context;
    }
    self->moved = 1;
    ok = change_context_locked(self, context, host, &unused_judges);
    if (self->context != context) {
        unused = context;
    }
    sslb_connection_leave(self);
    if (!ok) {
        sslb_queue_raise("context", __LINE__);
    }
    sslb_judges_clear(&unused_judges);
    Py_DECREF((PyObject *)unused);
    Py_XDECREF(host);
    return ok ? 0 : -1;
}
