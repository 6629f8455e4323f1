/* hints.c: the facts behind SSLError.hint.

   Owns the notes that a connection makes during a handshake, and the dict of
   plain values that an exception gets as its attribute `_facts`.  _hints.py
   turns the facts into text; Python loads it when a program asks for a hint.
   An exception without facts has a general hint or none. */

#include "hints.h"
#include "pycompat_values.h"
#include "x509.h"

#include <time.h>

/* -- notes --------------------------------------------------------------- */

void
sslb_hints_forget_nogil(sslb_refusal *refusal)
{
    X509_free(refusal->leaf);
    X509_free(refusal->culprit);
    refusal->leaf = refusal->culprit = NULL;
}

static X509 *
reference_to(X509 *x509)
{
    return x509 != NULL && X509_up_ref(x509) ? x509 : NULL;
}

void
sslb_hints_note_refusal_nogil(sslb_refusal *refusal, X509_STORE_CTX *attempt)
{
    sslb_hints_forget_nogil(refusal);
    refusal->leaf = reference_to(X509_STORE_CTX_get0_cert(attempt));
    refusal->culprit = reference_to(X509_STORE_CTX_get_current_cert(attempt));
    refusal->depth = X509_STORE_CTX_get_error_depth(attempt);
    refusal->sent = sk_X509_num(X509_STORE_CTX_get0_untrusted(attempt));
}

/* The newest version in the extension supported_versions, or 0. */
static int
newest_version(const unsigned char *list, size_t length)
{
    int newest = 0;
    size_t i;

    for (i = 1; i + 1 < length; i += 2) {
        int version = list[i] << 8 | list[i + 1];

        /* skip GREASE values: RFC 8701 */
        if (list[i] == TLS1_VERSION_MAJOR && version > newest) {
            newest = version;
        }
    }
    return newest;
}

void
sslb_hints_note_hello_nogil(sslb_connection *self)
{
    const unsigned char *list;
    size_t length;
    int version = 0;

    if (SSL_client_hello_get0_ext(self->ssl, TLSEXT_TYPE_supported_versions,
                                  &list, &length)) {
        version = newest_version(list, length);
    }
    self->client_version = version != 0 ? version : (int)
        SSL_client_hello_get0_legacy_version(self->ssl);
}

void
sslb_hints_note_place(sslb_context *context, PyObject *path)
{
    PyObject *place = path != NULL
        ? sslb_text_new(PyBytes_AS_STRING(path), PyBytes_GET_SIZE(path))
        : sslb_text_from_string("cadata");

    if (context->places == NULL) {
        context->places = PyList_New(0);
    }
    if (place == NULL || context->places == NULL
        || (PySequence_Contains(context->places, place) == 0
            && PyList_Append(context->places, place) < 0)) {
        PyErr_Clear();  /* the certificates are loaded; only the hint lacks
                           their source */
    }
    Py_XDECREF(place);
}

int
sslb_hints_copy(sslb_context *copy, sslb_context *original)
{
    if (original->places != NULL) {
        copy->places = PySequence_List(original->places);
    }
    return original->places == NULL || copy->places != NULL ? 0 : -1;
}

/* -- facts for an exception ---------------------------------------------- */

void
sslb_hints_look_locked(sslb_connection *self, sslb_situation *found)
{
    SSL *ssl = self->ssl;
    char none[1];

    /* Not SSL_is_init_finished(): it returns 0 after a fatal error. */
    found->in_handshake = SSL_get_peer_finished(ssl, none, 0) == 0;
    found->minimum_version = (int)SSL_get_min_proto_version(ssl);
    found->maximum_version = (int)SSL_get_max_proto_version(ssl);
    found->options = SSL_get_options(ssl);
    found->security_level = SSL_get_security_level(ssl);
    found->has_certificate = SSL_get_certificate(ssl) != NULL;
    found->was_asked = SSL_get0_peer_CA_list(ssl) != NULL;
    found->refusal = self->refusal;
    self->refusal = (sslb_refusal){NULL, NULL, 0, 0};
}

