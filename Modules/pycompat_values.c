/* pycompat_values.c: converts text, numbers and data between Python and C.

   Owns the conversions that differ between 2.7 and 3.x.  This file uses no
   type of ours and nothing of OpenSSL. */

#include "pycompat_values.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

/* Calls an encoder or decoder with an object, and returns the converted
   object.  Steals the reference to the function, which may be NULL with an
   exception set.  PyPy lacks PyCodec_Encode() and PyCodec_Decode(). */
static PyObject *
convert(PyObject *function, PyObject *object)
{
    PyObject *pair = NULL;
    PyObject *result = NULL;

    if (function != NULL) {
        pair = PyObject_CallFunction(function, "Os", object, "strict");
    }
    if (pair != NULL) {     /* the second item is the count of characters */
        result = PySequence_GetItem(pair, 0);
    }
    Py_XDECREF(pair);
    Py_XDECREF(function);
    return result;
}

static int
is_ascii(const char *bytes, Py_ssize_t length)
{
    Py_ssize_t i;

    for (i = 0; i < length; i++) {
        if ((unsigned char)bytes[i] >= 0x80) {
            return 0;
        }
    }
    return 1;
}

static PyObject *
encode(PyObject *text, const char *encoding)
{
    return convert(PyCodec_Encoder(encoding), text);
}

#if PY_MAJOR_VERSION == 2

PyObject *
sslb_text_new(const char *utf8, Py_ssize_t length)
{
    return PyString_FromStringAndSize(utf8, length);
}

PyObject *
sslb_readable_new(const char *utf8, Py_ssize_t length)
{
    PyObject *bytes = PyString_FromStringAndSize(utf8, length);
    PyObject *result;

    if (bytes == NULL || is_ascii(utf8, length)) {
        return bytes;
    }
    result = PyObject_CallMethod(bytes, "decode", "ss", "utf-8", "replace");
    Py_DECREF(bytes);
    return result;
}

PyObject *
sslb_readable_as_str(PyObject *text)
{
    return PyUnicode_Check(text) ? encode(text, "utf-8") : PyObject_Str(text);
}

PyObject *
sslb_readable_as_unicode(PyObject *text)
{
    PyObject *bytes = sslb_readable_as_str(text);
    PyObject *result = NULL;

    if (bytes != NULL) {
        result = PyObject_CallMethod(bytes, "decode", "ss", "utf-8",
                                     "replace");
    }
    Py_XDECREF(bytes);
    return result;
}

PyObject *
sslb_text_intern(const char *ascii)
{
    return PyString_InternFromString(ascii);
}

int
sslb_text_check(PyObject *object)
{
    return PyString_Check(object) || PyUnicode_Check(object);
}

PyObject *
sslb_int_new(long value)
{
    return PyInt_FromLong(value);
}

PyObject *
sslb_int_from_unsigned(unsigned long long value)
{
    return value <= LONG_MAX ? PyInt_FromLong((long)value)
                             : PyLong_FromUnsignedLongLong(value);
}

#ifdef PYPY_VERSION
/* PyPy's "s*" and "w*" do not accept a memoryview. */
static int
memoryview_get(PyObject *object, Py_buffer *view, int flags)
{
    Py_buffer *own = PyMemoryView_GET_BUFFER(object);

    if (!PyBuffer_IsContiguous(own, 'C')) {
        PyErr_SetString(PyExc_BufferError, "a contiguous buffer is required");
        return -1;
    }
    if (own->readonly && flags == PyBUF_WRITABLE) {
        PyErr_SetString(PyExc_BufferError, "a writable buffer is required");
        return -1;
    }
    return PyBuffer_FillInfo(view, object, own->buf, own->len, own->readonly,
                             flags);
}

/* PyPy's "s*" does not accept array, mmap and others either, and no C API
   gives access to their memory: copies the bytes of buffer(object). */
static int
copy_get(PyObject *object, Py_buffer *view)
{
    PyObject *buffer = PyObject_CallFunctionObjArgs(
        (PyObject *)&PyBuffer_Type, object, NULL);
    PyObject *copy = buffer != NULL ? PyObject_Str(buffer) : NULL;
    int rc = copy != NULL && PyArg_Parse(copy, "s*", view) ? 0 : -1;

    Py_XDECREF(copy);
    Py_XDECREF(buffer);
    return rc;
}

int
sslb_buffer_get(PyObject *object, Py_buffer *view)
{
    if (PyMemoryView_Check(object)) {
        return memoryview_get(object, view, PyBUF_SIMPLE);
    }
    if (PyArg_Parse(object, "s*", view)) {
        return 0;
    }
    if (PyUnicode_Check(object)
        || !(PyErr_ExceptionMatches(PyExc_TypeError)
             || PyErr_ExceptionMatches(PyExc_NotImplementedError))) {
        return -1;
    }
    PyErr_Clear();
    return copy_get(object, view);
}

