/* context_type.c: SSLContext: its creation, its end and its tables.

   Owns the SSL_CTX.  A thread that calls SSL_new() or changes a context holds
   the GIL, and has read all files before.  But a handshake reads the SSL_CTX
   without the GIL, and OpenSSL's documentation forbids changes to a context in
   use.  So a change of data that handshakes read takes the context's guard. */

#include "context_type.h"
#include "callbacks_alpn.h"
#include "callbacks_hello.h"
#include "callbacks_log.h"
#include "callbacks_psk.h"
#include "callbacks_sni.h"
#include "callbacks_verify.h"
#include "client_sessions.h"
#include "context.h"
#include "context_attributes.h"
#include "context_ciphers.h"
#include "context_copy.h"
#include "context_load.h"
#include "context_wrap.h"
#include "ech.h"
#include "errors.h"
#include "judges.h"
#include "lock.h"
#include "ocsp.h"
#include "opensslcompat.h"
#include "pycompat_values.h"
#include "session.h"
#include "ticket_keys.h"
#include "trust.h"

#include <stddef.h>
#include <unistd.h>

/* -- life ------------------------------------------------------------- */

/* Returns the method, or NULL for an unknown protocol.  `*version` becomes the
   version of a protocol with only one, else 0. */
static const SSL_METHOD *
method_of_protocol(int protocol, int *version)
{
    *version = 0;
    switch (protocol) {
    case SSLB_PROTOCOL_TLS:
        return TLS_method();
    case SSLB_PROTOCOL_TLS_CLIENT:
        return TLS_client_method();
    case SSLB_PROTOCOL_TLS_SERVER:
        return TLS_server_method();
    case SSLB_PROTOCOL_TLSV1:
        *version = TLS1_VERSION;
        return TLS_method();
    case SSLB_PROTOCOL_TLSV1_1:
        *version = TLS1_1_VERSION;
        return TLS_method();
    case SSLB_PROTOCOL_TLSV1_2:
        *version = TLS1_2_VERSION;
        return TLS_method();
    default:
        return NULL;
    }
}

/* Allows one version, or all that RFC 8996 has not deprecated; a program can
   set minimum_version to allow the deprecated ones.  OpenSSL's configuration
   file may already have set a higher minimum. */
static int
set_versions(SSL_CTX *ctx, int version)
{
    if (version != 0) {
        return SSL_CTX_set_min_proto_version(ctx, version)
            && SSL_CTX_set_max_proto_version(ctx, version);
    }
    return SSL_CTX_get_min_proto_version(ctx) >= TLS1_2_VERSION
        || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
}

static int
context_configure(sslb_context *self, int version)
{
    SSL_CTX *ctx = self->ctx;
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

    if (!set_versions(ctx, version)
        || !SSL_CTX_set_cipher_list(ctx, SSLB_DEFAULT_CIPHERS)) {
        return -1;
    }
    /* All workarounds for faulty peers except the one that makes BEAST
       possible again (CVE-2011-3389). */
    SSL_CTX_set_options(ctx, SSL_OP_ALL & ~SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS);
    SSL_CTX_set_options(ctx, SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION
                        | SSL_OP_CIPHER_SERVER_PREFERENCE
                        | SSL_OP_SINGLE_DH_USE | SSL_OP_SINGLE_ECDH_USE);
    /* SSL_write() may write one record a call, and a repeated call may have
       the data at another address: the connection counts the bytes that it has
       sent.  An idle connection frees its buffers of 34 KiB. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                     | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                     | SSL_MODE_RELEASE_BUFFERS);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_TRUSTED_FIRST);
    self->host_flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    X509_VERIFY_PARAM_set_hostflags(param, self->host_flags);
    if (self->protocol == SSLB_PROTOCOL_TLS_CLIENT) {
        self->check_hostname = 1;
        SSL_CTX_set_verify(ctx, SSLB_VERIFY_REQUIRED, NULL);
    }
    return 0;
}

static sslb_context *
context_make(PyTypeObject *type, int protocol)
{
    sslb_context *self;
    int version;
    const SSL_METHOD *method = method_of_protocol(protocol, &version);

    if (method == NULL) {
        PyErr_Format(PyExc_ValueError,
                     "invalid or unsupported protocol version %d", protocol);
        return NULL;
    }
    self = (sslb_context *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->keylog_fd = -1;
    if (sslb_guard_init(&self->guard) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    self->protocol = protocol;
    ERR_clear_error();
    self->ctx = SSL_CTX_new(method);
    if (self->ctx == NULL || context_configure(self, version) < 0
        || !sslb_context_attach(self)) {
        sslb_queue_raise("the context cannot be created: see the system's "
                         "OpenSSL configuration", __LINE__);
        Py_DECREF(self);
        return NULL;
    }
    sslb_hello_attach(self);
    sslb_callbacks_verify_attach(self);
    sslb_ocsp_attach(self);
    if (protocol != SSLB_PROTOCOL_TLS_SERVER) {
        self->sessions = sslb_client_sessions_shared();
    }
    return self;
}

static PyObject *
context_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *argument;
    int protocol;

    (void)kwargs;  /* a subclass may have keyword arguments */
    if (!PyArg_ParseTuple(args, "O:_SSLContext", &argument)
        || sslb_int_as_int(argument, &protocol) < 0) {
        return NULL;
    }
    return (PyObject *)context_make(type, protocol);
}

