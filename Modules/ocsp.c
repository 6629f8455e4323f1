/* ocsp.c: OCSP stapling (RFC 6066, 8): a server sends with its certificate a
   response which shows that the certificate is not revoked.

   Owns the response that a context's servers staple, and the request, the
   response and the callback of clients.  A server program provides the
   response, and a client program verifies it; no function here does either. */

#include "ocsp.h"
#include "callbacks.h"
#include "connection.h"
#include "errors.h"
#include "judges.h"
#include "pycompat_values.h"

#ifdef SSLB_HAVE_OCSP

/* The maximum size of a response in TLS, in bytes. */
#define LONGEST_STAPLE 0xffffff

/* -- servers ---------------------------------------------------------- */

/* Gives OpenSSL a copy of the staple, which OpenSSL frees.  The step shares
   the context's guard, so that no other thread replaces the staple
   meanwhile. */
static int
staple_nogil(SSL *ssl)
{
    const sslb_context *context = sslb_context_of_nogil(ssl);
    unsigned char *copy;

    if (context->ocsp_staple == NULL) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    copy = OPENSSL_memdup(context->ocsp_staple, context->ocsp_staple_length);
    if (copy == NULL
        || !SSL_set_tlsext_status_ocsp_resp(
            ssl, copy, (long)context->ocsp_staple_length)) {
        OPENSSL_free(copy);
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_OK;
}

/* Takes ownership of the data, which may be NULL. */
static void
replace_staple(sslb_context *context, unsigned char *data, size_t length)
{
    unsigned char *old;

    sslb_context_take(context);
    old = context->ocsp_staple;
    context->ocsp_staple = data;
    context->ocsp_staple_length = length;
    sslb_context_release(context);
    OPENSSL_free(old);
}

/* The data must be exactly one response: 0, or -1 with SSLError, or with
   ValueError if the data is too long. */
static int
check_staple(const unsigned char *data, Py_ssize_t length)
{
    const unsigned char *next = data;
    OCSP_RESPONSE *response;

    if (length > LONGEST_STAPLE) {
        PyErr_Format(PyExc_ValueError, "ocsp_staple is longer than %d bytes",
                     LONGEST_STAPLE);
        return -1;
    }
    ERR_clear_error();
    response = d2i_OCSP_RESPONSE(NULL, &next, (long)length);
    if (response == NULL) {
        sslb_queue_raise("ocsp_staple is not an OCSP response (DER)",
                         __LINE__);
        return -1;
    }
    OCSP_RESPONSE_free(response);
    if (next != data + length) {
        sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL, "ocsp_staple has "
                         "bytes after its OCSP response (DER)",
                         __LINE__);
        return -1;
    }
    return 0;
}

/* Copies the argument's bytes; `*copy` is NULL for None.  0, or -1 with an
   exception. */
static int
copy_staple(PyObject *value, unsigned char **copy, size_t *length)
{
    Py_buffer view;
    int rc = -1;

    *copy = NULL;
    *length = 0;
    if (value == Py_None) {
        return 0;
    }
    if (sslb_buffer_get(value, &view) < 0) {
        return -1;
    }
    if (check_staple(view.buf, view.len) == 0) {
        *length = (size_t)view.len;
        *copy = OPENSSL_memdup(view.buf, *length);
        rc = *copy != NULL ? 0 : -1;
        if (rc < 0) {
            ERR_clear_error();
            PyErr_NoMemory();
        }
    }
    PyBuffer_Release(&view);
    return rc;
}

int
sslb_context_set_ocsp_staple(PyObject *self, PyObject *value, void *closure)
{
    unsigned char *copy;
    size_t length;

    (void)closure;
    if (sslb_refuse_deletion(value, "ocsp_staple") < 0) {
        return -1;
    }
    if (sslb_context_lacks_side((sslb_context *)self, 1)) {
        PyErr_SetString(PyExc_ValueError, "ocsp_staple cannot be set on "
                        "TLS_CLIENT context");
        return -1;
    }
    if (copy_staple(value, &copy, &length) < 0) {
        return -1;
    }
    replace_staple((sslb_context *)self, copy, length);
    return 0;
}

