/* context_type.c: SSLContext: its life and its tables.

   Owns the SSL_CTX.  Each SSL_new() and whatever the methods do to a context
   run with the GIL held, and files are read before the context is touched; but
   a handshake, which reads the SSL_CTX, runs without the GIL: OpenSSL wants a
   context to be left alone once it is in use. */

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

/* The method and, for a protocol of one version, that version. */
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

/* Of one version, or of all but those that RFC 8996 has deprecated: for these
   minimum_version has to be set.  The system's OpenSSL configuration may ask
   for more. */
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
    /* All workarounds for broken peers but the one that brings BEAST back
       (CVE-2011-3389). */
    SSL_CTX_set_options(ctx, SSL_OP_ALL & ~SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS);
    SSL_CTX_set_options(ctx, SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION
                        | SSL_OP_CIPHER_SERVER_PREFERENCE
                        | SSL_OP_SINGLE_DH_USE | SSL_OP_SINGLE_ECDH_USE);
    /* A record a call, from wherever the caller's data lies by then: the
       connection counts what it has handed over.  And no 34 KiB of buffers
       for a connection that is idle. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                     | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                     | SSL_MODE_RELEASE_BUFFERS);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_TRUSTED_FIRST);
    self->host_flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    X509_VERIFY_PARAM_set_hostflags(param, self->host_flags);
    if (self->protocol == SSLB_PROTOCOL_TLS_CLIENT) {
        self->check_hostname = 1;
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER
                           | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
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
        sslb_queue_raise("no context could be made: see the system's "
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

    (void)kwargs;  /* subclasses take what they like */
    if (!PyArg_ParseTuple(args, "O:_SSLContext", &argument)
        || sslb_int_as_int(argument, &protocol) < 0) {
        return NULL;
    }
    return (PyObject *)context_make(type, protocol);
}

