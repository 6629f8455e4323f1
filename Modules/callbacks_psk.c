/* callbacks_psk.c: pre-shared keys.

   Owns the two callbacks that ask Python for a key.  OpenSSL uses them for TLS
   1.2 and TLS 1.3: SSL_CTX_set_psk_client_callback(3).  An empty key ends the
   handshake.  If the Python callback raises, the handshake ends, and the
   operation raises that exception. */

#include "callbacks_psk.h"
#include "callbacks.h"
#include "errors.h"
#include "parameters.h"
#include "pycompat_values.h"

#include <string.h>

/* Copies a key, which Python code returned, into OpenSSL's buffer.  Returns
   the key's length in bytes (0: no key), or -1 with an exception. */
static Py_ssize_t
copy_key(PyObject *key, unsigned char *target, unsigned int room)
{
    Py_ssize_t length = -1;
    Py_buffer view;

    if (sslb_buffer_get(key, &view) < 0) {
        return -1;
    }
    if ((size_t)view.len > room) {
        PyErr_Format(PyExc_ValueError,
                     "the pre-shared key is longer than %u bytes", room);
    }
    else {
        memcpy(target, view.buf, (size_t)view.len);
        length = view.len;
    }
    PyBuffer_Release(&view);
    return length;
}

/* Copies the identity with a NUL at its end: 0, or -1 with an exception.
   OpenSSL reads bytes up to their first NUL. */
static int
copy_identity(PyObject *identity, char *target, unsigned int room)
{
    PyObject *bytes;
    int rc = -1;

    target[0] = '\0';
    if (identity == Py_None) {
        return 0;
    }
    bytes = PyBytes_Check(identity)
        ? Py_NewRef(identity) : sslb_text_encode_string(identity, "utf-8");
    if (bytes == NULL) {
        return -1;
    }
    if ((size_t)PyBytes_GET_SIZE(bytes) > room) {
        PyErr_Format(PyExc_ValueError,
                     "the identity is longer than %u bytes", room);
    }
    else {
        memcpy(target, PyBytes_AS_STRING(bytes),
               (size_t)PyBytes_GET_SIZE(bytes) + 1);
        rc = 0;
    }
    Py_DECREF(bytes);
    return rc;
}

/* 0, or -1 with an exception: SSLError if the context is for the other side
   only, TypeError if the callback is not callable. */
static int
check_callback(sslb_context *context, PyObject *callback, int for_server)
{
    if (sslb_context_lacks_side(context, for_server)) {
        sslb_error_raise(sslb_errors.error, 0, for_server
                         ? "Cannot add PSK server callback to a "
                           "PROTOCOL_TLS_CLIENT context"
                         : "Cannot add PSK client callback to a "
                           "PROTOCOL_TLS_SERVER context", __LINE__);
        return -1;
    }
    if (callback != Py_None && !PyCallable_Check(callback)) {
        PyErr_SetString(PyExc_TypeError, "callback must be callable");
        return -1;
    }
    return 0;
}

static PyObject *
text_or_none(const char *text)
{
    return text != NULL && *text != '\0' ? sslb_text_from_string(text)
                                         : Py_NewRef(Py_None);
}

/* -- the callbacks ---------------------------------------------------- */

/* Where the answer to OpenSSL goes. */
typedef struct {
    char *identity;             /* a client's; NULL for a server */
    unsigned int identity_room; /* without the NUL */
    unsigned char *key;
    unsigned int key_room;
} psk_answer;

/* Copies a client's answer, (identity, key).  Returns as copy_key(). */
static Py_ssize_t
copy_pair(PyObject *result, psk_answer *answer)
{
    if (!PyTuple_Check(result) || PyTuple_GET_SIZE(result) != 2) {
        PyErr_SetString(PyExc_TypeError, "the PSK client callback must "
                        "return a tuple (identity, key)");
        return -1;
    }
    if (copy_identity(PyTuple_GET_ITEM(result, 0), answer->identity,
                      answer->identity_room) < 0) {
        return -1;
    }
    return copy_key(PyTuple_GET_ITEM(result, 1), answer->key,
                    answer->key_room);
}

/* Calls Python and copies its answer.  Returns as copy_key(). */
static Py_ssize_t
ask(PyObject *callback, const char *text, psk_answer *answer)
{
    PyObject *result = PyObject_CallFunction(callback, "N",
                                             text_or_none(text));
    Py_ssize_t length;

    if (result == NULL) {
        return -1;
    }
    length = answer->identity != NULL
        ? copy_pair(result, answer)
        : copy_key(result, answer->key, answer->key_room);
    Py_DECREF(result);
    return length;
}

