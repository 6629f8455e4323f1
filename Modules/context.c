/* context.c: SSLContext: its life, its options, getters and setters.

   Owns the SSL_CTX.  Everything here, and each SSL_new(), runs with the GIL
   held, and files are read before the context is touched; but a handshake,
   which reads the SSL_CTX, runs without the GIL: OpenSSL wants a context to
   be left alone once it is in use.  A setter that fails has changed
   nothing. */

#include "sslb.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* The numbers of the PROTOCOL_* constants; SSLv2 and SSLv3 are gone. */
enum {
    PROTOCOL_TLS = 2,
    PROTOCOL_TLSV1 = 3,
    PROTOCOL_TLSV1_1 = 4,
    PROTOCOL_TLSV1_2 = 5,
    PROTOCOL_TLS_CLIENT = 16,
    PROTOCOL_TLS_SERVER = 17,
};

/* TLSVersion's two ends, which OpenSSL both writes as 0. */
enum {
    MINIMUM_SUPPORTED = -2,
    MAXIMUM_SUPPORTED = -1,
};

/* CERT_NONE, CERT_OPTIONAL and CERT_REQUIRED as OpenSSL's flags. */
static const int verify_modes[] = {
    SSL_VERIFY_NONE,
    SSL_VERIFY_PEER,
    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
};

enum { CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED };

static SSL_CTX *
ctx_of(PyObject *self)
{
    return ((sslb_context *)self)->ctx;
}

/* -- life ------------------------------------------------------------- */

/* The method and, for a protocol of one version, that version. */
static const SSL_METHOD *
method_of_protocol(int protocol, int *version)
{
    *version = 0;
    switch (protocol) {
    case PROTOCOL_TLS:
        return TLS_method();
    case PROTOCOL_TLS_CLIENT:
        return TLS_client_method();
    case PROTOCOL_TLS_SERVER:
        return TLS_server_method();
    case PROTOCOL_TLSV1:
        *version = TLS1_VERSION;
        return TLS_method();
    case PROTOCOL_TLSV1_1:
        *version = TLS1_1_VERSION;
        return TLS_method();
    case PROTOCOL_TLSV1_2:
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
    if (self->protocol == PROTOCOL_TLS_CLIENT) {
        self->check_hostname = 1;
        SSL_CTX_set_verify(ctx, verify_modes[CERT_REQUIRED], NULL);
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
        || !sslb_callbacks_attach(self)) {
        sslb_queue_raise("no context could be made: see the system's "
                         "OpenSSL configuration", __LINE__);
        Py_DECREF(self);
        return NULL;
    }
    sslb_callbacks_verify_attach(self);
    sslb_ocsp_attach(self);
    if (protocol != PROTOCOL_TLS_SERVER) {
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

void
sslb_context_take(sslb_context *context)
{
    sslb_guard_check_fork(&context->guard);
    Py_BEGIN_ALLOW_THREADS
    sslb_guard_take_nogil(&context->guard);
    Py_END_ALLOW_THREADS
    ERR_clear_error();
}

void
sslb_context_share(sslb_context *context)
{
    sslb_guard_check_fork(&context->guard);
    Py_BEGIN_ALLOW_THREADS
    sslb_guard_share_nogil(&context->guard);
    Py_END_ALLOW_THREADS
    ERR_clear_error();
}

void
sslb_context_release(sslb_context *context)
{
    sslb_guard_release_nogil(&context->guard);
}

int
sslb_context_lacks_side(const sslb_context *context, int server_side)
{
    return context->protocol == (server_side ? PROTOCOL_TLS_CLIENT
                                             : PROTOCOL_TLS_SERVER);
}

/* -- connections ------------------------------------------------------ */

/* The way in of 2.7, which eventlet takes: the owner has the host name that is
   not given. */
static PyObject *
wrap_for(PyObject *self, PyObject *socket, int server_side,
         PyObject *hostname, PyObject *owner, PyObject *session)
{
    PyObject *found = NULL, *result;

    if (!server_side && (hostname == NULL || hostname == Py_None)) {
        found = PyObject_GetAttrString(owner, "server_hostname");
        if (found == NULL) {
            PyErr_Clear();
        }
        hostname = found;
    }
    result = sslb_connection_new((sslb_context *)self, socket, NULL, NULL,
                                 server_side, hostname, owner, session);
    Py_XDECREF(found);
    return result;
}

/* What comes by name only in Python 3: 0, or -1 with a TypeError.  2.7's
   PyArg_ParseTupleAndKeywords() has no sign for it. */
static int
check_positional(PyObject *args, Py_ssize_t most, const char *name)
{
    if (PyTuple_GET_SIZE(args) <= most) {
        return 0;
    }
    PyErr_Format(PyExc_TypeError,
                 "%s() takes at most %d positional arguments", name,
                 (int)most);
    return -1;
}

static PyObject *
context_wrap_socket(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"sock", "server_side", "server_hostname",
                               "owner", "session", "ssl_sock", NULL};
    PyObject *socket, *hostname = NULL, *owner = NULL, *session = NULL;
    PyObject *side, *ssl_sock = NULL;
    int server_side, is_socket;

    if (check_positional(args, 3, "_wrap_socket") < 0
        || !PyArg_ParseTupleAndKeywords(args, kwargs, "OO|OOOO:_wrap_socket",
                                        keywords, &socket, &side, &hostname,
                                        &owner, &session, &ssl_sock)
        || (server_side = PyObject_IsTrue(side)) < 0
        || (is_socket = sslb_socket_check(socket)) < 0) {
        return NULL;
    }
    if (!is_socket) {
        PyErr_Format(PyExc_TypeError, "_wrap_socket() argument 'sock' must "
                     "be _socket.socket, not %.200s",
                     Py_TYPE(socket)->tp_name);
        return NULL;
    }
    if (ssl_sock != NULL && ssl_sock != Py_None) {
        return wrap_for(self, socket, server_side, hostname, ssl_sock,
                        session);
    }
    return sslb_connection_new((sslb_context *)self, socket, NULL, NULL,
                               server_side, hostname, owner, session);
}

static PyObject *
context_wrap_bio(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"incoming", "outgoing", "server_side",
                               "server_hostname", "owner", "session", NULL};
    PyObject *incoming, *outgoing, *hostname = NULL;
    PyObject *owner = NULL, *session = NULL, *side;
    int server_side;

    if (check_positional(args, 4, "_wrap_bio") < 0
        || !PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!O|OOO:_wrap_bio",
                                        keywords, &sslb_membio_type,
                                        &incoming, &sslb_membio_type,
                                        &outgoing, &side, &hostname, &owner,
                                        &session)
        || (server_side = PyObject_IsTrue(side)) < 0) {
        return NULL;
    }
    return sslb_connection_new((sslb_context *)self, NULL, incoming,
                               outgoing, server_side, hostname, owner,
                               session);
}