/* Of the same class, whose __new__ may want what nobody knows: it is not
   called. */
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
     "Allow these cipher suites up to TLS 1.2, in OpenSSL's notation:\n"
     "openssl-ciphers(1).  SSLError when none is left."},
    {"get_ciphers", sslb_context_get_ciphers, METH_NOARGS,
     "get_ciphers() -> list of dicts\n\n"
     "The cipher suites that are allowed, the preferred one first."},
    {"set_ciphersuites", sslb_context_set_ciphersuites, METH_O,
     "set_ciphersuites(names)\n\n"
     "Allow these cipher suites of TLS 1.3, with colons between them.\n"
     "SSLError when none of them is known."},
    {"set_groups", sslb_context_set_groups, METH_O,
     "set_groups(names)\n\n"
     "Allow these groups for key agreement, the preferred one first:\n"
     "SSL_CTX_set1_groups_list(3).  SSLError if one is not known."},
    {"get_groups", SSLB_KEYWORDS(sslb_context_get_groups),
     METH_VARARGS | METH_KEYWORDS,
     "get_groups(include_aliases=False) -> list of str\n\n"
     "The groups that could be allowed, within the TLS versions that are.\n"
     "NotImplementedError before OpenSSL 3.5."},
    {"set_client_sigalgs", sslb_context_set_client_sigalgs, METH_O,
     "set_client_sigalgs(names)\n\n"
     "Allow these signature algorithms for certificates of clients:\n"
     "SSL_CTX_set1_client_sigalgs_list(3).  SSLError if one is not known."},
    {"set_server_sigalgs", sslb_context_set_server_sigalgs, METH_O,
     "set_server_sigalgs(names)\n\n"
     "Allow these signature algorithms for certificates of servers:\n"
     "SSL_CTX_set1_sigalgs_list(3).  SSLError if one is not known."},
    {"set_psk_client_callback",
     SSLB_KEYWORDS(sslb_context_set_psk_client_callback),
     METH_VARARGS | METH_KEYWORDS,
     "set_psk_client_callback(callback)\n\n"
     "Use pre-shared keys: callback(hint or None) returns (identity or None,\n"
     "key), which can be 255 and 256 bytes long at least; an empty key\n"
     "refuses.  None switches it off."},
    {"set_psk_server_callback",
     SSLB_KEYWORDS(sslb_context_set_psk_server_callback),
     METH_VARARGS | METH_KEYWORDS,
     "set_psk_server_callback(callback, identity_hint=None)\n\n"
     "Use pre-shared keys: callback(identity or None) returns the key, which\n"
     "can be 256 bytes long at least; an empty key refuses.  None switches\n"
     "it off.  TLS 1.2 tells clients the hint, TLS 1.3 has none."},
    {"load_cert_chain", SSLB_KEYWORDS(sslb_context_load_cert_chain),
     METH_VARARGS | METH_KEYWORDS,
     "load_cert_chain(certfile, keyfile=None, password=None)\n\n"
     "Load our certificate, the intermediate ones behind it, and the private\n"
     "key (from certfile unless keyfile is given), all as PEM.  Each file is\n"
     "a path or an object whose read() returns text or bytes; it is called\n"
     "once, also where one object is both, and the object is not closed.\n"
     "password is text, bytes or a callable that returns one, at most 1024\n"
     "bytes; asked for only if the key is encrypted.\n"
     "OSError (2.7: IOError), SSLError, and what read() raises."},
    {"load_pkcs12", SSLB_KEYWORDS(sslb_context_load_pkcs12),
     METH_VARARGS | METH_KEYWORDS,
     "load_pkcs12(source, password=None)\n\n"
     "Load our certificate, its private key and the chain from PKCS #12:\n"
     "source is a path or an object whose read() returns bytes.  CA\n"
     "certificates in it are sent along, and not trusted.  password is text,\n"
     "bytes or a callable that returns one, at most 1024 bytes; None is an\n"
     "empty one.  OSError (2.7: IOError), SSLError, and what read() raises."},
    {"load_ech_keys", SSLB_KEYWORDS(sslb_context_load_ech_keys),
     METH_VARARGS | METH_KEYWORDS,
     "load_ech_keys(source, for_retry=True)\n\n"
     "Add a private key and its ECHConfigList (PEM, RFC 9934), from a path\n"
     "or an object with read(), for a server to decrypt ClientHellos with.\n"
     "for_retry: whether clients with an old list are told this one.\n"
     "OSError (2.7: IOError), SSLError; NotImplementedError before OpenSSL\n"
     "4.0."},
    {"load_dh_params", sslb_context_load_dh_params, METH_O,
     "load_dh_params(path)\n\n"
     "Load the parameters of Diffie-Hellman key exchange (PEM)."},
    {"load_verify_locations",
     SSLB_KEYWORDS(sslb_context_load_verify_locations),
     METH_VARARGS | METH_KEYWORDS,
     "load_verify_locations(cafile=None, capath=None, cadata=None)\n\n"
     "Trust the certificates of a PEM file, of a folder of hashed names, or\n"
     "of data: text is PEM, bytes are DER (on 2.7: PEM if they look so).\n"
     "cafile is a path or an object whose read() returns text or bytes; it\n"
     "is called once, and the object not closed."},
    {"set_default_verify_paths", sslb_context_set_default_verify_paths,
     METH_NOARGS,
     "set_default_verify_paths()\n\n"
     "Trust what is in OpenSSL's own places, if there is anything."},
    {"cert_store_stats", sslb_context_cert_store_stats, METH_NOARGS,
     "cert_store_stats() -> dict\n\n"
     "How many certificates (x509), CAs among them (x509_ca) and revocation\n"
     "lists (crl) are loaded."},
    {"get_ca_certs", SSLB_KEYWORDS(sslb_context_get_ca_certs),
     METH_VARARGS | METH_KEYWORDS,
     "get_ca_certs(binary_form=False) -> list\n\n"
     "The CA certificates that are loaded, as dicts or as DER."},
    {"session_from_bytes", sslb_session_from_bytes, METH_O,
     "session_from_bytes(data) -> SSLSession\n\n"
     "The session whose to_bytes() gave the data (bytes-like), for a\n"
     "connection of this context.  Whoever can write the data can pass for\n"
     "the server.  ValueError for other data, for a session that has\n"
     "expired, and where the context has other settings than the session's:\n"
     "what it verifies by, its own certificate, versions, ciphers, options."},
    {"session_stats", sslb_context_session_stats, METH_NOARGS,
     "session_stats() -> dict\n\nOpenSSL's counts of handshakes and of "
     "sessions."},
    {"set_ecdh_curve", sslb_context_set_ecdh_curve, METH_O,
     "set_ecdh_curve(name)\n\nUse this one curve for key exchange."},
    {"set_servername_callback",
     SSLB_KEYWORDS(sslb_context_set_servername_callback),
     METH_VARARGS | METH_KEYWORDS,
     "set_servername_callback(server_name_callback)\n\n"
     "Call it with (connection, server_name or None, context) when a client\n"
     "has named the server it wants; None switches it off."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef context_getset[] = {
    {"options", sslb_context_get_options, sslb_context_set_options,
     "OP_* flags.", NULL},
    {"verify_flags", sslb_context_get_verify_flags,
     sslb_context_set_verify_flags,
     "VERIFY_* flags.", NULL},
    {"verify_mode", sslb_context_get_verify_mode, sslb_context_set_verify_mode,
     "CERT_NONE, CERT_OPTIONAL or CERT_REQUIRED.", NULL},
    {"check_hostname", sslb_context_get_check_hostname,
     sslb_context_set_check_hostname,
     "Whether the certificate must be valid for server_hostname.", NULL},
    {"protocol", sslb_context_get_protocol, NULL,
     "The PROTOCOL_* number that the context was made with.", NULL},
    {"post_handshake_auth", sslb_context_get_post_handshake_auth,
     sslb_context_set_post_handshake_auth,
     "Whether TLS 1.3 may ask for a certificate after the handshake.", NULL},
    {"sni_callback", sslb_context_get_sni_callback,
     sslb_context_set_sni_callback,
     "See set_servername_callback().", NULL},
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
     "of a name, 32 for HMAC-SHA-256, 32 for AES-256).  The first one\n"
     "encrypts, all decrypt; () is OpenSSL's own key.  Can be set to a\n"
     "sequence of at most 64, for new connections: TypeError, ValueError.",
     NULL},
    {"client_sessions", sslb_context_get_client_sessions,
     sslb_context_set_client_sessions,
     "How many sessions are kept, for clients to resume; 0: none.  Can be\n"
     "set to 10000 at most, which begins anew: TypeError, ValueError.", NULL},
    {"security_level", sslb_context_get_security_level, NULL,
     "OpenSSL's security level, 0 to 5.", NULL},
    {"ech_config_list", sslb_context_get_ech_config_list,
     sslb_context_set_ech_config_list,
     "The ECHConfigList (bytes) that clients encrypt their ClientHello by,\n"
     "or None.", NULL},
    {"keylog_filename", sslb_context_get_keylog_filename,
     sslb_context_set_keylog_filename,
     "The file that secrets are appended to, for a debugger, or None.", NULL},
    {"_msg_callback", sslb_context_get_msg_callback,
     sslb_context_set_msg_callback,
     "Called for every message of the protocol, or None.", NULL},
    {"verify_callback", sslb_context_get_verify_callback,
     sslb_context_set_verify_callback,
     "Called as f(connection, certificate, error, depth, ok) for each step\n"
     "of the verification of a chain; its bool is the step's result.  Or\n"
     "None.",
     NULL},
    {"ocsp_staple", sslb_context_get_ocsp_staple,
     sslb_context_set_ocsp_staple,
     "The OCSP response (DER) that servers show to clients who ask, or None.",
     NULL},
    {"request_ocsp", sslb_context_get_request_ocsp,
     sslb_context_set_request_ocsp,
     "Whether clients ask the server for an OCSP response.", NULL},
    {"ocsp_callback", sslb_context_get_ocsp_callback,
     sslb_context_set_ocsp_callback,
     "Called as f(connection, response or None) in a client's handshake;\n"
     "False ends it.  Or None.", NULL},
    {"_host_flags", sslb_context_get_host_flags, sslb_context_set_host_flags,
     "HOSTFLAG_* flags.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject sslb_context_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_ssl._SSLContext",
    .tp_basicsize = sizeof(sslb_context),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE
        | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "What connections have in common: certificates, trust, "
        "options.",
    .tp_new = context_new,
    .tp_dealloc = context_dealloc,
    .tp_traverse = context_traverse,
    .tp_clear = context_clear,
    .tp_weaklistoffset = offsetof(sslb_context, weakrefs),
    .tp_methods = context_methods,
    .tp_getset = context_getset,
};
