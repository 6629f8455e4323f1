/* connection_type.c: _SSLSocket, one TLS connection over a socket or
   MemoryBIOs.

   Owns the SSL from its creation to its end, the plain attributes, and the
   type's tables.  operations.c has the operations that may wait for the peer,
   negotiated.c the getters, connection_context.c and connection_session.c the
   attributes context and session. */

#include "connection_type.h"
#include "client_sessions.h"
#include "connection.h"
#include "connection_context.h"
#include "connection_session.h"
#include "ech.h"
#include "ech_connection.h"
#include "errors.h"
#include "hints.h"
#include "judges.h"
#include "lock.h"
#include "membio.h"
#include "negotiated.h"
#include "ocsp.h"
#include "opensslcompat.h"
#include "operations.h"
#include "reading.h"
#include "sockets.h"
#include "ticket_keys.h"
#include "transport.h"
#include "verification.h"
#include "writing.h"

#include <stddef.h>

/* -- life ------------------------------------------------------------- */

/* Raises SSLError if the context is for the other side only; the message
   contains the texts of Python 3.10 and of earlier versions.  0 or -1. */
static int
check_side(const sslb_context *context, int server_side)
{
    if (sslb_context_lacks_side(context, server_side)) {
        sslb_error_raise(sslb_errors.error, 0, server_side
                         ? "Cannot create a server socket with a "
                           "PROTOCOL_TLS_CLIENT context: called a function "
                           "you should not call"
                         : "Cannot create a client socket with a "
                           "PROTOCOL_TLS_SERVER context: called a function "
                           "you should not call", __LINE__);
        return -1;
    }
    return 0;
}

/* Raises ValueError if the arguments contradict each other or the context: 0
   or -1. */
static int
check_arguments(const sslb_context *context, int server_side,
                PyObject *server_hostname, PyObject *session)
{
    const char *complaint = NULL;

    if (server_side && server_hostname != NULL) {
        complaint = "server_hostname can only be specified in client mode";
    }
    else if (server_side && session != NULL) {
        complaint = "session can only be specified in client mode";
    }
    else if (!server_side && server_hostname == NULL
             && context->check_hostname) {
        complaint = "check_hostname requires server_hostname";
    }
    if (complaint != NULL) {
        PyErr_SetString(PyExc_ValueError, complaint);
        return -1;
    }
    return 0;
}

static int
use_socket(sslb_connection *self, PyObject *socket)
{
    BIO *bio;
    long fd;

    if (sslb_socket_descriptor(socket, &fd) < 0) {
        return -1;
    }
    self->socket = sslb_reference_new(socket);
    if (self->socket == NULL) {
        return -1;
    }
    bio = sslb_transport_new((int)fd, sslb_wants_kernel_tls(self->ssl),
                             &self->transport);
    if (bio == NULL) {
        ERR_clear_error();
        PyErr_NoMemory();
        return -1;
    }
    SSL_set_bio(self->ssl, bio, bio);
    return 0;
}

static void
use_membios(sslb_connection *self, PyObject *incoming, PyObject *outgoing)
{
    BIO *in = ((sslb_membio *)incoming)->bio;
    BIO *out = ((sslb_membio *)outgoing)->bio;

    BIO_up_ref(in);
    SSL_set0_rbio(self->ssl, in);
    BIO_up_ref(out);
    SSL_set0_wbio(self->ssl, out);
}

/* Called with a weak reference to the connection when its owner no longer
   exists. */
static PyObject *
owner_is_gone(PyObject *reference, PyObject *owner)
{
    PyObject *self;

    (void)owner;
    if (PyWeakref_GetRef(reference, &self) < 0) {
        return NULL;
    }
    if (self != NULL) {
        sslb_connection_give_up_socket((sslb_connection *)self);
        Py_DECREF(self);
    }
    Py_RETURN_NONE;
}

static PyMethodDef owner_is_gone_method = {
    "owner_is_gone", owner_is_gone, METH_O, NULL,
};

/* Returns a weak reference to the owner.  On 2.7 the connection may hold a
   strong reference to the socket, which ends with the owner: otherwise a
   program that still refers to the connection would keep the socket open. */