/* -- application protocols, statistics --------------------------------- */

static PyObject *
context_set_alpn_protocols(PyObject *self, PyObject *protocols)
{
    if (sslb_callbacks_set_alpn((sslb_context *)self, protocols) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* OpenSSL negotiates no NPN any more: the argument is looked at, so that a
   wrong one is found, and no more (HAS_NPN is False). */
static PyObject *
context_set_npn_protocols(PyObject *self, PyObject *protocols)
{
    Py_buffer view;

    (void)self;
    if (sslb_buffer_get(protocols, &view) < 0) {
        return NULL;
    }
    PyBuffer_Release(&view);
    Py_RETURN_NONE;
}

static PyObject *
context_session_stats(PyObject *self, PyObject *none)
{
    SSL_CTX *ctx = ctx_of(self);

    (void)none;
    return Py_BuildValue(
        "{sN sN sN sN sN sN sN sN sN sN sN}",
        "number", sslb_int_new(SSL_CTX_sess_number(ctx)),
        "connect", sslb_int_new(SSL_CTX_sess_connect(ctx)),
        "connect_good", sslb_int_new(SSL_CTX_sess_connect_good(ctx)),
        "connect_renegotiate",
        sslb_int_new(SSL_CTX_sess_connect_renegotiate(ctx)),
        "accept", sslb_int_new(SSL_CTX_sess_accept(ctx)),
        "accept_good", sslb_int_new(SSL_CTX_sess_accept_good(ctx)),
        "accept_renegotiate",
        sslb_int_new(SSL_CTX_sess_accept_renegotiate(ctx)),
        "hits", sslb_int_new(SSL_CTX_sess_hits(ctx)),
        "misses", sslb_int_new(SSL_CTX_sess_misses(ctx)),
        "timeouts", sslb_int_new(SSL_CTX_sess_timeouts(ctx)),
        "cache_full", sslb_int_new(SSL_CTX_sess_cache_full(ctx)));
}

/* -- attributes ------------------------------------------------------- */

static PyObject *
context_get_options(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_from_unsigned(SSL_CTX_get_options(ctx_of(self)));
}

/* Options live in 32 bits for OpenSSL 1.1.1, in 64 for 3.0. */
static int
context_set_options(PyObject *self, PyObject *value, void *closure)
{
    SSL_CTX *ctx = ctx_of(self);
    unsigned long long wanted, current = SSL_CTX_get_options(ctx);

    (void)closure;
    if (sslb_refuse_deletion(value, "options") < 0
        || sslb_int_as_unsigned(value, &wanted) < 0) {
        return -1;
    }
    SSL_CTX_clear_options(ctx, current & ~wanted);
    SSL_CTX_set_options(ctx, wanted & ~current);
    return 0;
}

static PyObject *
context_get_verify_flags(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_from_unsigned(
        X509_VERIFY_PARAM_get_flags(SSL_CTX_get0_param(ctx_of(self))));
}

static int
context_set_verify_flags(PyObject *self, PyObject *value, void *closure)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx_of(self));
    unsigned long current = X509_VERIFY_PARAM_get_flags(param);
    unsigned long long wanted;

    (void)closure;
    if (sslb_refuse_deletion(value, "verify_flags") < 0
        || sslb_int_as_unsigned(value, &wanted) < 0) {
        return -1;
    }
    if (wanted > ULONG_MAX) {
        PyErr_SetString(PyExc_OverflowError, "verify_flags is too large");
        return -1;
    }
    X509_VERIFY_PARAM_clear_flags(param, current & ~(unsigned long)wanted);
    X509_VERIFY_PARAM_set_flags(param, (unsigned long)wanted & ~current);
    return 0;
}