/* Creates the copy without the __new__ of the class, whose arguments are
   unknown here. */
static PyObject *
context_copy(PyObject *self, PyObject *none)
{
    sslb_context *original = (sslb_context *)self;
    sslb_context *copy = context_make(Py_TYPE(self), original->protocol);

    (void)none;
    if (copy != NULL && sslb_context_copy(copy, original) < 0) {
        Py_CLEAR(copy);
    }
    return (PyObject *)copy;
}

static int
context_traverse(PyObject *self, visitproc visit, void *arg)
{
    sslb_context *context = (sslb_context *)self;

    Py_VISIT(context->sni_callback);
    Py_VISIT(context->msg_callback);
    Py_VISIT(context->psk_client_callback);
    Py_VISIT(context->psk_server_callback);
    Py_VISIT(context->keylog_filename);
    return sslb_judges_traverse(&context->judges, visit, arg);
}

static int
context_clear(PyObject *self)
{
    sslb_context *context = (sslb_context *)self;

    Py_CLEAR(context->sni_callback);
    Py_CLEAR(context->msg_callback);
    Py_CLEAR(context->psk_client_callback);
    Py_CLEAR(context->psk_server_callback);
    Py_CLEAR(context->keylog_filename);
    sslb_judges_clear(&context->judges);
    return 0;
}

static void
context_dealloc(PyObject *object)
{
    sslb_context *self = (sslb_context *)object;

    PyObject_GC_UnTrack(object);
    if (self->weakrefs != NULL) {
        PyObject_ClearWeakRefs(object);
    }
    context_clear(object);
    Py_XDECREF(self->places);
    sslb_ech_forget(self);
    SSL_CTX_free(self->ctx);
    sslb_trust_forget(self);
    sslb_ocsp_forget(self);
    sslb_ticket_keys_drop(self->ticket_keys);
    sslb_client_sessions_drop(self->sessions);
    sslb_ciphers_forget(self);
    EVP_PKEY_free(self->dh);
    OPENSSL_free(self->alpn);
    Py_XDECREF(self->psk_hint);
    if (self->keylog_fd >= 0) {
        close(self->keylog_fd);
    }
    sslb_guard_destroy(&self->guard);
    Py_TYPE(object)->tp_free(object);
}

/* -- the type --------------------------------------------------------- */