int
sslb_buffer_get_writable(PyObject *object, Py_buffer *view)
{
    if (PyMemoryView_Check(object)) {
        return memoryview_get(object, view, PyBUF_WRITABLE);
    }
    return PyArg_Parse(object, "w*", view) ? 0 : -1;
}
#else
/* Accepts also unicode of ASCII characters, as 2.7's own ssl does. */
int
sslb_buffer_get(PyObject *object, Py_buffer *view)
{
    if (PyString_CheckExact(object)) {  /* needs a tenth of the time */
        return PyObject_GetBuffer(object, view, PyBUF_SIMPLE);
    }
    return PyArg_Parse(object, "s*", view) ? 0 : -1;
}

int
sslb_buffer_get_writable(PyObject *object, Py_buffer *view)
{
    if (!PyArg_Parse(object, "w*", view)) {
        return -1;
    }
    if (view->readonly && PyMemoryView_Check(object)) {
        /* 2.7.0 gives a writable view of a str's memoryview (bpo-10451).  For
           old-style buffers, view->readonly says nothing. */
        PyBuffer_Release(view);
        PyErr_SetString(PyExc_TypeError,
                        "argument must be read-write buffer");
        return -1;
    }
    return 0;
}
#endif

PyObject *
sslb_text_encode(PyObject *object, const char *encoding)
{
    if (PyUnicode_Check(object)) {
        return encode(object, encoding);
    }
    if (PyString_Check(object)) {
        return Py_NewRef(object);
    }
    PyErr_Format(PyExc_TypeError, "expected a string, not %.200s",
                 Py_TYPE(object)->tp_name);
    return NULL;
}

PyObject *
sslb_path_as_bytes(PyObject *object)
{
    const char *encoding = Py_FileSystemDefaultEncoding;
    PyObject *result = NULL;

    if (PyUnicode_Check(object)) {
        result = encode(object, encoding ? encoding : "utf-8");
    }
    else if (PyString_Check(object)) {
        result = Py_NewRef(object);
    }
    else {
        PyErr_Format(PyExc_TypeError, "expected a path, not %.200s",
                     Py_TYPE(object)->tp_name);
    }
    if (result != NULL && strlen(PyString_AS_STRING(result))
                          != (size_t)PyString_GET_SIZE(result)) {
        PyErr_SetString(PyExc_TypeError, "a path must not contain null "
                        "bytes");
        Py_CLEAR(result);
    }
    return result;
}

#else  /* Python 3 */

PyObject *
sslb_text_new(const char *utf8, Py_ssize_t length)
{
    return PyUnicode_DecodeUTF8(utf8, length, "backslashreplace");
}

PyObject *
sslb_readable_new(const char *utf8, Py_ssize_t length)
{
    return sslb_text_new(utf8, length);
}

PyObject *
sslb_readable_as_str(PyObject *text)
{
    return PyObject_Str(text);
}

PyObject *
sslb_readable_as_unicode(PyObject *text)
{
    return PyObject_Str(text);
}

PyObject *
sslb_text_intern(const char *ascii)
{
    return PyUnicode_InternFromString(ascii);
}

int
sslb_text_check(PyObject *object)
{
    return PyUnicode_Check(object);
}

PyObject *
sslb_int_new(long value)
{
    return PyLong_FromLong(value);
}

PyObject *
sslb_int_from_unsigned(unsigned long long value)
{
    return PyLong_FromUnsignedLongLong(value);
}

int
sslb_buffer_get(PyObject *object, Py_buffer *view)
{
    if (PyUnicode_Check(object)) {
        PyErr_SetString(PyExc_TypeError,
                        "a bytes-like object is required, not 'str'");
        return -1;
    }
    return PyObject_GetBuffer(object, view, PyBUF_SIMPLE);
}

int
sslb_buffer_get_writable(PyObject *object, Py_buffer *view)
{
    return PyArg_Parse(object, "w*", view) ? 0 : -1;
}

PyObject *
sslb_text_encode(PyObject *object, const char *encoding)
{
    if (PyUnicode_Check(object)) {
        return PyUnicode_AsEncodedString(object, encoding, "strict");
    }
    PyErr_Format(PyExc_TypeError, "expected str, not %.200s",
                 Py_TYPE(object)->tp_name);
    return NULL;
}

PyObject *
sslb_path_as_bytes(PyObject *object)
{
    PyObject *result;

    return PyUnicode_FSConverter(object, &result) ? result : NULL;
}

#endif

PyObject *
sslb_text_from_string(const char *utf8)
{
    return sslb_text_new(utf8, (Py_ssize_t)strlen(utf8));
}

PyObject *
sslb_text_split(const char *utf8, char separator)
{
    PyObject *result = PyList_New(0);
    const char *end = utf8;

    while (result != NULL && *end != '\0') {
        PyObject *part;

        end = strchr(utf8, separator);
        if (end == NULL) {
            end = utf8 + strlen(utf8);
        }
        part = sslb_text_new(utf8, end - utf8);
        if (part == NULL || PyList_Append(result, part) < 0) {
            Py_CLEAR(result);
        }
        Py_XDECREF(part);
        utf8 = end + 1;
    }
    return result;
}

