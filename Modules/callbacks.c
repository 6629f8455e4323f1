/* callbacks.c: the way from OpenSSL back into Python.

   Owns, with its parts callbacks_log.c and callbacks_psk.c, every function
   that OpenSSL calls.  They run without the GIL, with the connection's lock
   held by this thread.  Those that call Python take the GIL first and give
   it back last, with the body in a helper so that no return can skip that.
   The context that the SSL belongs to now is alive while the connection's lock
   or the GIL is held; the one before it may be gone, so that no callback takes
   a context for its argument but one that OpenSSL takes from the SSL_CTX of
   now, and none uses it any more after Python code has run. */

#include "sslb.h"

#include <string.h>

/* -- what callbacks need ---------------------------------------------- */

/* The thread has a state already; PyGILState_Ensure() would make a new one,
   in no interpreter, when Python 2.7 is at its end, and crash. */
void
sslb_callback_begin_nogil(const SSL *ssl)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);

    sslb_gate_leave_nogil();
    if (connection->guard != NULL) {
        sslb_guard_release_nogil(connection->guard);
    }
    sslb_step_lend_nogil(&connection->lock);
    PyEval_RestoreThread(connection->thread);
}

/* Python code may have forked, and the connection have gone over to another
   context; who makes it do so looks at that one's guard. */
void
sslb_callback_end(const SSL *ssl)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);

    sslb_lock_check_fork(&connection->lock);
    sslb_guard_check_fork(&sslb_callbacks_context_nogil(ssl)->guard);
    connection->thread = PyEval_SaveThread();
    sslb_step_reclaim_nogil(&connection->lock);
    if (connection->guard != NULL) {
        connection->guard = &sslb_callbacks_context_nogil(ssl)->guard;
        sslb_guard_share_nogil(connection->guard);
    }
    sslb_gate_enter_nogil();
}

sslb_context *
sslb_callbacks_context_nogil(const SSL *ssl)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

PyObject *
sslb_callbacks_owner(const SSL *ssl)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);
    PyObject *owner = NULL;

    if (sslb_reference_get(connection->owner != NULL ? connection->owner
                                                     : connection->socket,
                           &owner) < 0) {
        PyErr_Clear();
    }
    return owner;
}

void
sslb_callbacks_keep_exception(const SSL *ssl)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);

    if (connection->kept->type == NULL) {
        sslb_exception_keep(connection->kept);
    }
    else {
        PyErr_Clear();  /* OpenSSL went on and called the next one */
    }
}

/* -- the name a client asks for --------------------------------------- */

/* What the callback's result means for the handshake. */
static int
sni_result(PyObject *result, PyObject *callback, int *alert)
{
    long number;

    if (result == Py_None) {
        return SSL_TLSEXT_ERR_OK;
    }
    if (sslb_int_as_long(result, &number) < 0) {
        sslb_report_unraisable("sni_callback", callback);
        *alert = SSL_AD_INTERNAL_ERROR;
    }
    else {
        *alert = (int)number;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int
sni_call(SSL *ssl, int *alert)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    sslb_context *context = sslb_callbacks_context_nogil(ssl);
    PyObject *callback, *owner, *text = NULL, *result = NULL;
    int rc = SSL_TLSEXT_ERR_ALERT_FATAL;

    if (context->sni_callback == NULL) {
        return SSL_TLSEXT_ERR_NOACK;  /* taken away since, or another's */
    }
    *alert = SSL_AD_INTERNAL_ERROR;
    owner = sslb_callbacks_owner(ssl);
    if (owner == NULL) {
        return rc;  /* nobody is there to be asked about (gh-146080) */
    }
    Py_INCREF((PyObject *)context);
    callback = Py_NewRef(context->sni_callback);
    text = name != NULL ? sslb_text_from_string(name) : Py_NewRef(Py_None);
    if (text != NULL) {
        result = PyObject_CallFunctionObjArgs(callback, owner, text,
                                              (PyObject *)context, NULL);
    }
    if (result == NULL) {
        sslb_report_unraisable("sni_callback", callback);
        *alert = SSL_AD_HANDSHAKE_FAILURE;
    }
    else {
        rc = sni_result(result, callback, alert);
        Py_DECREF(result);
    }
    Py_XDECREF(text);
    Py_DECREF(owner);
    Py_DECREF(callback);
    Py_DECREF((PyObject *)context);
    return rc;
}

/* After a HelloRetryRequest OpenSSL calls it again, also where the first call
   has led to a context without one. */
static int
sni_callback(SSL *ssl, int *alert, void *argument)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);
    int rc;

    (void)argument;
    connection->is_named = 1;
    sslb_callback_begin_nogil(ssl);
    rc = sni_call(ssl, alert);
    sslb_callback_end(ssl);
    connection->is_named = 0;
    if (!sslb_verification_allows_locked(connection, alert)) {
        rc = SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return rc;
}

