/* pycompat.c: the functions of pycompat.h that are too long for a header.

   Owns the differences between 2.7 and 3.x in modules, classes, references,
   exceptions and signals.  This file uses no type of ours and nothing of
   OpenSSL. */

#include "pycompat.h"

/* Classes of the C module _socket, as the interpreter that imported us last
   has them.  If an interpreter starts after the first one has ended, it has
   classes of its own; nobody releases the references to the former ones. */
static struct {
    PyObject *error;
    PyObject *timeout;
} of_socket;

#ifdef PYPY_VERSION
/* PyPy's PyErr_CheckSignals() does nothing.  PyPy looks for signals in each
   iteration of a Python loop, also in compiled loops; so this function has
   one. */
static PyObject *some_loop;

static int
handlers_init(void)
{
    PyObject *globals = PyDict_New();

    if (globals != NULL) {
        some_loop = PyRun_String("lambda: [None for turn in '12']",
                                 Py_eval_input, globals, globals);
        Py_DECREF(globals);
    }
    return some_loop != NULL ? 0 : -1;
}

int
sslb_handlers_run(void)
{
    PyObject *result = PyObject_CallObject(some_loop, NULL);

    Py_XDECREF(result);
    return result != NULL ? 0 : -1;
}
#else
static int
handlers_init(void)
{
    return 0;
}

int
sslb_handlers_run(void)
{
    return PyErr_CheckSignals();
}
#endif

int
sslb_pycompat_module_init(void)
{
    PyObject *module = PyImport_ImportModule("_socket");

    if (module == NULL || handlers_init() < 0) {
        Py_XDECREF(module);
        return -1;
    }
    of_socket.error = PyObject_GetAttrString(module, "error");
    of_socket.timeout = PyObject_GetAttrString(module, "timeout");
    Py_DECREF(module);
    return of_socket.error == NULL || of_socket.timeout == NULL ? -1 : 0;
}

PyObject *
sslb_oserror_type(void)
{
    return of_socket.error;
}

PyObject *
sslb_timeout_type(void)
{
    return of_socket.timeout;
}

PyObject *
sslb_reference_new(PyObject *object)
{
#if PY_MAJOR_VERSION == 2
    return Py_NewRef(object);
#else
    return PyWeakref_NewRef(object, NULL);
#endif
}

int
sslb_reference_is_strong(PyObject *reference)
{
    return !PyWeakref_Check(reference);
}

int
sslb_reference_get(PyObject *reference, PyObject **result)
{
    if (reference != NULL && PyWeakref_Check(reference)) {
        return PyWeakref_GetRef(reference, result);
    }
    *result = reference != NULL ? Py_NewRef(reference) : NULL;
    return *result != NULL;
}

#ifdef PYPY_VERSION
static PyObject *
refuse_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)args;
    (void)kwargs;
    PyErr_Format(PyExc_TypeError, "cannot create '%.200s' instances",
                 type->tp_name);
    return NULL;
}
#endif

/* Since 3.14, an interpreter that ends frees all interned strings, among them
   the keys of our static types' dictionaries.  The next interpreter gets the
   types in their initial state. */
static void
type_forget(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030e0000
    type->tp_flags &= ~(unsigned long)Py_TPFLAGS_READY;
    type->tp_dict = type->tp_bases = type->tp_mro = type->tp_cache = NULL;
    type->tp_subclasses = NULL;
    type->tp_weaklist = NULL;
    type->tp_version_tag = 0;
#else
    (void)type;
#endif
}

int
sslb_type_ready(PyTypeObject *type)
{
#ifdef PYPY_VERSION     /* without tp_new, PyPy inherits object's, which makes
                           objects full of zeros */
    if (type->tp_new == NULL) {
        type->tp_new = refuse_new;
    }
#endif
    type_forget(type);
    return PyType_Ready(type);
}

#if PY_MAJOR_VERSION == 2

void
sslb_value_error_raise(const char *text, PyObject *value)
{
    PyObject *shown = PyObject_Repr(value);

    if (shown != NULL) {
        PyErr_Format(PyExc_ValueError, "%s %.200s", text,
                     PyString_AS_STRING(shown));
        Py_DECREF(shown);
    }
}

