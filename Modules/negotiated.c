/* negotiated.c: the parameters that a handshake negotiated.

   Owns the methods that read them: certificates, cipher, version, ALPN
   protocol, channel binding.  Each method reads from the SSL under the
   connection's lock, and creates Python objects after it has released the
   lock. */

#include "negotiated.h"
#include "certificate.h"
#include "connection.h"
#include "ech_connection.h"
#include "opensslcompat.h"
#include "pycompat_values.h"
#include "x509.h"

#include <string.h>

PyObject *
sslb_connection_peer_certificate(PyObject *object, PyObject *args)
{
    sslb_connection *self = (sslb_connection *)object;
    PyObject *der = Py_False, *result;
    X509 *x509;
    int as_der, asked_for;

    if (!PyArg_ParseTuple(args, "|O:peer_certificate", &der)
        || (as_der = PyObject_IsTrue(der)) < 0) {
        return NULL;
    }
    if (!sslb_connection_handshake_is_done(self)) {
        PyErr_SetString(PyExc_ValueError, "handshake not done yet");
        return NULL;
    }
    sslb_connection_enter(self);
    x509 = SSL_get1_peer_certificate(self->ssl);
    asked_for = SSL_get_verify_mode(self->ssl) & SSL_VERIFY_PEER;
    sslb_connection_leave(self);
    if (x509 == NULL) {
        Py_RETURN_NONE;
    }
    if (as_der) {
        result = sslb_x509_as_der(x509);
    }
    else {
        /* An unverified certificate may contain anything. */
        result = asked_for ? sslb_x509_as_dict(x509) : PyDict_New();
    }
    X509_free(x509);
    return result;
}

PyObject *
sslb_connection_get_verified_chain(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    STACK_OF(X509) *chain;
    PyObject *result;

    (void)none;
    sslb_connection_enter(self);
    chain = SSL_get0_verified_chain(self->ssl);
    chain = chain != NULL ? X509_chain_up_ref(chain) : NULL;
    sslb_connection_leave(self);
    result = sslb_certificate_list(chain);
    sk_X509_pop_free(chain, X509_free);
    return result;
}

/* On a server OpenSSL's list lacks the client's leaf:
   SSL_get_peer_cert_chain(3). */
PyObject *
sslb_connection_get_unverified_chain(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    STACK_OF(X509) *chain;
    X509 *leaf = NULL;
    PyObject *result;

    (void)none;
    sslb_connection_enter(self);
    chain = SSL_get_peer_cert_chain(self->ssl);
    chain = chain != NULL ? X509_chain_up_ref(chain) : NULL;
    if (self->server_side) {
        leaf = SSL_get1_peer_certificate(self->ssl);
    }
    sslb_connection_leave(self);
    if (leaf != NULL) {
        if (chain == NULL) {
            chain = sk_X509_new_null();
        }
        if (chain == NULL || !sk_X509_insert(chain, leaf, 0)) {
            X509_free(leaf);
            sk_X509_pop_free(chain, X509_free);
            return PyErr_NoMemory();
        }
    }
    result = sslb_certificate_list(chain);
    sk_X509_pop_free(chain, X509_free);
    return result;
}

/* (name, protocol, bits) */
static PyObject *
cipher_as_tuple(const SSL_CIPHER *cipher)
{
    return Py_BuildValue(
        "NNN", sslb_text_from_string(SSL_CIPHER_get_name(cipher)),
        sslb_text_from_string(SSL_CIPHER_get_version(cipher)),
        sslb_int_new(SSL_CIPHER_get_bits(cipher, NULL)));
}

PyObject *
sslb_connection_cipher(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    const SSL_CIPHER *cipher;

    (void)none;
    sslb_connection_enter(self);
    cipher = SSL_get_current_cipher(self->ssl);
    sslb_connection_leave(self);
    if (cipher == NULL) {
        Py_RETURN_NONE;
    }
    return cipher_as_tuple(cipher);
}

/* The suites of the ClientHello, which the caller frees, or NULL if there was
   no ClientHello. */
static STACK_OF(SSL_CIPHER) *
client_suites_locked(sslb_connection *self)
{
    STACK_OF(SSL_CIPHER) *suites = NULL, *signals = NULL;

    if (self->client_ciphers != NULL) {
        SSL_bytes_to_cipher_list(self->ssl, self->client_ciphers,
                                 self->client_ciphers_length, 0, &suites,
                                 &signals);
        sk_SSL_CIPHER_free(signals);
        ERR_clear_error();
    }
    return suites;
}