static PyObject *
owner_reference_new(sslb_connection *self, PyObject *owner)
{
    PyObject *reference, *callback, *result = NULL;

    if (self->socket == NULL || !sslb_reference_is_strong(self->socket)) {
        return PyWeakref_NewRef(owner, NULL);
    }
    reference = PyWeakref_NewRef((PyObject *)self, NULL);
    if (reference == NULL) {
        return NULL;
    }
    callback = PyCFunction_New(&owner_is_gone_method, reference);
    Py_DECREF(reference);
    if (callback != NULL) {
        result = PyWeakref_NewRef(owner, callback);
        Py_DECREF(callback);
    }
    return result;
}

/* `owner` may be NULL or None: no owner.  0, or -1 with an exception. */
static int
set_owner(sslb_connection *self, PyObject *owner)
{
    PyObject *reference = NULL, *old;

    if (owner != NULL && owner != Py_None) {
        reference = owner_reference_new(self, owner);
        if (reference == NULL) {
            return -1;
        }
    }
    old = self->owner;      /* read it after the allocation, which may have
                               run Python code */
    self->owner = reference;
    Py_XDECREF(old);
    return 0;
}

/* Sets up a connection that has its SSL and its BIOs: 0, or -1 with an
   exception. */
static int
connection_configure(sslb_connection *self, PyObject *server_hostname,
                     PyObject *owner, PyObject *session)
{
    /* No Python code may run between these two calls: it could change the
       judges or the checks of the context. */
    self->judges = sslb_judges_copy(self->context);
    if (sslb_verification_begin(self) < 0 || sslb_ech_begin(self) < 0
        || (server_hostname != NULL
            && sslb_verification_set_host(self, server_hostname) < 0)
        || set_owner(self, owner) < 0
        || (session != NULL
            && sslb_connection_set_session((PyObject *)self, session,
                                      NULL) < 0)) {
        return -1;
    }
    if (self->server_side) {
        sslb_refuse_renegotiation(self->ssl);
        SSL_set_accept_state(self->ssl);
    }
    else {
        sslb_client_sessions_begin(self);
        SSL_set_connect_state(self->ssl);
    }
    return 0;
}

/* Returns NULL for None. */
static PyObject *
given(PyObject *argument)
{
    return argument != Py_None ? argument : NULL;
}

PyObject *
sslb_connection_new(sslb_context *context, PyObject *socket,
                    PyObject *incoming, PyObject *outgoing, int server_side,
                    PyObject *server_hostname, PyObject *owner,
                    PyObject *session)
{
    sslb_connection *self;

    server_hostname = given(server_hostname);
    session = given(session);
    if (check_arguments(context, server_side, server_hostname, session) < 0
        || check_side(context, server_side) < 0) {
        return NULL;
    }
    self = (sslb_connection *)sslb_connection_type.tp_alloc(
        &sslb_connection_type, 0);
    if (self == NULL) {
        return NULL;
    }
    if (sslb_lock_init(&self->lock) < 0) {
        goto error;
    }
    self->has_lock = 1;
    sslb_guard_check_fork(&context->guard);
    self->context = (sslb_context *)Py_NewRef((PyObject *)context);
    self->server_side = server_side != 0;
    ERR_clear_error();
    self->ssl = SSL_new(context->ctx);
    if (self->ssl == NULL
        || !sslb_connection_attach(self)
        || !sslb_ticket_keys_attach(self->ssl, context)) {
        sslb_queue_raise("the connection cannot be created", __LINE__);
        goto error;
    }
    if (socket == NULL) {
        use_membios(self, incoming, outgoing);
    }
    else if (use_socket(self, socket) < 0) {
        goto error;
    }
    if (connection_configure(self, server_hostname, owner, session) < 0) {
        goto error;
    }
    return (PyObject *)self;

error:
    Py_DECREF(self);
    return NULL;
}

static int
connection_traverse(PyObject *object, visitproc visit, void *arg)
{
    sslb_connection *self = (sslb_connection *)object;

    Py_VISIT(self->socket);
    Py_VISIT(self->owner);
    Py_VISIT(self->context);
    return sslb_judges_traverse(&self->judges, visit, arg);
}

/* Closes the connection, which must not accept a peer without its judges. */
static int
connection_clear(PyObject *object)
{
    sslb_connection *self = (sslb_connection *)object;

    self->closed = 1;
    sslb_judges_clear(&self->judges);
    return 0;
}