static PyMethodDef context_methods[] = {
    SSLB_REFUSE_COPIES,
    {"_copy", context_copy, METH_NOARGS, NULL},
    {"_wrap_socket", SSLB_KEYWORDS(sslb_context_wrap_socket),
     METH_VARARGS | METH_KEYWORDS, NULL},
    {"_wrap_bio", SSLB_KEYWORDS(sslb_context_wrap_bio),
     METH_VARARGS | METH_KEYWORDS, NULL},
    {"_set_alpn_protocols", sslb_context_set_alpn_protocols, METH_O, NULL},
    {"_set_npn_protocols", sslb_context_set_npn_protocols, METH_O, NULL},
    {"set_ciphers", sslb_context_set_ciphers, METH_VARARGS,
     "set_ciphers(list)\n\n"
     "Allow these cipher suites of TLS 1.2 and earlier versions, in the\n"
     "notation of openssl-ciphers(1).  SSLError if the list selects none."},
    {"get_ciphers", sslb_context_get_ciphers, METH_NOARGS,
     "get_ciphers() -> list of dicts\n\n"
     "Return the allowed cipher suites, the preferred one first."},
    {"set_ciphersuites", sslb_context_set_ciphersuites, METH_O,
     "set_ciphersuites(names)\n\n"
     "Allow these cipher suites of TLS 1.3: names, separated by colons.\n"
     "SSLError if OpenSSL knows none of them."},
    {"set_groups", sslb_context_set_groups, METH_O,
     "set_groups(names)\n\n"
     "Allow these groups for key exchange, the preferred one first:\n"
     "SSL_CTX_set1_groups_list(3).  SSLError if OpenSSL does not know one."},
    {"get_groups", SSLB_KEYWORDS(sslb_context_get_groups),
     METH_VARARGS | METH_KEYWORDS,
     "get_groups(include_aliases=False) -> list of str\n\n"
     "Return the groups that OpenSSL supports for the allowed TLS versions.\n"
     "NotImplementedError before OpenSSL 3.5."},
    {"set_client_sigalgs", sslb_context_set_client_sigalgs, METH_O,
     "set_client_sigalgs(names)\n\n"
     "Allow these signature algorithms for client authentication:\n"
     "SSL_CTX_set1_client_sigalgs_list(3).  SSLError if OpenSSL does not\n"
     "know one."},
    {"set_server_sigalgs", sslb_context_set_server_sigalgs, METH_O,
     "set_server_sigalgs(names)\n\n"
     "Allow these signature algorithms for server authentication:\n"
     "SSL_CTX_set1_sigalgs_list(3).  SSLError if OpenSSL does not know one."},
    {"set_psk_client_callback",
     SSLB_KEYWORDS(sslb_context_set_psk_client_callback),
     METH_VARARGS | METH_KEYWORDS,
     "set_psk_client_callback(callback)\n\n"
     "Use pre-shared keys.  callback(hint or None) returns (identity or\n"
     "None, key).  OpenSSL accepts identities of at least 255 bytes and\n"
     "keys of at least 256 bytes.  An empty key ends the handshake.\n"
     "callback=None switches pre-shared keys off.  SSLError for a server's\n"
     "context."},
    {"set_psk_server_callback",
     SSLB_KEYWORDS(sslb_context_set_psk_server_callback),
     METH_VARARGS | METH_KEYWORDS,
     "set_psk_server_callback(callback, identity_hint=None)\n\n"
     "Use pre-shared keys.  callback(identity or None) returns the key.\n"
     "OpenSSL accepts keys of at least 256 bytes.  An empty key ends the\n"
     "handshake.  callback=None switches pre-shared keys off.  TLS 1.2 sends\n"
     "the hint to clients; TLS 1.3 has no hint.  SSLError for a client's\n"
     "context."},
    {"load_cert_chain", SSLB_KEYWORDS(sslb_context_load_cert_chain),
     METH_VARARGS | METH_KEYWORDS,
     "load_cert_chain(certfile, keyfile=None, password=None)\n\n"
     "Load the certificate of this side, the intermediate certificates after\n"
     "it, and the private key (from certfile unless keyfile is given), all\n"
     "as PEM.  Each file is a path, or an object whose read() returns text\n"
     "or bytes.  load_cert_chain() calls read() once, even if one object has\n"
     "both, and does not close the object.\n"
     "password is text, bytes, or a callable that returns text or bytes, at\n"
     "most 1024 bytes.  OpenSSL uses it only if the key is encrypted.\n"
     "OSError (2.7: IOError), SSLError, and exceptions of read() and of the\n"
     "callable."},
    {"load_pkcs12", SSLB_KEYWORDS(sslb_context_load_pkcs12),
     METH_VARARGS | METH_KEYWORDS,
     "load_pkcs12(source, password=None)\n\n"
     "Load the certificate of this side, its private key and its chain from\n"
     "PKCS #12.  source is a path, or an object whose read() returns bytes.\n"
     "Connections send the CA certificates in source, and do not trust them.\n"
     "password is text, bytes, or a callable that returns text or bytes, at\n"
     "most 1024 bytes; None is an empty password.\n"
     "OSError (2.7: IOError), SSLError, and exceptions of read() and of the\n"
     "callable."},
    {"load_ech_keys", SSLB_KEYWORDS(sslb_context_load_ech_keys),
     METH_VARARGS | METH_KEYWORDS,
     "load_ech_keys(source, for_retry=True)\n\n"
     "Add a private key and its ECHConfigList (PEM, RFC 9934), with which a\n"
     "server decrypts ClientHellos.  source is a path, or an object with\n"
     "read().  for_retry: whether the server sends this list to clients that\n"
     "used an old one.\n"
     "OSError (2.7: IOError), SSLError; NotImplementedError before OpenSSL\n"
     "4.0."},
    {"load_dh_params", sslb_context_load_dh_params, METH_O,
     "load_dh_params(path)\n\n"
     "Load the parameters of the Diffie-Hellman key exchange (PEM).\n"
     "OSError (2.7: IOError), SSLError."},
    {"load_verify_locations",
     SSLB_KEYWORDS(sslb_context_load_verify_locations),
     METH_VARARGS | METH_KEYWORDS,
     "load_verify_locations(cafile=None, capath=None, cadata=None)\n\n"
     "Trust the certificates of a PEM file, of a folder whose file names\n"
     "are hashes (openssl-rehash(1)), or of data: text is PEM, bytes are\n"
     "DER (on 2.7: PEM if they contain a BEGIN line).  cafile is a path, or\n"
     "an object whose read() returns text or bytes.\n"
     "load_verify_locations() calls read() once and does not close the\n"
     "object.\n"
     "OSError (2.7: IOError), SSLError, and exceptions of read()."},
    {"set_default_verify_paths", sslb_context_set_default_verify_paths,
     METH_NOARGS,
     "set_default_verify_paths()\n\n"
     "Trust the certificates in OpenSSL's default paths, if they exist."},
    {"cert_store_stats", sslb_context_cert_store_stats, METH_NOARGS,
     "cert_store_stats() -> dict\n\n"
     "Return how many certificates (x509), CA certificates among them\n"
     "(x509_ca) and certificate revocation lists (crl) are loaded."},
    {"get_ca_certs", SSLB_KEYWORDS(sslb_context_get_ca_certs),
     METH_VARARGS | METH_KEYWORDS,
     "get_ca_certs(binary_form=False) -> list\n\n"
     "Return the loaded CA certificates, as dicts or as DER (bytes)."},
    {"session_from_bytes", sslb_session_from_bytes, METH_O,
     "session_from_bytes(data) -> SSLSession\n\n"
     "Return the session from which SSLSession.to_bytes() made the data\n"
     "(bytes-like), for a connection of this context.  Keep the data secret\n"
     "and intact: who can write the data can impersonate the server.\n"
     "ValueError for other data, for an expired session, and if the settings\n"
     "of this context differ from those of the session's context: trust and\n"
     "verification, own certificate, versions, ciphers, options."},
    {"session_stats", sslb_context_session_stats, METH_NOARGS,
     "session_stats() -> dict\n\nReturn OpenSSL's counts of handshakes and "
     "sessions."},
    {"set_ecdh_curve", sslb_context_set_ecdh_curve, METH_O,
     "set_ecdh_curve(name)\n\nAllow only this curve for key exchange.\n"
     "ValueError for an unknown name."},
    {"set_servername_callback",
     SSLB_KEYWORDS(sslb_context_set_servername_callback),
     METH_VARARGS | METH_KEYWORDS,
     "set_servername_callback(server_name_callback)\n\n"
     "Call server_name_callback(connection, server_name or None, context)\n"
     "for each ClientHello that a server receives.  The callback returns\n"
     "None, or the number of the alert that ends the handshake.\n"
     "server_name_callback=None switches the callback off."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef context_getset[] = {
    {"options", sslb_context_get_options, sslb_context_set_options,
     "OpenSSL's options: OP_* flags.", NULL},
    {"verify_flags", sslb_context_get_verify_flags,
     sslb_context_set_verify_flags,
     "Flags of the certificate verification: VERIFY_* flags.", NULL},
    {"verify_mode", sslb_context_get_verify_mode, sslb_context_set_verify_mode,
     "CERT_NONE, CERT_OPTIONAL or CERT_REQUIRED.", NULL},
    {"check_hostname", sslb_context_get_check_hostname,
     sslb_context_set_check_hostname,
     "Whether the server's certificate must be valid for server_hostname.",
     NULL},
    {"protocol", sslb_context_get_protocol, NULL,
     "The PROTOCOL_* number that the context was created with.", NULL},
    {"post_handshake_auth", sslb_context_get_post_handshake_auth,
     sslb_context_set_post_handshake_auth,
     "Whether a TLS 1.3 server may request a certificate after the\n"
     "handshake.", NULL},
    {"sni_callback", sslb_context_get_sni_callback,
     sslb_context_set_sni_callback,
     "The callback of set_servername_callback(), or None.", NULL},
    {"minimum_version", sslb_context_get_minimum_version,
     sslb_context_set_minimum_version,
     "The lowest TLS version allowed.", NULL},
    {"maximum_version", sslb_context_get_maximum_version,
     sslb_context_set_maximum_version,
     "The highest TLS version allowed.", NULL},
    {"num_tickets", sslb_context_get_num_tickets, sslb_context_set_num_tickets,
     "How many tickets a TLS 1.3 server sends after a handshake.", NULL},
    {"ticket_keys", sslb_context_get_ticket_keys,
     sslb_context_set_ticket_keys,
     "The secret keys of a server's tickets: a tuple of bytes, 80 each (16\n"
     "for the name, 32 for HMAC-SHA-256, 32 for AES-256).  The server\n"
     "encrypts tickets with the first key and decrypts them with any key; ()\n"
     "means OpenSSL's own key.  Can be set to a sequence of at most 64 keys,\n"
     "for new connections: TypeError, ValueError.", NULL},
    {"client_sessions", sslb_context_get_client_sessions,
     sslb_context_set_client_sessions,
     "The most sessions that the context keeps for its clients to resume; 0:\n"
     "none.  Can be set to 0 to 10000, which drops the kept sessions:\n"
     "TypeError, ValueError.", NULL},
    {"security_level", sslb_context_get_security_level, NULL,
     "OpenSSL's security level, 0 to 5.", NULL},
    {"ech_config_list", sslb_context_get_ech_config_list,
     sslb_context_set_ech_config_list,
     "The ECHConfigList (bytes) that clients encrypt their ClientHello with,\n"
     "or None.", NULL},
    {"keylog_filename", sslb_context_get_keylog_filename,
     sslb_context_set_keylog_filename,
     "The file to which connections append their secrets, for debugging, or\n"
     "None.  OSError (2.7: IOError) if the file cannot be opened.", NULL},
    {"_msg_callback", sslb_context_get_msg_callback,
     sslb_context_set_msg_callback,
     "Called as f(connection, direction, version, content_type, msg_type,\n"
     "data) for each TLS message that is read or written; or None.", NULL},
    {"verify_callback", sslb_context_get_verify_callback,
     sslb_context_set_verify_callback,
     "Called as f(connection, certificate, error, depth, ok) for each\n"
     "accepted certificate of a chain and for each error.  It returns a\n"
     "bool: whether the verification goes on.  Or None.", NULL},
    {"ocsp_staple", sslb_context_get_ocsp_staple,
     sslb_context_set_ocsp_staple,
     "The OCSP response (DER) that servers send to clients that request one,\n"
     "or None.  SSLError, ValueError.", NULL},
    {"request_ocsp", sslb_context_get_request_ocsp,
     sslb_context_set_request_ocsp,
     "Whether clients request an OCSP response from the server.", NULL},
    {"ocsp_callback", sslb_context_get_ocsp_callback,
     sslb_context_set_ocsp_callback,
     "Called as f(connection, response or None) in a client's handshake.\n"
     "It returns a bool; False ends the handshake.  Or None.", NULL},
    {"_host_flags", sslb_context_get_host_flags, sslb_context_set_host_flags,
     "Flags of the host name check: HOSTFLAG_* flags.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject sslb_context_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_ssl._SSLContext",
    .tp_basicsize = sizeof(sslb_context),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE
        | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "The settings that connections share: certificates, trust, "
        "options.",
    .tp_new = context_new,
    .tp_dealloc = context_dealloc,
    .tp_traverse = context_traverse,
    .tp_clear = context_clear,
    .tp_weaklistoffset = offsetof(sslb_context, weakrefs),
    .tp_methods = context_methods,
    .tp_getset = context_getset,
};
