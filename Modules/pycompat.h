/* pycompat.h: everything the project knows about Python's versions.

   Owns, with pycompat_values.h, the differences between 2.7, 3.6 and later.
   The other files include Python.h through here and never test a version.  On
   2.7 nothing here may call a function whose name depends on the width of
   unicode, so that one binary serves both (nearly all of PyUnicode_* is out).

   Each header of ours includes this one first, as Python.h has to come before
   the system's headers.  These contracts hold in all of them, unless a comment
   says otherwise:

   - The GIL is held.  A function whose name ends with `_nogil` may be called
     without it, and touches no Python object.
   - One whose name ends with `_locked` wants the connection's lock held.
   - `PyObject *` is a new reference, or NULL with an exception set; `int` is
     0, or -1 with an exception set.
   - An argument stays the caller's.
   - A method or an attribute of a Python type, whose first arguments are
     `PyObject *self` and what Python gives, is for the table of that type. */

#ifndef SSLB_PYCOMPAT_H
#define SSLB_PYCOMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if PY_VERSION_HEX < 0x02070000 \
    || (PY_MAJOR_VERSION == 3 && PY_VERSION_HEX < 0x03060000)
#  error "_ssl_backport needs Python 2.7, or 3.6 or later"
#endif

/* The module's entry point: `SSLB_MODULE_INIT(module_create)` defines the
   exported function that the interpreter looks for, which returns what
   `PyObject *module_create(void)` made. */

#if PY_MAJOR_VERSION == 2
#  define SSLB_MODULE_INIT(create)                                      \
    __attribute__((visibility("default"))) PyMODINIT_FUNC               \
    init__ssl_backport(void);                                           \
    PyMODINIT_FUNC init__ssl_backport(void) { (void)create(); }
#else
#  define SSLB_MODULE_INIT(create)                                      \
    __attribute__((visibility("default"))) PyMODINIT_FUNC               \
    PyInit___ssl_backport(void);                                        \
    PyMODINIT_FUNC PyInit___ssl_backport(void) { return create(); }
#endif

/* Makes the empty module with its functions: a borrowed reference on 2.7,
   where sys.modules owns it, a new one on 3.x.  NULL with an exception. */
PyObject *sslb_module_new(const char *name, const char *doc,
                          PyMethodDef *methods);

/* Gives up what sslb_module_new() returned; the current exception stays. */
void sslb_module_drop(PyObject *module);

/* The method table's field for a function that takes keywords: its own type
   differs, which METH_KEYWORDS says. */
#define SSLB_KEYWORDS(function) ((PyCFunction)(void (*)(void))(function))

/* -- shims under the newest API's name -------------------------------- */

#if PY_VERSION_HEX < 0x030a0000
static inline PyObject *
Py_NewRef(PyObject *object)
{
    Py_INCREF(object);
    return object;
}

static inline PyObject *
Py_XNewRef(PyObject *object)
{
    Py_XINCREF(object);
    return object;
}

/* Never steals; a NULL value passes its exception on. */
static inline int
PyModule_AddObjectRef(PyObject *module, const char *name, PyObject *value)
{
    if (value == NULL) {
        return -1;
    }
    Py_INCREF(value);
    if (PyModule_AddObject(module, name, value) < 0) {
        Py_DECREF(value);
        return -1;
    }
    return 0;
}
#endif

#if PY_VERSION_HEX < 0x030d0000
/* 1 and a new reference, 0 and NULL when it is gone, -1 with an exception. */
static inline int
PyWeakref_GetRef(PyObject *reference, PyObject **result)
{
    PyObject *object = PyWeakref_GetObject(reference);

    if (object == NULL) {
        *result = NULL;
        return -1;
    }
    *result = object == Py_None ? NULL : Py_NewRef(object);
    return *result != NULL;
}

/* Always steals; a NULL value passes its exception on. */
static inline int
PyModule_Add(PyObject *module, const char *name, PyObject *value)
{
    int rc = PyModule_AddObjectRef(module, name, value);

    Py_XDECREF(value);
    return rc;
}
#endif

#if PY_MAJOR_VERSION == 2
typedef long Py_hash_t;
#endif

/* -- facts ------------------------------------------------------------ */

/* The errno of an end without a close_notify, next to OpenSSL's SSL_ERROR_*,
   and that of one which a shutdown meets: 2.7's own ssl had none there, which
   gevent looks at. */
#define SSLB_ERROR_EOF 8
#if PY_MAJOR_VERSION == 2
#  define SSLB_EOF_OF_SHUTDOWN 0
#else
#  define SSLB_EOF_OF_SHUTDOWN SSLB_ERROR_EOF
#endif

