/* session.c: SSLSession, which a client needs to resume a session.

   Owns the Python type around an SSL_SESSION, which it never changes. */

#include "session.h"
#include "pycompat_values.h"
#include "session_bytes.h"

#include <string.h>

PyObject *
sslb_session_new(SSL_SESSION *session, sslb_context *context,
                 sslb_checks checks, sslb_digest parameters,
                 const char *stays)
{
    sslb_session *self;

    /* The allocation may run Python code that sets the connection's
       context. */
    Py_INCREF((PyObject *)context);
    self = PyObject_GC_New(sslb_session, &sslb_session_type);
    if (self == NULL) {
        Py_DECREF((PyObject *)context);
        SSL_SESSION_free(session);
        return NULL;
    }
    self->session = session;
    self->context = context;
    self->checks = checks;
    self->parameters = parameters;
    self->stays = stays;
    PyObject_GC_Track((PyObject *)self);
    return (PyObject *)self;
}

static int
session_traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(((sslb_session *)object)->context);
    return 0;
}

static int
session_clear(PyObject *object)
{
    Py_CLEAR(((sslb_session *)object)->context);
    return 0;
}

static void
session_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    session_clear(object);
    SSL_SESSION_free(((sslb_session *)object)->session);
    PyObject_GC_Del(object);
}

static SSL_SESSION *
session_of(PyObject *object)
{
    return ((sslb_session *)object)->session;
}

/* With TLS 1.3, OpenSSL's client makes up the id of a session, so different
   sessions have different ids there, too. */
static PyObject *
session_richcompare(PyObject *left, PyObject *right, int op)
{
    const unsigned char *a, *b;
    unsigned int a_length, b_length;
    int equal;

    if ((op != Py_EQ && op != Py_NE) || Py_TYPE(left) != &sslb_session_type
        || Py_TYPE(right) != &sslb_session_type) {
        Py_INCREF(Py_NotImplemented);
        return Py_NotImplemented;
    }
    a = SSL_SESSION_get_id(session_of(left), &a_length);
    b = SSL_SESSION_get_id(session_of(right), &b_length);
    equal = left == right
        || (a_length == b_length && memcmp(a, b, a_length) == 0);
    return PyBool_FromLong(op == Py_EQ ? equal : !equal);
}

static PyObject *
session_get_id(PyObject *self, void *closure)
{
    unsigned int length;
    const unsigned char *id = SSL_SESSION_get_id(session_of(self), &length);

    (void)closure;
    return PyBytes_FromStringAndSize((const char *)id, (Py_ssize_t)length);
}

static PyObject *
session_get_time(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_new((long)SSL_SESSION_get_time_ex(session_of(self)));
}

static PyObject *
session_get_timeout(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_new(SSL_SESSION_get_timeout(session_of(self)));
}

static PyObject *
session_get_ticket_lifetime_hint(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_from_unsigned(
        SSL_SESSION_get_ticket_lifetime_hint(session_of(self)));
}

static PyObject *
session_get_has_ticket(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(SSL_SESSION_has_ticket(session_of(self)));
}

/* -- bytes -------------------------------------------------------------- */

static PyObject *
session_to_bytes(PyObject *object, PyObject *none)
{
    sslb_session *self = (sslb_session *)object;
    const char *complaint = self->stays;

    (void)none;
    if (complaint == NULL && !SSL_SESSION_is_resumable(self->session)) {
        complaint = "it cannot be resumed (with TLS 1.3, the ticket arrives "
                    "after the handshake: read some data first)";
    }
    if (complaint != NULL) {
        PyErr_Format(PyExc_ValueError, "the session cannot be converted to "
                     "bytes: %s", complaint);
        return NULL;
    }
    return sslb_session_bytes_write(self->session, &self->parameters);
}

PyObject *
sslb_session_from_bytes(PyObject *self, PyObject *data)
{
    sslb_context *context = (sslb_context *)self;
    SSL_SESSION *session = NULL;
    sslb_checks checks;
    sslb_digest parameters;
    Py_buffer view;

    if (SSL_CTX_get_ssl_method(context->ctx) == TLS_server_method()) {
        PyErr_SetString(PyExc_ValueError,
                        "a server's SSLContext cannot resume sessions");
        return NULL;
    }
    if (sslb_buffer_get(data, &view) < 0) {
        return NULL;
    }
    if (sslb_parameters_of_context(context, &checks, &parameters) == 0) {
        session = sslb_session_bytes_read(view.buf, (size_t)view.len,
                                          &parameters);
    }
    PyBuffer_Release(&view);
    return session == NULL ? NULL
        : sslb_session_new(session, context, checks, parameters, NULL);
}

/* -- the type --------------------------------------------------------- */

static PyGetSetDef session_getset[] = {
    {"id", session_get_id, NULL, "The session's id (bytes).", NULL},
    {"time", session_get_time, NULL,
     "The time of its creation (int, seconds since 1970).", NULL},
    {"timeout", session_get_timeout, NULL,
     "The lifetime of the session (int, seconds).", NULL},
    {"ticket_lifetime_hint", session_get_ticket_lifetime_hint, NULL,
     "The server's hint how long it accepts the ticket (int, seconds).", NULL},
    {"has_ticket", session_get_has_ticket, NULL,
     "Whether the session has a ticket (bool).", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef session_methods[] = {
    SSLB_REFUSE_COPIES,
    {"to_bytes", session_to_bytes, METH_NOARGS,
     "to_bytes() -> bytes\n\n"
     "The session for SSLContext.session_from_bytes(), also in another\n"
     "process.  The bytes are as secret as a private key: nobody else may\n"
     "read or write them.  Raise ValueError for a server's session, and for\n"
     "one that cannot be resumed, as with TLS 1.3 before the ticket has\n"
     "arrived."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject sslb_session_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_ssl.SSLSession",
    .tp_basicsize = sizeof(sslb_session),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "A session of one connection, for another one to resume.",
    .tp_dealloc = session_dealloc,
    .tp_traverse = session_traverse,
    .tp_clear = session_clear,
    .tp_richcompare = session_richcompare,
    .tp_methods = session_methods,
    .tp_getset = session_getset,
};
