/* context_wrap.c: the methods of SSLContext that create a connection,
   _wrap_socket() and _wrap_bio().  Owns the check of their arguments. */

#include "context_wrap.h"
#include "connection_type.h"
#include "context.h"
#include "membio.h"
#include "sockets.h"

/* Rejects keyword-only arguments that were given by position: 0, or -1 with
   TypeError.  2.7's PyArg_ParseTupleAndKeywords() has no "$" for them. */
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

/* Creates a connection for the argument ssl_sock of 2.7, which eventlet uses.
   Without a host name, a client takes the attribute server_hostname of the
   owner. */
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

PyObject *
sslb_context_wrap_socket(PyObject *self, PyObject *args, PyObject *kwargs)
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

PyObject *
sslb_context_wrap_bio(PyObject *self, PyObject *args, PyObject *kwargs)
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