PyObject *
sslb_module_new(const char *name, const char *doc, PyMethodDef *methods)
{
    return Py_InitModule3(name, methods, doc);
}

PyObject *
sslb_file_error_type(void)
{
    return PyExc_IOError;
}

#ifndef PYPY_VERSION
PyCFunction
sslb_function_of_method(PyTypeObject *type, PyObject *name)
{
    PyObject *known = PyObject_GetAttrString((PyObject *)&PyString_Type,
                                             "join");
    PyObject *method = PyObject_GetAttr((PyObject *)type, name);
    PyMethodDef *definition;
    PyCFunction result = NULL;

    if (known != NULL && method != NULL
        && Py_TYPE(method) == Py_TYPE(known)) {
        definition = ((PyMethodDescrObject *)method)->d_method;
        if (definition->ml_flags == METH_NOARGS) {
            result = definition->ml_meth;
        }
    }
    PyErr_Clear();
    Py_XDECREF(known);
    Py_XDECREF(method);
    return result;
}
#endif

PyObject *
sslb_method_new(PyObject *type, PyMethodDef *definition)
{
    PyObject *function = PyCFunction_New(definition, NULL);
    PyObject *method = NULL;

    if (function != NULL) {
        method = PyMethod_New(function, NULL, type);
        Py_DECREF(function);
    }
    return method;
}

void
sslb_report_unraisable(const char *where, PyObject *context)
{
    PyObject *source = context ? Py_NewRef(context)
                               : PyString_FromString(where);

    PyErr_WriteUnraisable(source);
    Py_XDECREF(source);
}

/* Else the next import would find an incomplete module. */
void
sslb_module_drop(PyObject *module)
{
    sslb_exception exception;

    sslb_exception_keep(&exception);
    if (PyDict_DelItemString(PyImport_GetModuleDict(),
                             PyModule_GetName(module)) < 0) {
        PyErr_Clear();
    }
    sslb_exception_raise(&exception);
}

#else  /* Python 3 */

void
sslb_value_error_raise(const char *text, PyObject *value)
{
    PyErr_Format(PyExc_ValueError, "%s %R", text, value);
}

PyObject *
sslb_module_new(const char *name, const char *doc, PyMethodDef *methods)
{
    static PyModuleDef definition = {
        PyModuleDef_HEAD_INIT,
        .m_size = -1,
    };
    PyObject *module;

    definition.m_name = name;
    definition.m_doc = doc;
    definition.m_methods = methods;
    module = PyModule_Create(&definition);
#ifdef Py_GIL_DISABLED      /* the GIL guards our objects */
    if (module != NULL
        && PyUnstable_Module_SetGIL(module, Py_MOD_GIL_USED) < 0) {
        Py_CLEAR(module);
    }
#endif
    return module;
}

void
sslb_module_drop(PyObject *module)
{
    Py_DECREF(module);
}

PyObject *
sslb_file_error_type(void)
{
    return PyExc_OSError;
}

PyObject *
sslb_method_new(PyObject *type, PyMethodDef *definition)
{
    PyObject *function = PyCFunction_New(definition, NULL);
    PyObject *method = NULL;

    (void)type;
    if (function != NULL) {
        method = PyInstanceMethod_New(function);
        Py_DECREF(function);
    }
    return method;
}

void
sslb_report_unraisable(const char *where, PyObject *context)
{
    (void)where;
    PyErr_WriteUnraisable(context);
}

#endif

#if PY_MAJOR_VERSION > 2 || defined(PYPY_VERSION)
PyCFunction
sslb_function_of_method(PyTypeObject *type, PyObject *name)
{
    (void)type;
    (void)name;
    return NULL;
}
#endif

PyObject *
sslb_refuse_copies(PyObject *self, PyObject *protocol)
{
    (void)protocol;
    PyErr_Format(PyExc_TypeError, "cannot pickle or copy %.200s objects",
                 Py_TYPE(self)->tp_name);
    return NULL;
}

/* 2.7 declares the arguments without const, but does not change them. */
PyObject *
sslb_exception_type_new(const char *name, const char *doc, PyObject *base,
                        PyObject *namespace)
{
    return PyErr_NewExceptionWithDoc((char *)name, (char *)doc, base,
                                     namespace);
}
