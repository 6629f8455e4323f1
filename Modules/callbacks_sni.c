/* callbacks_sni.c: the host name in a ClientHello (RFC 6066, 3).

   Owns SSLContext.sni_callback, which may switch the connection to another
   context. */

#include "callbacks_sni.h"
#include "callbacks.h"
#include "connection.h"
#include "errors.h"
#include "opensslcompat.h"
#include "pycompat_values.h"
#include "verification.h"

/* Converts the callback's result: None continues the handshake, and an integer
   is the alert that ends it. */
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
    sslb_context *context = sslb_context_of_nogil(ssl);
    PyObject *callback, *owner, *text = NULL, *result = NULL;
    int rc = SSL_TLSEXT_ERR_ALERT_FATAL;

    if (context->sni_callback == NULL) {
        return SSL_TLSEXT_ERR_NOACK;  /* removed, or this context has none */
    }
    *alert = SSL_AD_INTERNAL_ERROR;
    owner = sslb_callbacks_owner(ssl);
    if (owner == NULL) {
        return rc;  /* the SSLSocket no longer exists (gh-146080) */
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

/* OpenSSL calls this again after a HelloRetryRequest, even if the first call
   switched to a context without a callback. */
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

/* 0, or -1 with a TypeError.  On 2.7, may run Python code that sets another
   callback. */
static int
check_callable(PyObject *callback)
{
    if (callback != Py_None && !PyCallable_Check(callback)) {
        PyErr_SetString(PyExc_TypeError, "not a callable object");
        return -1;
    }
    return 0;
}

/* `callback` may be NULL: none.  OpenSSL's pointer is never removed: OpenSSL
   reads it twice during a handshake, and calls the function that the second
   read returned. */
static void
use_callback(sslb_context *context, PyObject *callback)
{
    PyObject *old = context->sni_callback;

    context->sni_callback = Py_XNewRef(callback);
    if (callback != NULL) {
        SSL_CTX_set_tlsext_servername_callback(context->ctx, sni_callback);
    }
    Py_XDECREF(old);
}

int
sslb_sni_copy(sslb_context *copy, sslb_context *original)
{
    use_callback(copy, original->sni_callback);
    return 0;
}

PyObject *
sslb_context_get_sni_callback(PyObject *self, void *closure)
{
    PyObject *callback = ((sslb_context *)self)->sni_callback;

    (void)closure;
    return Py_NewRef(callback != NULL ? callback : Py_None);
}

int
sslb_context_set_sni_callback(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    if (sslb_refuse_deletion(value, "sni_callback") < 0) {
        return -1;
    }
    if (sslb_context_lacks_side((sslb_context *)self, 1)) {
        PyErr_SetString(PyExc_ValueError, "sni_callback cannot be set on "
                        "TLS_CLIENT context");
        return -1;
    }
    if (check_callable(value) < 0) {
        return -1;
    }
    use_callback((sslb_context *)self, value != Py_None ? value : NULL);
    return 0;
}

PyObject *
sslb_context_set_servername_callback(PyObject *self, PyObject *args,
                                     PyObject *kwargs)
{
    static char *keywords[] = {"server_name_callback", NULL};
    PyObject *callback;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs,
                                     "O:set_servername_callback", keywords,
                                     &callback)
        || check_callable(callback) < 0
        || sslb_context_set_sni_callback(self, callback, NULL) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}