/* The TLS versions that the settings allow, the oldest first. */
static PyObject *
allowed_versions(const sslb_situation *found)
{
    static const struct {
        int version;
        unsigned long no;       /* the option that disables it */
    } versions[] = {
        {TLS1_VERSION, SSL_OP_NO_TLSv1},
        {TLS1_1_VERSION, SSL_OP_NO_TLSv1_1},
        {TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
        {TLS1_3_VERSION, SSL_OP_NO_TLSv1_3},
    };
    PyObject *result = PyList_New(0);
    size_t i;

    for (i = 0; result != NULL
         && i < sizeof(versions) / sizeof(versions[0]); i++) {
        int version = versions[i].version;
        PyObject *number;

        if (version < found->minimum_version
            || (found->maximum_version != 0
                && version > found->maximum_version)
            || (found->options & versions[i].no)) {
            continue;
        }
        number = sslb_int_new(version);
        if (number == NULL || PyList_Append(result, number) < 0) {
            Py_CLEAR(result);
        }
        Py_XDECREF(number);
    }
    return result;
}

static PyObject *
places_of(const sslb_context *context)
{
    return context->places != NULL ? PySequence_Tuple(context->places)
                                   : PyTuple_New(0);
}

/* The facts of every failure. */
static PyObject *
facts_new(const sslb_connection *self, PyObject *host,
          const sslb_situation *found)
{
    return Py_BuildValue(
        "{s:N,s:N,s:O,s:N,s:N,s:N,s:N,s:N}",
        "server_side", PyBool_FromLong(self->server_side),
        "in_handshake", PyBool_FromLong(found->in_handshake),
        "host", host != NULL ? host : Py_None,
        "versions", allowed_versions(found),
        "client_version", sslb_int_new(self->client_version),
        "security_level", sslb_int_new(found->security_level),
        "has_certificate", PyBool_FromLong(found->has_certificate),
        "was_asked", PyBool_FromLong(found->was_asked));
}

/* Adds a fact and consumes the reference to `value`, which may be NULL: 0, or
   -1 with an exception. */
static int
add_fact(PyObject *facts, const char *name, PyObject *value)
{
    int rc = value != NULL ? PyDict_SetItemString(facts, name, value) : -1;

    Py_XDECREF(value);
    return rc;
}

/* Adds nothing if the certificate cannot be converted to a dict. */
static int
add_certificate(PyObject *facts, const char *name, X509 *x509)
{
    PyObject *value = x509 != NULL ? sslb_x509_as_dict(x509) : NULL;

    if (value == NULL) {
        PyErr_Clear();
        ERR_clear_error();
        return 0;
    }
    return add_fact(facts, name, value);
}

/* Adds the facts of a rejected certificate: 0, or -1 with an exception. */
static int
add_refusal(PyObject *facts, const sslb_context *context,
            const sslb_refusal *refusal)
{
    return add_fact(facts, "places", places_of(context)) < 0
        || add_fact(facts, "has_trust",
                    PyBool_FromLong(context->has_trust)) < 0
        || add_fact(facts, "time", sslb_int_new((long)time(NULL))) < 0
        || add_fact(facts, "depth", sslb_int_new(refusal->depth)) < 0
        || add_fact(facts, "sent", sslb_int_new(refusal->sent)) < 0
        || add_certificate(facts, "leaf", refusal->leaf) < 0
        || add_certificate(facts, "culprit", refusal->culprit) < 0 ? -1 : 0;
}

int
sslb_hints_are_wanted(const sslb_outcome *outcome)
{
    return outcome->ssl_error != SSL_ERROR_WANT_READ
        && outcome->ssl_error != SSL_ERROR_WANT_WRITE
        && (outcome->code != 0 || outcome->eof)
        && PyErr_ExceptionMatches(sslb_errors.error);
}

void
sslb_hints_explain(const sslb_connection *self, PyObject *host,
                   sslb_situation *found)
{
    sslb_context *context = self->context;
    sslb_exception exception;
    PyObject *facts;

    /* Creating objects may run Python code that sets another context. */
    Py_INCREF((PyObject *)context);
    sslb_exception_keep(&exception);
    facts = facts_new(self, host, found);
    if (facts == NULL
        || (exception.type == sslb_errors.verification
            && add_refusal(facts, context, &found->refusal) < 0)
        || PyObject_SetAttrString(exception.value, "_facts", facts) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(facts);
    sslb_hints_forget_nogil(&found->refusal);
    Py_DECREF((PyObject *)context);
    sslb_exception_raise(&exception);
}
