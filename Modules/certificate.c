/* certificate.c: Certificate, one certificate of a peer's chain.

   Owns the Python type around an X509; x509.c has the conversions. */

#include "certificate.h"
#include "pycompat_values.h"
#include "x509.h"

typedef struct {
    PyObject_HEAD
    X509 *x509;
} sslb_certificate;

/* The formats of public_bytes(): ENCODING_PEM and ENCODING_DER. */
enum {
    ENCODING_PEM = 1,
    ENCODING_DER = 2,
};

static X509 *
x509_of(PyObject *self)
{
    return ((sslb_certificate *)self)->x509;
}

PyObject *
sslb_certificate_new(X509 *x509)
{
    sslb_certificate *self = PyObject_New(sslb_certificate,
                                          &sslb_certificate_type);

    if (self != NULL) {
        X509_up_ref(x509);
        self->x509 = x509;
    }
    return (PyObject *)self;
}

PyObject *
sslb_certificate_list(STACK_OF(X509) *chain)
{
    PyObject *result;
    int i;

    if (chain == NULL) {
        Py_RETURN_NONE;
    }
    result = PyList_New(0);
    for (i = 0; result != NULL && i < sk_X509_num(chain); i++) {
        PyObject *item = sslb_certificate_new(sk_X509_value(chain, i));

        if (item == NULL || PyList_Append(result, item) < 0) {
            Py_CLEAR(result);
        }
        Py_XDECREF(item);
    }
    return result;
}

static void
certificate_dealloc(PyObject *self)
{
    X509_free(x509_of(self));
    PyObject_Free(self);
}

static PyObject *
certificate_public_bytes(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"format", NULL};
    int format = ENCODING_PEM;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|i:public_bytes",
                                     keywords, &format)) {
        return NULL;
    }
    switch (format) {
    case ENCODING_PEM:
        return sslb_x509_as_pem(x509_of(self));
    case ENCODING_DER:
        return sslb_x509_as_der(x509_of(self));
    default:
        PyErr_SetString(PyExc_ValueError, "Unsupported format");
        return NULL;
    }
}

static PyObject *
certificate_get_info(PyObject *self, PyObject *none)
{
    (void)none;
    return sslb_x509_as_dict(x509_of(self));
}

static PyObject *
certificate_repr(PyObject *self)
{
    PyObject *subject = sslb_x509_subject_as_text(x509_of(self));
    PyObject *ascii = subject ? PyObject_Repr(subject) : NULL;
    PyObject *bytes = ascii ? sslb_text_encode(ascii, "ascii") : NULL;
    PyObject *result = NULL;

    if (bytes != NULL) {
        result = sslb_readable_format("<_ssl.Certificate %s>",
                                  PyBytes_AS_STRING(bytes));
    }
    Py_XDECREF(bytes);
    Py_XDECREF(ascii);
    Py_XDECREF(subject);
    return result;
}

static Py_hash_t
certificate_hash(PyObject *self)
{
    Py_hash_t hash = (Py_hash_t)X509_subject_name_hash(x509_of(self));

    return hash == -1 ? -2 : hash;
}

static PyObject *
certificate_richcompare(PyObject *left, PyObject *right, int op)
{
    int equal;

    if ((op != Py_EQ && op != Py_NE)
        || Py_TYPE(left) != &sslb_certificate_type
        || Py_TYPE(right) != &sslb_certificate_type) {
        Py_INCREF(Py_NotImplemented);
        return Py_NotImplemented;
    }
    equal = X509_cmp(x509_of(left), x509_of(right)) == 0;
    return PyBool_FromLong(op == Py_EQ ? equal : !equal);
}

static PyMethodDef certificate_methods[] = {
    SSLB_REFUSE_COPIES,
    {"public_bytes", SSLB_KEYWORDS(certificate_public_bytes),
     METH_VARARGS | METH_KEYWORDS,
     "public_bytes(format=ENCODING_PEM) -> str or bytes\n\n"
     "The certificate as PEM (str) or DER (bytes).  Raise ValueError for\n"
     "another format than ENCODING_PEM or ENCODING_DER."},
    {"get_info", certificate_get_info, METH_NOARGS,
     "get_info() -> dict\n\nThe certificate as getpeercert() returns it."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject sslb_certificate_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_ssl.Certificate",
    .tp_basicsize = sizeof(sslb_certificate),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "One certificate of a peer's chain.",
    .tp_dealloc = certificate_dealloc,
    .tp_repr = certificate_repr,
    .tp_hash = certificate_hash,
    .tp_richcompare = certificate_richcompare,
    .tp_methods = certificate_methods,
};