/* The suites that both sides allow, in our order (gh-96931). */
PyObject *
sslb_connection_shared_ciphers(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    STACK_OF(SSL_CIPHER) *theirs, *ours;
    PyObject *result = NULL;
    int i;

    (void)none;
    sslb_connection_enter(self);
    theirs = client_suites_locked(self);
    ours = sk_SSL_CIPHER_dup(SSL_get_ciphers(self->ssl));
    sslb_connection_leave(self);
    if (theirs == NULL) {
        sk_SSL_CIPHER_free(ours);
        Py_RETURN_NONE;
    }
    result = PyList_New(0);
    for (i = 0; result != NULL && i < sk_SSL_CIPHER_num(ours); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ours, i);
        PyObject *item;

        if (sk_SSL_CIPHER_find(theirs, (SSL_CIPHER *)cipher) < 0) {
            continue;
        }
        item = cipher_as_tuple(cipher);
        if (item == NULL || PyList_Append(result, item) < 0) {
            Py_CLEAR(result);
        }
        Py_XDECREF(item);
    }
    sk_SSL_CIPHER_free(ours);
    sk_SSL_CIPHER_free(theirs);
    return result;
}

#ifdef SSLB_HAVE_GROUP_NAME
PyObject *
sslb_connection_group(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    const char *name = NULL;

    (void)none;
    sslb_connection_enter(self);
    /* OpenSSL 3.5 does not check whether there is a session. */
    if (SSL_get_session(self->ssl) != NULL) {
        name = SSL_get0_group_name(self->ssl);
    }
    sslb_connection_leave(self);
    return name != NULL ? sslb_text_from_string(name) : Py_NewRef(Py_None);
}
#else
PyObject *
sslb_connection_group(PyObject *self, PyObject *none)
{
    (void)self;
    (void)none;
    PyErr_SetString(PyExc_NotImplementedError,
                    "group() needs OpenSSL 3.2 or later");
    return NULL;
}
#endif

/* The signature algorithm of the server or the client; this connection may be
   either of them. */
static PyObject *
signature_algorithm(sslb_connection *self, int of_server, const char *method)
{
#ifdef SSLB_HAVE_SIGNATURE_NAME
    const char *name = NULL;

    (void)method;
    sslb_connection_enter(self);
    if (!(of_server == self->server_side
          ? SSL_get0_signature_name(self->ssl, &name)
          : SSL_get0_peer_signature_name(self->ssl, &name))) {
        name = NULL;
    }
    sslb_connection_leave(self);
    return name != NULL ? sslb_text_from_string(name) : Py_NewRef(Py_None);
#else
    (void)self;
    (void)of_server;
    PyErr_Format(PyExc_NotImplementedError,
                 "%s() needs OpenSSL 3.5 or later", method);
    return NULL;
#endif
}

PyObject *
sslb_connection_client_sigalg(PyObject *self, PyObject *none)
{
    (void)none;
    return signature_algorithm((sslb_connection *)self, 0, "client_sigalg");
}

PyObject *
sslb_connection_server_sigalg(PyObject *self, PyObject *none)
{
    (void)none;
    return signature_algorithm((sslb_connection *)self, 1, "server_sigalg");
}

PyObject *
sslb_connection_version(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    const char *version;

    (void)none;
    sslb_connection_enter(self);
    version = SSL_is_init_finished(self->ssl) ? SSL_get_version(self->ssl)
                                              : NULL;
    sslb_connection_leave(self);
    return version != NULL ? sslb_text_from_string(version)
                           : Py_NewRef(Py_None);
}

PyObject *
sslb_connection_compression(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    const char *name = NULL;

    (void)none;
#ifndef OPENSSL_NO_COMP
    sslb_connection_enter(self);
    {
        const COMP_METHOD *method = SSL_get_current_compression(self->ssl);

        if (method != NULL && COMP_get_type(method) != NID_undef) {
            name = OBJ_nid2sn(COMP_get_type(method));
        }
    }
    sslb_connection_leave(self);
#else
    (void)self;
#endif
    return name != NULL ? sslb_text_from_string(name) : Py_NewRef(Py_None);
}

PyObject *
sslb_connection_selected_alpn_protocol(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    char name[255];
    const unsigned char *selected;
    unsigned int length;

    (void)none;
    sslb_connection_enter(self);
    SSL_get0_alpn_selected(self->ssl, &selected, &length);
    if (selected != NULL) {
        memcpy(name, selected, length);
    }
    sslb_connection_leave(self);
    return selected != NULL ? sslb_text_new(name, (Py_ssize_t)length)
                            : Py_NewRef(Py_None);
}