/* -- clients ---------------------------------------------------------- */

/* Returns the server's response or NULL.  The SSL owns the response, and keeps
   it while the handshake runs. */
static const unsigned char *
response_locked(SSL *ssl, size_t *length)
{
    const unsigned char *data = NULL;
    long size = SSL_get_tlsext_status_ocsp_resp(ssl, &data);

    if (data == NULL || size <= 0) {
        return NULL;
    }
    *length = (size_t)size;
    return data;
}

/* Calls Python: 1 for True, 0 for False, or -1 with the exception stored for
   the operation. */
static int
ask(const SSL *ssl, const unsigned char *data, size_t length)
{
    static const char name[] = "ocsp_callback";
    PyObject *callback = sslb_connection_of_nogil(ssl)->judges.ocsp;
    PyObject *owner = sslb_judge_owner(ssl);
    PyObject *result = NULL;

    if (owner != NULL) {
        Py_INCREF(callback);
        result = PyObject_CallFunction(
            callback, "ON", owner, data == NULL ? Py_NewRef(Py_None)
            : PyBytes_FromStringAndSize((const char *)data,
                                        (Py_ssize_t)length));
        Py_DECREF(callback);
        Py_DECREF(owner);
    }
    return sslb_judge_verdict(ssl, result, name);
}

/* Asks ocsp_callback about the response: 1, 0 or -1.  Returns 1 if the
   handshake has no server certificate (a pre-shared key) or resumed a session:
   the server then sends no response, but in TLS 1.3 OpenSSL still calls this
   function. */
static int
judge_nogil(SSL *ssl)
{
    const unsigned char *data;
    size_t length = 0;
    int verdict;

    if (sslb_connection_of_nogil(ssl)->judges.ocsp == NULL
        || SSL_session_reused(ssl) || SSL_get_peer_cert_chain(ssl) == NULL) {
        return 1;
    }
    data = response_locked(ssl, &length);
    sslb_callback_begin_nogil(ssl);
    verdict = ask(ssl, data, length);
    sslb_callback_end(ssl);
    return verdict;
}

/* OpenSSL calls this on a server when the client requests a response, and on a
   client that requested one: SSL_CTX_set_tlsext_status_cb(3). */
static int
status_callback(SSL *ssl, void *argument)
{
    (void)argument;
    return SSL_is_server(ssl) ? staple_nogil(ssl) : judge_nogil(ssl);
}

static int
requests(const sslb_context *context)
{
    return SSL_CTX_get_tlsext_status_type(context->ctx)
        == TLSEXT_STATUSTYPE_ocsp;
}

static void
set_request(sslb_context *context, int wanted)
{
    SSL_CTX_set_tlsext_status_type(context->ctx, wanted
                                   ? TLSEXT_STATUSTYPE_ocsp
                                   : SSLB_STATUSTYPE_NOTHING);
}

PyObject *
sslb_context_get_request_ocsp(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(requests((sslb_context *)self));
}

int
sslb_context_set_request_ocsp(PyObject *self, PyObject *value, void *closure)
{
    sslb_context *context = (sslb_context *)self;
    int wanted;

    (void)closure;
    if (sslb_refuse_deletion(value, "request_ocsp") < 0
        || (wanted = PyObject_IsTrue(value)) < 0) {
        return -1;
    }
    if (!wanted && context->judges.ocsp != NULL) {
        PyErr_SetString(PyExc_ValueError, "Cannot set request_ocsp to False "
                        "when there is an ocsp_callback.");
        return -1;
    }
    set_request(context, wanted);
    return 0;
}

int
sslb_context_set_ocsp_callback(PyObject *self, PyObject *value, void *closure)
{
    sslb_context *context = (sslb_context *)self;

    (void)closure;
    if (sslb_judge_set(context, &context->judges.ocsp, value,
                       "ocsp_callback") < 0) {
        return -1;
    }
    if (value != Py_None) {
        set_request(context, 1);
    }
    return 0;
}

