/* pycompat.h: all code that depends on the version of Python.

   Owns, with pycompat_values.h, the differences between Python 2.7, 3.6 and
   later.  The other files include Python.h through this one and never test a
   version.  On 2.7, the code calls no function whose symbol depends on the
   width of unicode (nearly all of PyUnicode_*), so that one binary serves both
   widths.

   Each header of ours includes this one first, because Python.h must come
   before the system's headers.  These contracts hold in all headers, unless a
   comment says otherwise:

   - The caller holds the GIL.  A function whose name ends with `_nogil` may be
     called without the GIL, and touches no Python object.
   - A caller of a function whose name ends with `_locked` holds the lock that
     the header names.  This suffix says nothing about the GIL: the caller
     holds the GIL too, unless a comment says that the function needs none.
   - A result of type `PyObject *` is a new reference, or NULL with an
     exception set.  A result of type `int` is 0, or -1 with an exception set.
   - The caller keeps the ownership of its arguments.
   - A function whose arguments are `PyObject *self` and the arguments from
     Python is a method or an attribute, for the table of its Python type. */

#ifndef SSLB_PYCOMPAT_H
#define SSLB_PYCOMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if PY_VERSION_HEX < 0x02070000 \
    || (PY_MAJOR_VERSION == 3 && PY_VERSION_HEX < 0x03060000)
#  error "_ssl_backport needs Python 2.7, or 3.6 or later"
#endif

/* The module's entry point.  `SSLB_MODULE_INIT(module_create)` defines the
   exported function that the interpreter looks up.  The function calls
   `PyObject *module_create(void)` and, on 3.x, returns its result. */

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

/* Creates the module with its functions.  The result is a new reference on
   3.x; on 2.7 it is a borrowed one, because sys.modules owns the module.  NULL
   with an exception on failure. */
PyObject *sslb_module_new(const char *name, const char *doc,
                          PyMethodDef *methods);

/* Releases a result of sslb_module_new(); on 2.7, removes the module from
   sys.modules.  The current exception stays set. */
void sslb_module_drop(PyObject *module);

/* Casts a function with keyword arguments to the type of the method table's
   field; METH_KEYWORDS tells the interpreter the true type. */
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

/* Never steals the reference.  For a NULL value, returns -1 and leaves the
   exception set. */
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
/* Returns 1 and a new reference, 0 and NULL if the object is gone, or -1 with
   an exception. */
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

/* Always steals the reference.  For a NULL value, returns -1 and leaves the
   exception set. */
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

/* The errno of an SSLEOFError, beside OpenSSL's SSL_ERROR_* values.  An
   SSLEOFError from a shutdown has 0 on 2.7, as with 2.7's own ssl: gevent
   tests for that. */
#define SSLB_ERROR_EOF 8
#if PY_MAJOR_VERSION == 2
#  define SSLB_EOF_OF_SHUTDOWN 0
#else
#  define SSLB_EOF_OF_SHUTDOWN SSLB_ERROR_EOF
#endif

/* Whether the host's str is bytes, so that callers pass text as bytes. */
#if PY_MAJOR_VERSION == 2
#  define SSLB_BYTES_ARE_TEXT 1
#else
#  define SSLB_BYTES_ARE_TEXT 0
#endif

/* Whether a socket.py may import RAND_egd() from _ssl and fail without it:
   each socket.py before 2.7.10 does. */
#if PY_MAJOR_VERSION == 2
#  define SSLB_HAVE_RAND_EGD
#endif

/* -- classes ---------------------------------------------------------- */

/* Looks up the classes of the C module _socket.  Called in each interpreter
   that imports the module. */
int sslb_pycompat_module_init(void);

/* `socket.error`, which is OSError on 3.x: the base class of SSLError, and the
   class for failed system calls.  These three functions return borrowed
   references. */
PyObject *sslb_oserror_type(void);

/* The class for errors about files: `OSError` on 3.x, `IOError` on 2.7. */
PyObject *sslb_file_error_type(void);

/* `socket.timeout`. */
PyObject *sslb_timeout_type(void);

/* Returns a connection's reference to its socket: a weak reference, or on 2.7
   the socket itself.  On 2.7 the stock connection owns its socket too, and
   callers of socket.ssl() rely on that; before 2.7.9, objects of the C module
   _socket have no weak references. */
PyObject *sslb_reference_new(PyObject *object);

/* Whether the reference is the object itself, and so keeps the object
   alive. */
int sslb_reference_is_strong(PyObject *reference);

/* As PyWeakref_GetRef().  A NULL reference means that the object is gone. */
int sslb_reference_get(PyObject *reference, PyObject **result);

/* A __reduce_ex__ that raises TypeError, for the method table of a type with
   state in C: a copy or a pickle of its objects would lose that state. */
#define SSLB_REFUSE_COPIES {"__reduce_ex__", sslb_refuse_copies, METH_O, NULL}
PyObject *sslb_refuse_copies(PyObject *self, PyObject *protocol);

/* PyType_Ready().  Python code cannot create objects of a type without
   tp_new. */
int sslb_type_ready(PyTypeObject *type);

/* Creates an exception class.  `name` is "module.Name"; base and namespace are
   as for PyErr_NewExceptionWithDoc(). */
PyObject *sslb_exception_type_new(const char *name, const char *doc,
                                  PyObject *base, PyObject *namespace);

/* Creates a method for a class that was created at run time (`type` is
   borrowed).  The definition is of a METH_O function, which gets the instance
   as its argument: PyPy lacks PyDescr_NewMethod(). */
PyObject *sslb_method_new(PyObject *type, PyMethodDef *definition);

/* The C function of a METH_NOARGS method of a class in C, or NULL.  Only
   CPython 2.7 returns one: a direct call needs a tenth of the time.
   Elsewhere, Python code defines the class of a connection's socket.  Sets no
   exception. */
PyCFunction sslb_function_of_method(PyTypeObject *type, PyObject *name);

/* Makes the attributes of the class read-only, where Python can (3.10 and
   later). */
static inline void
sslb_type_make_immutable(PyObject *type)
{
#ifdef Py_TPFLAGS_IMMUTABLETYPE
    ((PyTypeObject *)type)->tp_flags |= Py_TPFLAGS_IMMUTABLETYPE;
#else
    (void)type;
#endif
}

/* An exception that the code stores, to raise it later in another place. */
typedef struct {
    PyObject *type;             /* NULL when there is none */
    PyObject *value;
    PyObject *traceback;
} sslb_exception;

/* Moves the current exception into `exception`, which must be empty. */
static inline void
sslb_exception_keep(sslb_exception *exception)
{
    PyErr_Fetch(&exception->type, &exception->value, &exception->traceback);
#ifdef PYPY_VERSION     /* PyPy's PyErr_Restore() would leak it */
    Py_CLEAR(exception->traceback);
#endif
}

/* Moves the stored exception back, to be the current one. */
static inline void
sslb_exception_raise(sslb_exception *exception)
{
    PyErr_Restore(exception->type, exception->value, exception->traceback);
    exception->type = exception->value = exception->traceback = NULL;
}

/* Runs the Python handlers of pending signals, in the main thread.  Returns 0,
   or -1 with the exception of a handler. */
int sslb_handlers_run(void);

/* Raises ValueError with the text, followed by the repr() of the value: the
   message can be shown whatever characters the value has. */
void sslb_value_error_raise(const char *text, PyObject *value);

/* Reports the current exception as unraisable, and clears it. */
void sslb_report_unraisable(const char *where, PyObject *context);

#endif