/* Always None: HAS_NPN is False. */
PyObject *
sslb_connection_selected_npn_protocol(PyObject *object, PyObject *none)
{
    (void)object;
    (void)none;
    Py_RETURN_NONE;
}

PyObject *
sslb_connection_pending(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    int count;

    (void)none;
    sslb_connection_enter(self);
    count = SSL_pending(self->ssl);
    if (count == 0 && self->untold) {
        count = 1;  /* read() has an end or an error to report */
    }
    sslb_connection_leave(self);
    return sslb_int_new(count);
}

/* Whether the kernel encrypts or decrypts the records. */
PyObject *
sslb_connection_uses_ktls_for_send(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    int result;

    (void)none;
    sslb_connection_enter(self);
    result = BIO_get_ktls_send(SSL_get_wbio(self->ssl));
    sslb_connection_leave(self);
    return PyBool_FromLong(result);
}

PyObject *
sslb_connection_uses_ktls_for_recv(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    int result;

    (void)none;
    sslb_connection_enter(self);
    result = BIO_get_ktls_recv(SSL_get_rbio(self->ssl));
    sslb_connection_leave(self);
    return PyBool_FromLong(result);
}

/* -- Encrypted Client Hello ------------------------------------------- */

static PyObject *
refuse_ech(const char *method)
{
    PyErr_Format(PyExc_NotImplementedError,
                 "%s() needs OpenSSL 4.0 or later, built with ECH", method);
    return NULL;
}

PyObject *
sslb_connection_ech_status(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    char *outer_name = NULL;
    const char *status;

    (void)none;
    sslb_connection_enter(self);
    status = sslb_ech_status_locked(self->ssl, &outer_name);
    sslb_connection_leave(self);
    OPENSSL_free(outer_name);
    return status != NULL ? sslb_text_from_string(status)
                          : refuse_ech("ech_status");
}

PyObject *
sslb_connection_ech_outer_name(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    char *outer_name = NULL;
    const char *status;
    PyObject *result;

    (void)none;
    sslb_connection_enter(self);
    status = sslb_ech_status_locked(self->ssl, &outer_name);
    sslb_connection_leave(self);
    if (status == NULL) {
        return refuse_ech("ech_outer_name");
    }
    result = outer_name != NULL ? sslb_text_from_string(outer_name)
                                : Py_NewRef(Py_None);
    OPENSSL_free(outer_name);
    return result;
}

PyObject *
sslb_connection_ech_retry_configs(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    sslb_ech_data configs = {NULL, 0};
    int rc;

    (void)none;
    sslb_connection_enter(self);
    rc = sslb_ech_retry_configs_locked(self->ssl, &configs);
    sslb_connection_leave(self);
    return rc < 0 ? refuse_ech("ech_retry_configs")
                  : sslb_ech_data_as_bytes(&configs);
}

/* -- channel binding -------------------------------------------------- */

/* RFC 5929, 3.1: the first Finished message, which the client sends in a
   full handshake and the server in a resumed one. */
PyObject *
sslb_connection_tls_unique_cb(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    char finished[128];
    size_t length = 0;

    (void)none;
    sslb_connection_enter(self);
    if (SSL_is_init_finished(self->ssl)) {
        length = SSL_session_reused(self->ssl) != !self->server_side
            ? SSL_get_finished(self->ssl, finished, sizeof(finished))
            : SSL_get_peer_finished(self->ssl, finished, sizeof(finished));
    }
    sslb_connection_leave(self);
    if (length == 0) {
        Py_RETURN_NONE;
    }
    if (length > sizeof(finished)) {
        length = sizeof(finished);
    }
    return PyBytes_FromStringAndSize(finished, (Py_ssize_t)length);
}

PyObject *
sslb_connection_get_channel_binding(PyObject *object, PyObject *args,
                                    PyObject *kwargs)
{
    static char *keywords[] = {"cb_type", NULL};
    const char *type = "tls-unique";

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|s:get_channel_binding",
                                     keywords, &type)) {
        return NULL;
    }
    if (strcmp(type, "tls-unique") != 0) {
        PyErr_Format(PyExc_ValueError,
                     "'%.100s' channel binding type not implemented", type);
        return NULL;
    }
    return sslb_connection_tls_unique_cb(object, NULL);
}