static int
current_verify_mode(PyObject *self)
{
    int mode = SSL_CTX_get_verify_mode(ctx_of(self));

    if (!(mode & SSL_VERIFY_PEER)) {
        return CERT_NONE;
    }
    return mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT ? CERT_REQUIRED
                                                  : CERT_OPTIONAL;
}

static PyObject *
context_get_verify_mode(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_new(current_verify_mode(self));
}

static int
context_set_verify_mode(PyObject *self, PyObject *value, void *closure)
{
    int mode;

    (void)closure;
    if (sslb_refuse_deletion(value, "verify_mode") < 0
        || sslb_int_as_int(value, &mode) < 0) {
        return -1;
    }
    if (mode < CERT_NONE || mode > CERT_REQUIRED) {
        PyErr_SetString(PyExc_ValueError, "invalid value for verify_mode");
        return -1;
    }
    if (mode == CERT_NONE && ((sslb_context *)self)->check_hostname) {
        PyErr_SetString(PyExc_ValueError, "Cannot set verify_mode to "
                        "CERT_NONE when check_hostname is enabled.");
        return -1;
    }
    SSL_CTX_set_verify(ctx_of(self), verify_modes[mode], NULL);
    return 0;
}

static PyObject *
context_get_check_hostname(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(((sslb_context *)self)->check_hostname);
}

static int
context_set_check_hostname(PyObject *self, PyObject *value, void *closure)
{
    int wanted;

    (void)closure;
    if (sslb_refuse_deletion(value, "check_hostname") < 0) {
        return -1;
    }
    wanted = PyObject_IsTrue(value);
    if (wanted < 0) {
        return -1;
    }
    /* A name is worth nothing in a certificate that nobody verified (3.7). */
    if (wanted && current_verify_mode(self) == CERT_NONE) {
        SSL_CTX_set_verify(ctx_of(self), verify_modes[CERT_REQUIRED], NULL);
    }
    ((sslb_context *)self)->check_hostname = wanted;
    return 0;
}

static PyObject *
context_get_protocol(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_new(((sslb_context *)self)->protocol);
}

static PyObject *
context_get_post_handshake_auth(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(((sslb_context *)self)->post_handshake_auth);
}

/* Takes effect where a connection is made: on a client it must not switch
   verification on (bpo-37428). */