/* For messages: cuts the text after 1 KiB. */
PyObject *
sslb_readable_format(const char *format, ...)
{
    char buffer[1024];
    va_list arguments;

    va_start(arguments, format);
    PyOS_vsnprintf(buffer, sizeof(buffer), format, arguments);
    va_end(arguments);
    buffer[sizeof(buffer) - 1] = '\0';
    return sslb_readable_new(buffer, (Py_ssize_t)strlen(buffer));
}

int
sslb_is_unicode(PyObject *object)
{
    return PyUnicode_Check(object);
}

/* Returns a new reference to the integer of an int, a long or an object with
   __index__(); TypeError for a float or a str. */
static PyObject *
int_from_index(PyObject *object)
{
    if (!PyIndex_Check(object)) {
        PyErr_Format(PyExc_TypeError, "an integer is required, not %.200s",
                     Py_TYPE(object)->tp_name);
        return NULL;
    }
    return PyNumber_Index(object);
}

int
sslb_int_as_long(PyObject *object, long *value)
{
    PyObject *index = int_from_index(object);

    if (index == NULL) {
        return -1;
    }
    *value = PyLong_AsLong(index);
    Py_DECREF(index);
    return *value == -1 && PyErr_Occurred() ? -1 : 0;
}

int
sslb_int_as_int(PyObject *object, int *value)
{
    long number;

    if (sslb_int_as_long(object, &number) < 0) {
        return -1;
    }
    if (number < INT_MIN || number > INT_MAX) {
        PyErr_SetString(PyExc_OverflowError,
                        "the number does not fit a C int");
        return -1;
    }
    *value = (int)number;
    return 0;
}

int
sslb_int_as_unsigned(PyObject *object, unsigned long long *value)
{
    PyObject *index = int_from_index(object);
    PyObject *number;
    long long as_signed;
    int overflow;

    if (index == NULL) {
        return -1;
    }
    /* On 2.7, PyNumber_Long() returns an int for an int; the conversion below
       needs a long. */
    number = PyObject_CallFunctionObjArgs((PyObject *)&PyLong_Type, index,
                                          NULL);
    Py_DECREF(index);
    if (number == NULL) {
        return -1;
    }
    as_signed = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow < 0 || (overflow == 0 && as_signed < 0)) {
        Py_DECREF(number);
        PyErr_SetString(PyExc_ValueError, "a number must not be negative");
        return -1;
    }
    *value = PyLong_AsUnsignedLongLong(number);
    Py_DECREF(number);
    return *value == (unsigned long long)-1 && PyErr_Occurred() ? -1 : 0;
}

int
sslb_int_as_ssize(PyObject *object, Py_ssize_t *value)
{
    if (!PyIndex_Check(object)) {
        PyErr_Format(PyExc_TypeError, "an integer is required, not %.200s",
                     Py_TYPE(object)->tp_name);
        return -1;
    }
    *value = PyNumber_AsSsize_t(object, PyExc_OverflowError);
    return *value == -1 && PyErr_Occurred() ? -1 : 0;
}

PyObject *
sslb_text_encode_string(PyObject *object, const char *encoding)
{
    PyObject *bytes = sslb_text_encode(object, encoding);

    if (bytes != NULL && strlen(PyBytes_AS_STRING(bytes))
                         != (size_t)PyBytes_GET_SIZE(bytes)) {
        PyErr_SetString(PyExc_ValueError, "embedded null character");
        Py_CLEAR(bytes);
    }
    return bytes;
}

PyObject *
sslb_host_as_ascii(PyObject *object)
{
    PyObject *result;

    if (PyBytes_Check(object)) {
        result = Py_NewRef(object);
    }
    else if (PyByteArray_Check(object)) {
        result = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(object),
                                           PyByteArray_GET_SIZE(object));
    }
    else if (PyUnicode_Check(object)) {
        /* Only names that are not ASCII load the IDNA codec. */
        result = encode(object, "ascii");
        if (result == NULL && PyErr_ExceptionMatches(PyExc_UnicodeError)) {
            PyErr_Clear();
            result = encode(object, "idna");
        }
    }
    else {
        PyErr_Format(PyExc_TypeError,
                     "server_hostname must be a string or None, not %.200s",
                     Py_TYPE(object)->tp_name);
        return NULL;
    }
    if (result != NULL && !is_ascii(PyBytes_AS_STRING(result),
                                    PyBytes_GET_SIZE(result))) {
        /* the decoder raises the expected UnicodeDecodeError */
        Py_XDECREF(convert(PyCodec_Decoder("ascii"), result));
        Py_CLEAR(result);
    }
    return result;
}