/* Whether the host's str is bytes, so that bytes may be meant as text. */
#if PY_MAJOR_VERSION == 2
#  define SSLB_BYTES_ARE_TEXT 1
#else
#  define SSLB_BYTES_ARE_TEXT 0
#endif

/* Whether there may be a socket.py that takes RAND_egd() from _ssl and fails
   without: before 2.7.10 each did. */
#if PY_MAJOR_VERSION == 2
#  define SSLB_HAVE_RAND_EGD
#endif

/* -- classes ---------------------------------------------------------- */

/* Finds those of the C module _socket, for each interpreter that imports us
   anew: 0, or -1 with an exception. */
int sslb_pycompat_module_init(void);

/* `socket.error`, which is OSError on 3.x: what SSLError is derived from and
   what a failed system call raises.  Borrowed, as the next ones. */
PyObject *sslb_oserror_type(void);

/* `OSError` on 3.x, `IOError` on 2.7: for files. */
PyObject *sslb_file_error_type(void);

/* `socket.timeout`. */
PyObject *sslb_timeout_type(void);

/* What leads to the socket of a connection: a weak reference, and on 2.7 the
   object itself.  There the stock connection keeps its socket too, as callers
   of socket.ssl() rely on, and before 2.7.9 the sockets of the C module
   _socket have no weak references.  New reference. */
PyObject *sslb_reference_new(PyObject *object);

/* Whether it is the object itself, which it keeps alive. */
int sslb_reference_is_strong(PyObject *reference);

/* As PyWeakref_GetRef(); for NULL the object is gone. */
int sslb_reference_get(PyObject *reference, PyObject **result);

/* __reduce_ex__ for the method table of a type whose state is in C: copies
   and pickles of its objects would lack that.  TypeError. */
#define SSLB_REFUSE_COPIES {"__reduce_ex__", sslb_refuse_copies, METH_O, NULL}
PyObject *sslb_refuse_copies(PyObject *self, PyObject *protocol);

/* PyType_Ready(); nobody makes objects of a type without tp_new. */
int sslb_type_ready(PyTypeObject *type);

/* A class of exceptions: "module.Name", its bases and namespace as for
   PyErr_NewExceptionWithDoc(). */
PyObject *sslb_exception_type_new(const char *name, const char *doc,
                                  PyObject *base, PyObject *namespace);

/* A method for a class that was made at run time (`type` borrowed).  Its
   function is METH_O, and the instance is its argument: PyPy lacks
   PyDescr_NewMethod(). */
PyObject *sslb_method_new(PyObject *type, PyMethodDef *definition);

/* The C function behind a method of a class in C that takes no arguments.  To
   call it directly takes a tenth of the time on CPython 2.7; NULL elsewhere,
   where the sockets of connections are of a class that Python code defines. */
PyCFunction sslb_function_of_method(PyTypeObject *type, PyObject *name);

/* No attribute of the class can be set from now on, as in 3.10 and later. */
static inline void
sslb_type_make_immutable(PyObject *type)
{
#ifdef Py_TPFLAGS_IMMUTABLETYPE
    ((PyTypeObject *)type)->tp_flags |= Py_TPFLAGS_IMMUTABLETYPE;
#else
    (void)type;
#endif
}

/* An exception that is kept to be raised later, in another place. */
typedef struct {
    PyObject *type;             /* NULL when there is none */
    PyObject *value;
    PyObject *traceback;
} sslb_exception;

/* Takes the current exception away; to an empty one. */
static inline void
sslb_exception_keep(sslb_exception *exception)
{
    PyErr_Fetch(&exception->type, &exception->value, &exception->traceback);
#ifdef PYPY_VERSION     /* whose PyErr_Restore() would leak it */
    Py_CLEAR(exception->traceback);
#endif
}

/* Raises it, which empties it. */
static inline void
sslb_exception_raise(sslb_exception *exception)
{
    PyErr_Restore(exception->type, exception->value, exception->traceback);
    exception->type = exception->value = exception->traceback = NULL;
}

/* Runs the handlers of signals that have come, in the main thread: 0, or -1
   with what one raised. */
int sslb_handlers_run(void);

/* ValueError with the text and, behind it, the repr() of a value: whatever its
   characters are, the message can be shown. */
void sslb_value_error_raise(const char *text, PyObject *value);

/* Reports the current exception as one that cannot be raised. */
void sslb_report_unraisable(const char *where, PyObject *context);

#endif