PyObject *
sslb_connection_ocsp_response(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    const unsigned char *data = NULL;
    unsigned char *copy = NULL;
    PyObject *result;
    size_t length = 0;

    (void)none;
    sslb_connection_enter(self);
    if (!self->server_side && SSL_is_init_finished(self->ssl)) {
        data = response_locked(self->ssl, &length);
    }
    if (data != NULL) {
        copy = OPENSSL_memdup(data, length);
    }
    sslb_connection_leave(self);
    if (data == NULL) {
        Py_RETURN_NONE;
    }
    if (copy == NULL) {
        ERR_clear_error();
        return PyErr_NoMemory();
    }
    result = PyBytes_FromStringAndSize((const char *)copy,
                                       (Py_ssize_t)length);
    OPENSSL_free(copy);
    return result;
}

int
sslb_ocsp_copy(sslb_context *copy, sslb_context *original)
{
    set_request(copy, requests(original));
    if (original->ocsp_staple == NULL) {
        return 0;
    }
    copy->ocsp_staple = OPENSSL_memdup(original->ocsp_staple,
                                       original->ocsp_staple_length);
    if (copy->ocsp_staple == NULL) {
        ERR_clear_error();
        PyErr_NoMemory();
        return -1;
    }
    copy->ocsp_staple_length = original->ocsp_staple_length;
    return 0;
}

void
sslb_ocsp_attach(sslb_context *context)
{
    SSL_CTX_set_tlsext_status_cb(context->ctx, status_callback);
}

/* A client requests a response if either context does.  On a server the status
   type of the SSL records the client's request, so it must not change. */
void
sslb_ocsp_switch_locked(const sslb_context *context, SSL *ssl)
{
    if (!SSL_is_server(ssl) && requests(context)) {
        SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
    }
}

#else
/* -- OpenSSL without OCSP ---------------------------------------------- */

static int
refuse(PyObject *value, const char *name)
{
    if (sslb_refuse_deletion(value, name) == 0) {
        PyErr_Format(PyExc_NotImplementedError,
                     "%s needs an OpenSSL that was built with OCSP", name);
    }
    return -1;
}

int
sslb_context_set_ocsp_staple(PyObject *self, PyObject *value, void *closure)
{
    (void)self;
    (void)closure;
    return refuse(value, "ocsp_staple");
}

PyObject *
sslb_context_get_request_ocsp(PyObject *self, void *closure)
{
    (void)self;
    (void)closure;
    Py_RETURN_FALSE;
}

int
sslb_context_set_request_ocsp(PyObject *self, PyObject *value, void *closure)
{
    (void)self;
    (void)closure;
    return refuse(value, "request_ocsp");
}

int
sslb_context_set_ocsp_callback(PyObject *self, PyObject *value, void *closure)
{
    (void)self;
    (void)closure;
    return refuse(value, "ocsp_callback");
}

PyObject *
sslb_connection_ocsp_response(PyObject *self, PyObject *none)
{
    (void)self;
    (void)none;
    Py_RETURN_NONE;
}

int
sslb_ocsp_copy(sslb_context *copy, sslb_context *original)
{
    (void)copy;
    (void)original;
    return 0;
}

void
sslb_ocsp_attach(sslb_context *context)
{
    (void)context;
}

void
sslb_ocsp_switch_locked(const sslb_context *context, SSL *ssl)
{
    (void)context;
    (void)ssl;
}

#endif

/* -- for all versions of OpenSSL -------------------------------------- */

PyObject *
sslb_context_get_ocsp_staple(PyObject *self, void *closure)
{
    const sslb_context *context = (sslb_context *)self;

    (void)closure;
    if (context->ocsp_staple == NULL) {
        Py_RETURN_NONE;
    }
    return PyBytes_FromStringAndSize((const char *)context->ocsp_staple,
                                     (Py_ssize_t)context->ocsp_staple_length);
}

PyObject *
sslb_context_get_ocsp_callback(PyObject *self, void *closure)
{
    PyObject *callback = ((sslb_context *)self)->judges.ocsp;

    (void)closure;
    return Py_NewRef(callback != NULL ? callback : Py_None);
}

void
sslb_ocsp_forget(sslb_context *context)
{
    OPENSSL_free(context->ocsp_staple);
}