static void
connection_dealloc(PyObject *object)
{
    sslb_connection *self = (sslb_connection *)object;

    PyObject_GC_UnTrack(object);
    if (self->weakrefs != NULL) {
        PyObject_ClearWeakRefs(object);
    }
    sslb_client_sessions_end(self);
    if (self->ssl != NULL) {
        /* Without this call OpenSSL would make the session unusable:
           SSL_shutdown(3), pyopenssl#528. */
        SSL_set_shutdown(self->ssl,
                         SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(self->ssl);
    }
    OPENSSL_free(self->client_ciphers);
    Py_XDECREF(self->ech_config_list);
    sslb_hints_forget_nogil(&self->refusal);
    Py_XDECREF(self->socket);
    Py_XDECREF(self->owner);
    Py_XDECREF(self->server_hostname);
    Py_XDECREF((PyObject *)self->context);
    sslb_judges_clear(&self->judges);
    if (self->has_lock) {
        sslb_lock_destroy(&self->lock);
    }
    Py_TYPE(object)->tp_free(object);
}

static sslb_connection *
connection_of(PyObject *object)
{
    return (sslb_connection *)object;
}

/* -- attributes ------------------------------------------------------- */

static PyObject *
connection_get_owner(PyObject *object, void *closure)
{
    sslb_connection *self = connection_of(object);
    PyObject *owner = NULL;

    (void)closure;
    if (self->owner != NULL && PyWeakref_GetRef(self->owner, &owner) < 0) {
        return NULL;
    }
    return owner != NULL ? owner : Py_NewRef(Py_None);
}

static int
connection_set_owner(PyObject *object, PyObject *value, void *closure)
{
    (void)closure;
    if (sslb_refuse_deletion(value, "owner") < 0) {
        return -1;
    }
    return set_owner(connection_of(object), value);
}

static PyObject *
connection_get_ech_config_list(PyObject *object, void *closure)
{
    PyObject *list = connection_of(object)->ech_config_list;

    (void)closure;
    return Py_NewRef(list != NULL ? list : Py_None);
}

/* Returns the reason why the connection cannot have a list, or NULL. */
static const char *
lack_for_ech_locked(const sslb_connection *self)
{
    if (self->server_side || !SSL_in_before(self->ssl)) {
        return "ech_config_list can be set only on a client, before the "
            "handshake";
    }
    return sslb_ech_has_version_locked(self->ssl) ? NULL
                                                  : SSLB_ECH_NEEDS_TLS13;
}

static int
connection_set_ech_config_list(PyObject *object, PyObject *value,
                               void *closure)
{
    sslb_connection *self = connection_of(object);
    sslb_ech_list list;
    const char *lack;
    int ok = 0;

    (void)closure;
    if (sslb_refuse_deletion(value, "ech_config_list") < 0
        || sslb_ech_list_parse(value, &list) < 0) {
        return -1;
    }
    sslb_connection_enter(self);
    lack = lack_for_ech_locked(self);
    if (lack == NULL) {
        ok = sslb_ech_use_list_locked(self, &list);
    }
    sslb_connection_leave(self);
    sslb_ech_list_clear(&list);
    if (lack != NULL) {
        PyErr_SetString(PyExc_ValueError, lack);
    }
    else if (!ok) {
        ERR_clear_error();
        PyErr_NoMemory();
    }
    return ok ? 0 : -1;
}

static PyObject *
connection_get_server_side(PyObject *object, void *closure)
{
    (void)closure;
    return PyBool_FromLong(connection_of(object)->server_side);
}

static PyObject *
connection_get_server_hostname(PyObject *object, void *closure)
{
    PyObject *name = connection_of(object)->server_hostname;

    (void)closure;
    return Py_NewRef(name != NULL ? name : Py_None);
}

/* -- the type --------------------------------------------------------- */

static PyMethodDef connection_methods[] = {
    SSLB_REFUSE_COPIES,
    {"do_handshake", sslb_connection_do_handshake, METH_NOARGS,
     "do_handshake()\n\n"
     "Perform the handshake, or continue it on a non-blocking socket.\n"
     "SSLError if it fails, SSLCertVerificationError if the peer's\n"
     "certificate is rejected; SSLWantReadError or SSLWantWriteError on a\n"
     "non-blocking socket, socket.timeout after the socket's timeout."},
    {"read", sslb_connection_read, METH_VARARGS,
     "read(size[, buffer]) -> bytes, or int\n\n"
     "Return up to size bytes of data; or read them into buffer, and return\n"
     "their number.  After the peer's close_notify: b\"\" or 0.  SSLEOFError\n"
     "if the peer closed the connection without a close_notify."},
    {"write", sslb_connection_write, METH_O,
     "write(data) -> int\n\n"
     "Send data (bytes-like).  Return the number of bytes that the kernel\n"
     "has accepted: all of them, unless the socket is non-blocking.  After\n"
     "SSLWantReadError, SSLWantWriteError or socket.timeout, call write()\n"
     "again with the same data."},
    {"shutdown", sslb_connection_shutdown, METH_NOARGS,
     "shutdown() -> socket or None\n\n"
     "Send a close_notify and wait for the peer's.  Return the socket, which\n"
     "then carries plain text, or None over MemoryBIOs."},
    {"close", sslb_connection_close, METH_NOARGS,
     "close()\n\n"
     "Stop using the descriptor, so that the caller can close it.\n"
     "Operations of other threads end with OSError (2.7: socket.error)\n"
     "EBADF.  Sends nothing."},
    {"sendfile", sslb_connection_sendfile, METH_VARARGS,
     "sendfile(fd, offset, size, flags=0) -> int\n\n"
     "Send up to size bytes of a file, and return the number of bytes sent.\n"
     "SSLError unless uses_ktls_for_send(); SSLEOFError if an earlier call\n"
     "has reported that the peer closed the connection."},
    {"uses_ktls_for_send", sslb_connection_uses_ktls_for_send, METH_NOARGS,
     "uses_ktls_for_send() -> bool\n\nReturn whether the kernel encrypts "
     "what is sent."},
    {"uses_ktls_for_recv", sslb_connection_uses_ktls_for_recv, METH_NOARGS,
     "uses_ktls_for_recv() -> bool\n\nReturn whether the kernel decrypts "
     "what is received."},
    {"pending", sslb_connection_pending, METH_NOARGS,
     "pending() -> int\n\n"
     "Return how many bytes of data read() can return without new input.  1\n"
     "also if the next read() has to report the end of the data, or an\n"
     "error, that the last read() found after its data."},
    {"peer_certificate", sslb_connection_peer_certificate, METH_VARARGS,
     "peer_certificate(der=False) -> dict, bytes or None\n\n"
     "Return the peer's certificate as DER or as a dict, which is empty if\n"
     "the certificate was not verified.  None without a certificate.\n"
     "ValueError before the end of the handshake."},
    {"getpeercert", sslb_connection_peer_certificate, METH_VARARGS,
     "The same as peer_certificate()."},
    {"get_verified_chain", sslb_connection_get_verified_chain, METH_NOARGS,
     "get_verified_chain() -> list of Certificate, or None\n\n"
     "Return the chain from the peer's certificate to a trusted one; None\n"
     "without a certificate, or if the handshake resumed a session."},
    {"get_unverified_chain", sslb_connection_get_unverified_chain,
     METH_NOARGS,
     "get_unverified_chain() -> list of Certificate, or None\n\n"
     "Return the certificates that the peer sent, its own one first."},
    {"cipher", sslb_connection_cipher, METH_NOARGS,
     "cipher() -> (name, protocol, bits) or None\n\n"
     "Return the cipher suite in use; None before the handshake."},
    {"shared_ciphers", sslb_connection_shared_ciphers, METH_NOARGS,
     "shared_ciphers() -> list or None\n\n"
     "Return the cipher suites that the client offered and the server\n"
     "allows, as tuples of cipher(); None on a client."},
    {"group", sslb_connection_group, METH_NOARGS,
     "group() -> str or None\n\n"
     "Return the group of the key exchange, for example \"X25519MLKEM768\".\n"
     "NotImplementedError before OpenSSL 3.2."},
    {"client_sigalg", sslb_connection_client_sigalg, METH_NOARGS,
     "client_sigalg() -> str or None\n\n"
     "Return the algorithm of the client's signature in the handshake.\n"
     "NotImplementedError before OpenSSL 3.5."},
    {"server_sigalg", sslb_connection_server_sigalg, METH_NOARGS,
     "server_sigalg() -> str or None\n\n"
     "Return the algorithm of the server's signature in the handshake.\n"
     "NotImplementedError before OpenSSL 3.5."},
    {"version", sslb_connection_version, METH_NOARGS,
     "version() -> str or None\n\n"
     "Return the TLS version, for example \"TLSv1.3\"; None before the end\n"
     "of the handshake."},
    {"compression", sslb_connection_compression, METH_NOARGS,
     "compression() -> str or None\n\nReturn the compression method."},
    {"selected_alpn_protocol", sslb_connection_selected_alpn_protocol,
     METH_NOARGS,
     "selected_alpn_protocol() -> str or None\n\n"
     "Return the protocol that the server selected (ALPN)."},
    {"selected_npn_protocol", sslb_connection_selected_npn_protocol,
     METH_NOARGS,
     "selected_npn_protocol() -> None\n\nThere is no NPN: HAS_NPN is False."},
    {"ech_status", sslb_connection_ech_status, METH_NOARGS,
     "ech_status() -> str\n\n"
     "Return the state of Encrypted Client Hello: \"success\", \"rejected\",\n"
     "\"failed\", \"not-tried\", \"not-configured\", \"grease\", ...\n"
     "NotImplementedError before OpenSSL 4.0."},
    {"ech_outer_name", sslb_connection_ech_outer_name, METH_NOARGS,
     "ech_outer_name() -> str or None\n\n"
     "Return the server name in the unencrypted ClientHello.\n"
     "NotImplementedError before OpenSSL 4.0."},
    {"ech_retry_configs", sslb_connection_ech_retry_configs, METH_NOARGS,
     "ech_retry_configs() -> bytes or None\n\n"
     "Return the ECHConfigList that a verified server sent because it could\n"
     "not decrypt the ClientHello.  NotImplementedError before OpenSSL 4.0."},
    {"tls_unique_cb", sslb_connection_tls_unique_cb, METH_NOARGS,
     "tls_unique_cb() -> bytes or None\n\n"
     "Return the channel binding tls-unique (RFC 5929); None before the end\n"
     "of the handshake."},
    {"get_channel_binding",
     SSLB_KEYWORDS(sslb_connection_get_channel_binding),
     METH_VARARGS | METH_KEYWORDS,
     "get_channel_binding(cb_type=\"tls-unique\") -> bytes or None\n\n"
     "Return tls_unique_cb().  ValueError for another cb_type."},
    {"ocsp_response", sslb_connection_ocsp_response, METH_NOARGS,
     "ocsp_response() -> bytes or None\n\n"
     "Return the OCSP response (DER) that the server stapled, unverified;\n"
     "None on a server, or if the client did not request one."},
    {"verify_client_post_handshake", sslb_connection_verify_client,
     METH_NOARGS,
     "verify_client_post_handshake()\n\n"
     "Request the certificate of a TLS 1.3 client after the handshake.\n"
     "SSLError if the connection does not allow this."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef connection_getset[] = {
    {"context", sslb_connection_get_context, sslb_connection_set_context,
     "The SSLContext in use.", NULL},
    {"owner", connection_get_owner, connection_set_owner,
     "The object that callbacks get as the connection, or None.  The\n"
     "connection holds a weak reference to it.", NULL},
    {"session", sslb_connection_get_session, sslb_connection_set_session,
     "The SSLSession.  A client can set it before the handshake: TypeError,\n"
     "ValueError.", NULL},
    {"session_reused", sslb_connection_get_session_reused, NULL,
     "Whether the handshake resumed a session.", NULL},
    {"ech_config_list", connection_get_ech_config_list,
     connection_set_ech_config_list,
     "The ECHConfigList (bytes) that a client encrypts its ClientHello with,\n"
     "or None.  A client can set it before the handshake: ValueError.", NULL},
    {"server_side", connection_get_server_side, NULL,
     "Whether this side is the server.", NULL},
    {"server_hostname", connection_get_server_hostname, NULL,
     "The host name that a client asked for, as A-labels, or None.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject sslb_connection_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_ssl._SSLSocket",
    .tp_basicsize = sizeof(sslb_connection),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "One TLS connection, over a socket or over two MemoryBIOs.",
    .tp_dealloc = connection_dealloc,
    .tp_traverse = connection_traverse,
    .tp_clear = connection_clear,
    .tp_weaklistoffset = offsetof(sslb_connection, weakrefs),
    .tp_methods = connection_methods,
    .tp_getset = connection_getset,
};