int
sslb_callbacks_check_sni(PyObject *callback)
{
    if (callback != Py_None && !PyCallable_Check(callback)) {
        PyErr_SetString(PyExc_TypeError, "not a callable object");
        return -1;
    }
    return 0;
}

int
sslb_callbacks_set_sni(sslb_context *context, PyObject *callback)
{
    PyObject *old;
    int on = callback != Py_None;

    if (sslb_callbacks_check_sni(callback) < 0) {
        return -1;
    }
    /* Only now: the check may have run Python code, which set another. */
    old = context->sni_callback;
    context->sni_callback = on ? Py_NewRef(callback) : NULL;
    /* Never taken off again: a handshake looks twice, and calls what it found
       the second time. */
    if (on) {
        SSL_CTX_set_tlsext_servername_callback(context->ctx, sni_callback);
    }
    Py_XDECREF(old);
    return 0;
}

int
sslb_sni_copy(sslb_context *copy, sslb_context *original)
{
    return original->sni_callback == NULL
        ? 0 : sslb_callbacks_set_sni(copy, original->sni_callback);
}

/* -- application protocols -------------------------------------------- */

/* The first of ours that the client has too (RFC 7301, 3.2).  The result
   points into the client's list: ours may be replaced afterwards. */
static int
alpn_select(const unsigned char **selected, unsigned char *length,
            const unsigned char *ours, unsigned int ours_length,
            const unsigned char *theirs, unsigned int theirs_length)
{
    unsigned int i, j;

    for (i = 0; i < ours_length; i += 1u + ours[i]) {
        for (j = 0; j < theirs_length && theirs[j] < theirs_length - j;
             j += 1u + theirs[j]) {
            if (ours[i] == theirs[j]
                && memcmp(ours + i + 1, theirs + j + 1, ours[i]) == 0) {
                *selected = theirs + j + 1;
                *length = theirs[j];
                return SSL_TLSEXT_ERR_OK;
            }
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static int
alpn_callback(SSL *ssl, const unsigned char **selected,
              unsigned char *length, const unsigned char *theirs,
              unsigned int theirs_length, void *argument)
{
    const sslb_context *context = argument;

    (void)ssl;
    return alpn_select(selected, length, context->alpn, context->alpn_length,
                       theirs, theirs_length);
}

/* Every name must have a length and end within the list. */
static int
alpn_check(const unsigned char *list, size_t length)
{
    size_t i = 0;

    while (i < length && list[i] > 0 && list[i] < length - i) {
        i += 1u + list[i];
    }
    if (i != length || length > 65535) {
        PyErr_SetString(PyExc_ValueError, "ALPN protocols must be names of "
                        "1 to 255 bytes, each behind its length");
        return -1;
    }
    return 0;
}

/* Takes ownership of the list, which may be empty: 1, or 0 without memory.
   An empty list takes ours away, which OpenSSL 1.1.1 does and then calls a
   failure. */
static int
alpn_use(sslb_context *context, unsigned char *list, unsigned int length)
{
    unsigned char *old = list;
    int ok = SSL_CTX_set_alpn_protos(context->ctx, list, length) == 0
        || length == 0;

    if (ok) {
        old = context->alpn;
        context->alpn = list;
        context->alpn_length = length;
        SSL_CTX_set_alpn_select_cb(context->ctx, alpn_callback, context);
    }
    ERR_clear_error();
    OPENSSL_free(old);
    return ok;
}

/* The same, while no handshake looks. */
static int
alpn_replace(sslb_context *context, unsigned char *list, unsigned int length)
{
    int ok;

    sslb_context_take(context);
    ok = alpn_use(context, list, length);
    sslb_context_release(context);
    return ok;
}

int
sslb_alpn_copy(sslb_context *copy, sslb_context *original)
{
    unsigned char *list;

    if (original->alpn == NULL) {
        return 0;
    }
    list = OPENSSL_memdup(original->alpn, original->alpn_length);
    if (list == NULL || !alpn_use(copy, list, original->alpn_length)) {
        ERR_clear_error();
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

int
sslb_callbacks_set_alpn(sslb_context *context, PyObject *protocols)
{
    unsigned char *copy = NULL;
    Py_buffer view;
    int rc = -1;

    if (sslb_buffer_get(protocols, &view) < 0) {
        return -1;
    }
    if (alpn_check(view.buf, (size_t)view.len) < 0) {
        goto exit;
    }
    if (view.len > 0) {
        copy = OPENSSL_memdup(view.buf, (size_t)view.len);
    }
    if ((view.len > 0 && copy == NULL)
        || !alpn_replace(context, copy, (unsigned int)view.len)) {
        ERR_clear_error();
        PyErr_NoMemory();
        goto exit;
    }
    rc = 0;
exit:
    PyBuffer_Release(&view);
    return rc;
}

/* -- the hello of a client --------------------------------------------- */

/* Before OpenSSL looks for a session.  What comes of the host that the client
   wants is known later only: RFC 6066, 3. */
static int
name_sessions(sslb_connection *connection)
{
    const unsigned char *host = NULL;
    size_t length = 0;

    if (!connection->knows_names
        || !SSL_client_hello_get0_ext(connection->ssl,
                                      TLSEXT_TYPE_server_name, &host,
                                      &length)) {
        return 1;
    }
    return sslb_verification_name_sessions_nogil(connection, host, length);
}

/* OpenSSL forgets a resuming client's list, so it is kept here for
   shared_ciphers() (gh-106344).  Out of memory, or a hello in the format of
   SSL 2.0, which lists them otherwise: there is none to show. */
static int
client_hello_callback(SSL *ssl, int *alert, void *argument)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);
    const unsigned char *ciphers;
    size_t length = SSL_client_hello_get0_ciphers(ssl, &ciphers);

    (void)argument;
    if (!SSL_client_hello_isv2(ssl)) {
        OPENSSL_free(connection->client_ciphers);
        connection->client_ciphers = OPENSSL_memdup(ciphers, length);
        connection->client_ciphers_length =
            connection->client_ciphers != NULL ? length : 0;
    }
    sslb_hints_note_hello_nogil(connection);
    if (!name_sessions(connection)) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

int
sslb_callbacks_attach(sslb_context *context)
{
    if (!SSL_CTX_set_app_data(context->ctx, context)) {
        return 0;
    }
    SSL_CTX_set_client_hello_cb(context->ctx, client_hello_callback, NULL);
    return 1;
}

/* An SSL takes these from its first context, once and for all. */
void
sslb_callbacks_switch_locked(sslb_context *context, SSL *ssl)
{
    sslb_callbacks_switch_msg_locked(context, ssl);
    sslb_callbacks_switch_psk_locked(context, ssl);
}