static int
context_set_post_handshake_auth(PyObject *self, PyObject *value,
                                void *closure)
{
    int wanted;

    (void)closure;
    if (sslb_refuse_deletion(value, "post_handshake_auth") < 0
        || (wanted = PyObject_IsTrue(value)) < 0) {
        return -1;
    }
    ((sslb_context *)self)->post_handshake_auth = wanted;
    return 0;
}

static PyObject *
context_get_host_flags(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_from_unsigned(((sslb_context *)self)->host_flags);
}

static int
context_set_host_flags(PyObject *self, PyObject *value, void *closure)
{
    unsigned long long flags;

    (void)closure;
    if (sslb_refuse_deletion(value, "_host_flags") < 0
        || sslb_int_as_unsigned(value, &flags) < 0) {
        return -1;
    }
    if (flags > UINT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "_host_flags is too large");
        return -1;
    }
    ((sslb_context *)self)->host_flags = (unsigned int)flags;
    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(ctx_of(self)),
                                    (unsigned int)flags);
    return 0;
}

static PyObject *
context_get_sni_callback(PyObject *self, void *closure)
{
    PyObject *callback = ((sslb_context *)self)->sni_callback;

    (void)closure;
    return Py_NewRef(callback != NULL ? callback : Py_None);
}

static int
context_set_sni_callback(PyObject *self, PyObject *value, void *closure)
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
    return sslb_callbacks_set_sni((sslb_context *)self, value);
}

static PyObject *
context_set_servername_callback(PyObject *self, PyObject *args,
                                PyObject *kwargs)
{
    static char *keywords[] = {"server_name_callback", NULL};
    PyObject *callback;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs,
                                     "O:set_servername_callback", keywords,
                                     &callback)
        || sslb_callbacks_check_sni(callback) < 0
        || context_set_sni_callback(self, callback, NULL) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* -- version bounds --------------------------------------------------- */

/* A protocol of one version has none that one can see or set: OpenSSL's
   methods for it have none either. */
static int
has_bounds(PyObject *self)
{
    int protocol = ((sslb_context *)self)->protocol;

    return protocol == PROTOCOL_TLS || protocol == PROTOCOL_TLS_CLIENT
        || protocol == PROTOCOL_TLS_SERVER;
}

static PyObject *
context_get_minimum_version(PyObject *self, void *closure)
{
    long version = SSL_CTX_get_min_proto_version(ctx_of(self));

    (void)closure;
    return sslb_int_new(version != 0 && has_bounds(self) ? version
                                                         : MINIMUM_SUPPORTED);
}

static PyObject *
context_get_maximum_version(PyObject *self, void *closure)
{
    long version = SSL_CTX_get_max_proto_version(ctx_of(self));

    (void)closure;
    return sslb_int_new(version != 0 && has_bounds(self) ? version
                                                         : MAXIMUM_SUPPORTED);
}

/* Whichever end is named for whichever bound: OpenSSL's 0 stands for the end
   that fits the bound, the other one is a version. */
static int
context_set_bound(PyObject *self, PyObject *value, int is_minimum)
{
    sslb_context *context = (sslb_context *)self;
    int version, rc;

    if (sslb_refuse_deletion(value, is_minimum ? "minimum_version"
                                          : "maximum_version") < 0
        || sslb_int_as_int(value, &version) < 0) {
        return -1;
    }
    if (!has_bounds(self)) {
        PyErr_SetString(PyExc_ValueError, "The context's protocol does not "
                        "support modification of highest and lowest "
                        "version.");
        return -1;
    }
    if (version == (is_minimum ? MINIMUM_SUPPORTED : MAXIMUM_SUPPORTED)) {
        version = 0;
    }
    else if (version == MINIMUM_SUPPORTED) {
        version = TLS1_VERSION;
    }
    else if (version == MAXIMUM_SUPPORTED) {
        version = TLS1_3_VERSION;
    }
    else if (version != SSL3_VERSION && version != TLS1_VERSION
             && version != TLS1_1_VERSION && version != TLS1_2_VERSION
             && version != TLS1_3_VERSION) {
        PyErr_Format(PyExc_ValueError,
                     "Unsupported TLS/SSL version 0x%x",
                     (unsigned int)version);
        return -1;
    }
    ERR_clear_error();
    rc = is_minimum
        ? SSL_CTX_set_min_proto_version(context->ctx, version)
        : SSL_CTX_set_max_proto_version(context->ctx, version);
    if (!rc) {
        ERR_clear_error();
        PyErr_Format(PyExc_ValueError, "Unsupported protocol version 0x%x",
                     (unsigned int)version);
        return -1;
    }
    return 0;
}