/* Returns the key's length in bytes; 0 ends the handshake. */
static unsigned int
answer_nogil(SSL *ssl, const char *text, psk_answer *answer)
{
    sslb_context *context;
    PyObject *callback;
    Py_ssize_t length = 0;

    sslb_callback_begin_nogil(ssl);
    context = sslb_context_of_nogil(ssl);
    callback = answer->identity != NULL ? context->psk_client_callback
                                        : context->psk_server_callback;
    if (callback != NULL) {
        Py_INCREF(callback);
        length = ask(callback, text, answer);
        if (length < 0) {
            sslb_callbacks_keep_exception(ssl);
            length = 0;
        }
        Py_DECREF(callback);
    }
    sslb_callback_end(ssl);
    return (unsigned int)length;
}

static unsigned int
psk_client_callback(SSL *ssl, const char *hint, char *identity,
                    unsigned int identity_size, unsigned char *key,
                    unsigned int key_room)
{
    psk_answer answer = {identity, identity_size - 1, key, key_room};

    return answer_nogil(ssl, hint, &answer);
}

static unsigned int
psk_server_callback(SSL *ssl, const char *identity, unsigned char *key,
                    unsigned int key_room)
{
    psk_answer answer = {NULL, 0, key, key_room};

    return answer_nogil(ssl, identity, &answer);
}

void
sslb_callbacks_switch_psk_locked(sslb_context *context, SSL *ssl)
{
    SSL_set_psk_server_callback(ssl, context->psk_server_callback != NULL
                                ? psk_server_callback : NULL);
}

/* -- the methods ------------------------------------------------------ */

/* `callback` may be NULL: none. */
static void
use_client_callback(sslb_context *context, PyObject *callback)
{
    PyObject *old = context->psk_client_callback;

    context->psk_client_callback = Py_XNewRef(callback);
    SSL_CTX_set_psk_client_callback(
        context->ctx, callback != NULL ? psk_client_callback : NULL);
    Py_XDECREF(old);
}

PyObject *
sslb_context_set_psk_client_callback(PyObject *self, PyObject *args,
                                     PyObject *kwargs)
{
    static char *keywords[] = {"callback", NULL};
    sslb_context *context = (sslb_context *)self;
    PyObject *callback;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs,
                                     "O:set_psk_client_callback", keywords,
                                     &callback)
        || check_callback(context, callback, 0) < 0) {
        return NULL;
    }
    sslb_settings_make_unique(context);
    use_client_callback(context, callback != Py_None ? callback : NULL);
    Py_RETURN_NONE;
}

/* An argument converter: text becomes new bytes in UTF-8, and None becomes
   NULL. */
static int
convert_hint(PyObject *hint, void *bytes)
{
    PyObject *encoded = NULL;

    if (hint != Py_None) {
        encoded = sslb_text_encode_string(hint, "utf-8");
        if (encoded == NULL) {
            return 0;
        }
    }
    *(PyObject **)bytes = encoded;
    return 1;
}

/* `callback` and `hint` may be NULL.  0, or -1 with an exception. */
static int
use_server_callback(sslb_context *context, PyObject *callback, PyObject *hint)
{
    PyObject *old = context->psk_server_callback;
    PyObject *old_hint = context->psk_hint;

    ERR_clear_error();
    if (!SSL_CTX_use_psk_identity_hint(
            context->ctx, hint != NULL ? PyBytes_AS_STRING(hint) : NULL)) {
        ERR_clear_error();
        PyErr_SetString(PyExc_ValueError, "identity_hint is too long");
        return -1;
    }
    context->psk_hint = Py_XNewRef(hint);
    context->psk_server_callback = Py_XNewRef(callback);
    SSL_CTX_set_psk_server_callback(
        context->ctx, callback != NULL ? psk_server_callback : NULL);
    Py_XDECREF(old_hint);
    Py_XDECREF(old);
    return 0;
}

PyObject *
sslb_context_set_psk_server_callback(PyObject *self, PyObject *args,
                                     PyObject *kwargs)
{
    static char *keywords[] = {"callback", "identity_hint", NULL};
    sslb_context *context = (sslb_context *)self;
    PyObject *callback, *hint = NULL;
    int on, rc;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs,
                                     "O|O&:set_psk_server_callback", keywords,
                                     &callback, convert_hint, &hint)) {
        return NULL;
    }
    on = callback != Py_None;
    rc = check_callback(context, callback, 1) < 0
        || use_server_callback(context, on ? callback : NULL,
                               on ? hint : NULL) < 0;
    Py_XDECREF(hint);
    if (rc) {
        return NULL;
    }
    sslb_settings_make_unique(context);
    Py_RETURN_NONE;
}

int
sslb_psk_copy(sslb_context *copy, sslb_context *original)
{
    if (original->psk_client_callback != NULL) {
        use_client_callback(copy, original->psk_client_callback);
    }
    return original->psk_server_callback == NULL
        ? 0 : use_server_callback(copy, original->psk_server_callback,
                                  original->psk_hint);
}
