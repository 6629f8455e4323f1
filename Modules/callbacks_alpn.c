/* callbacks_alpn.c: application protocols (ALPN, RFC 7301).

   Owns the list of a context, and a server's choice from it. */

#include "callbacks_alpn.h"
#include "opensslcompat.h"
#include "pycompat_values.h"

#include <string.h>

/* Selects the first protocol of ours that the client offers (RFC 7301, 3.2).
   The result points into the client's list, because ours may be replaced
   afterwards. */
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

/* Checks that each name has 1 to 255 bytes and ends within the list. */
static int
alpn_check(const unsigned char *list, size_t length)
{
    size_t i = 0;

    while (i < length && list[i] > 0 && list[i] < length - i) {
        i += 1u + list[i];
    }
    if (i != length || length > 65535) {
        PyErr_SetString(PyExc_ValueError, "ALPN protocols must be names of "
                        "1 to 255 bytes, each after a byte with its length");
        return -1;
    }
    return 0;
}

/* Sets the list, which may be empty, and takes ownership of it.  Returns 1, or
   0 when out of memory.  For an empty list OpenSSL 1.1.1 removes its own list
   and then reports a failure. */
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

/* Likewise, while no handshake reads the list. */
static int
alpn_replace(sslb_context *context, unsigned char *list, unsigned int length)
{
    int ok;

    sslb_context_take(context);
    ok = alpn_use(context, list, length);
    sslb_context_release(context);
    return ok;
}

static int
alpn_set(sslb_context *context, PyObject *protocols)
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

PyObject *
sslb_context_set_alpn_protocols(PyObject *self, PyObject *protocols)
{
    if (alpn_set((sslb_context *)self, protocols) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* OpenSSL no longer negotiates NPN (HAS_NPN is False): only checks the type of
   the argument. */
PyObject *
sslb_context_set_npn_protocols(PyObject *self, PyObject *protocols)
{
    Py_buffer view;

    (void)self;
    if (sslb_buffer_get(protocols, &view) < 0) {
        return NULL;
    }
    PyBuffer_Release(&view);
    Py_RETURN_NONE;
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