static int
context_set_minimum_version(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    return context_set_bound(self, value, 1);
}

static int
context_set_maximum_version(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    return context_set_bound(self, value, 0);
}

static PyObject *
context_get_num_tickets(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_from_unsigned(SSL_CTX_get_num_tickets(ctx_of(self)));
}

static int
context_set_num_tickets(PyObject *self, PyObject *value, void *closure)
{
    long count;

    (void)closure;
    if (sslb_refuse_deletion(value, "num_tickets") < 0
        || sslb_int_as_long(value, &count) < 0) {
        return -1;
    }
    if (count < 0) {
        PyErr_SetString(PyExc_ValueError, "value must be non-negative");
        return -1;
    }
    if (((sslb_context *)self)->protocol != PROTOCOL_TLS_SERVER) {
        PyErr_SetString(PyExc_ValueError,
                        "SSLContext is not a server context.");
        return -1;
    }
    if (!SSL_CTX_set_num_tickets(ctx_of(self), (size_t)count)) {
        PyErr_SetString(PyExc_ValueError, "failed to set num tickets.");
        return -1;
    }
    return 0;
}

static PyObject *
context_get_security_level(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_new(SSL_CTX_get_security_level(ctx_of(self)));
}

/* -- the type --------------------------------------------------------- */

static PyMethodDef context_methods[] = {
    SSLB_REFUSE_COPIES,
    {"_copy", context_copy, METH_NOARGS, NULL},
    {"_wrap_socket", SSLB_KEYWORDS(context_wrap_socket),
     METH_VARARGS | METH_KEYWORDS, NULL},
    {"_wrap_bio", SSLB_KEYWORDS(context_wrap_bio),
     METH_VARARGS | METH_KEYWORDS, NULL},
    {"_set_alpn_protocols", context_set_alpn_protocols, METH_O, NULL},
    {"_set_npn_protocols", context_set_npn_protocols, METH_O, NULL},
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
    {"session_stats", context_session_stats, METH_NOARGS,
     "session_stats() -> dict\n\nOpenSSL's counts of handshakes and of "
     "sessions."},
    {"set_ecdh_curve", sslb_context_set_ecdh_curve, METH_O,
     "set_ecdh_curve(name)\n\nUse this one curve for key exchange."},
    {"set_servername_callback",
     SSLB_KEYWORDS(context_set_servername_callback),
     METH_VARARGS | METH_KEYWORDS,
     "set_servername_callback(server_name_callback)\n\n"
     "Call it with (connection, server_name or None, context) when a client\n"
     "has named the server it wants; None switches it off."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef context_getset[] = {
    {"options", context_get_options, context_set_options,
     "OP_* flags.", NULL},
    {"verify_flags", context_get_verify_flags, context_set_verify_flags,
     "VERIFY_* flags.", NULL},
    {"verify_mode", context_get_verify_mode, context_set_verify_mode,
     "CERT_NONE, CERT_OPTIONAL or CERT_REQUIRED.", NULL},
    {"check_hostname", context_get_check_hostname,
     context_set_check_hostname,
     "Whether the certificate must be valid for server_hostname.", NULL},
    {"protocol", context_get_protocol, NULL,
     "The PROTOCOL_* number that the context was made with.", NULL},
    {"post_handshake_auth", context_get_post_handshake_auth,
     context_set_post_handshake_auth,
     "Whether TLS 1.3 may ask for a certificate after the handshake.", NULL},
    {"sni_callback", context_get_sni_callback, context_set_sni_callback,
     "See set_servername_callback().", NULL},
    {"minimum_version", context_get_minimum_version,
     context_set_minimum_version, "The lowest TLS version allowed.", NULL},
    {"maximum_version", context_get_maximum_version,
     context_set_maximum_version, "The highest TLS version allowed.", NULL},
    {"num_tickets", context_get_num_tickets, context_set_num_tickets,
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
    {"security_level", context_get_security_level, NULL,
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
    {"_host_flags", context_get_host_flags, context_set_host_flags,
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
