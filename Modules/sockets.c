/* sockets.c: the descriptor and the timeout of Python's socket objects.

   Owns the class _socket.socket and fast calls of its methods: every operation
   begins with them.  This file uses no type of ours. */

#include "sockets.h"
#include "pycompat_values.h"

static PyObject *name_fileno, *name_gettimeout;

/* The class _socket.socket of the interpreter that imported us last, and the C
   functions of its methods; NULL if the code must call them by name. */
static struct {
    PyTypeObject *type;
    PyCFunction fileno;
    PyCFunction gettimeout;
} raw;

/* Imports this interpreter's _socket.socket. */
static PyObject *
class_of_sockets(void)
{
    PyObject *module = PyImport_ImportModule("_socket");
    PyObject *result = NULL;

    if (module != NULL) {
        result = PyObject_GetAttrString(module, "socket");
        Py_DECREF(module);
    }
    return result;
}

int
sslb_sockets_module_init(void)
{
    PyObject *type = class_of_sockets();

    name_fileno = sslb_text_intern("fileno");
    name_gettimeout = sslb_text_intern("gettimeout");
    if (type == NULL || name_fileno == NULL || name_gettimeout == NULL) {
        Py_XDECREF(type);
        return -1;
    }
    raw.type = (PyTypeObject *)type;    /* never released, like the names */
    raw.fileno = sslb_function_of_method(raw.type, name_fileno);
    raw.gettimeout = sslb_function_of_method(raw.type, name_gettimeout);
    return 0;
}

int
sslb_socket_check(PyObject *object)
{
    PyObject *type;
    int rc;

    if (PyObject_TypeCheck(object, raw.type)) {
        return 1;
    }
    type = class_of_sockets();      /* other interpreters have their own
                                       class */
    if (type == NULL) {
        return -1;
    }
    rc = PyObject_TypeCheck(object, (PyTypeObject *)type);
    Py_DECREF(type);
    return rc;
}

/* Calls a method without arguments.  An object of exactly this class cannot
   have an overridden method, so its C function can be called directly. */
static PyObject *
ask(PyObject *socket, PyCFunction function, PyObject *name)
{
    if (function != NULL && Py_TYPE(socket) == raw.type) {
        return function(socket, NULL);
    }
    return PyObject_CallMethodObjArgs(socket, name, NULL);
}

int
sslb_socket_descriptor(PyObject *socket, long *fd)
{
    PyObject *number = ask(socket, raw.fileno, name_fileno);
    int rc;

    if (number == NULL) {
        return -1;
    }
    rc = sslb_int_as_long(number, fd);
    Py_DECREF(number);
    return rc;
}

PyObject *
sslb_socket_timeout(PyObject *socket)
{
    return ask(socket, raw.gettimeout, name_gettimeout);
}
