/* password.c: the passwords of private keys.

   Owns the way of a password from text, bytes or a callable to OpenSSL's
   buffer, and wipes its own copies.  This file uses no type of ours. */

#include "password.h"
#include "lock.h"
#include "opensslcompat.h"
#include "pycompat_values.h"

#include <string.h>

void
sslb_secret_drop(PyObject *bytes)
{
    if (bytes != NULL && Py_REFCNT(bytes) == 1) {
        /* bytes of one character are shared, so they have more references */
        OPENSSL_cleanse(PyBytes_AS_STRING(bytes),
                        (size_t)PyBytes_GET_SIZE(bytes));
    }
    Py_XDECREF(bytes);
}

/* Copies a password of text or bytes to the buffer.  Returns the length, or -1
   with an exception.  `complaint` is the message for a wrong type. */
static int
password_copy(PyObject *value, char *buffer, int size, const char *complaint)
{
    PyObject *bytes = NULL;
    Py_buffer view;
    int length = -1;

    if (sslb_is_unicode(value)) {
        bytes = PyObject_CallMethod(value, "encode", "s", "utf-8");
        if (bytes == NULL) {
            return -1;
        }
        value = bytes;
    }
    if (!PyBytes_Check(value) && !PyByteArray_Check(value)) {
        PyErr_SetString(PyExc_TypeError, complaint);
    }
    else if (sslb_buffer_get(value, &view) == 0) {
        if (view.len > size) {
            PyErr_Format(PyExc_ValueError, "password cannot be longer than "
                         "%d bytes", size);
        }
        else {
            memcpy(buffer, view.buf, (size_t)view.len);
            length = (int)view.len;
        }
        PyBuffer_Release(&view);
    }
    sslb_secret_drop(bytes);
    return length;
}

int
sslb_password_ask(sslb_password *self, char *buffer, int size)
{
    PyObject *value;
    int length;

    if (!PyCallable_Check(self->source)) {
        return password_copy(self->source, buffer, size,
                             "password should be a string or callable");
    }
    value = PyObject_CallFunctionObjArgs(self->source, NULL);
    if (value == NULL) {
        return -1;
    }
    length = password_copy(value, buffer, size,
                           "password callback must return a string");
    Py_DECREF(value);
    return length;
}

/* OpenSSL 3 asks again after a failure.  After the first exception, the
   function does not call the program's callable again (bpo-43789). */
int
sslb_password_callback(char *buffer, int size, int writing, void *argument)
{
    sslb_password *self = argument;
    int length;

    (void)writing;
    if (self->failed) {
        return -1;
    }
    sslb_gate_leave_nogil();
    PyEval_RestoreThread(self->thread);
    length = sslb_password_ask(self, buffer, size);
    if (length < 0) {
        self->failed = 1;
        sslb_exception_keep(&self->exception);
    }
    self->thread = PyEval_SaveThread();
    sslb_gate_enter_nogil();
    return length;
}

int
sslb_password_check(PyObject *source)
{
    if (source == Py_None || PyCallable_Check(source)
        || sslb_is_unicode(source) || PyBytes_Check(source)
        || PyByteArray_Check(source)) {
        return 0;
    }
    PyErr_SetString(PyExc_TypeError,
                    "password should be a string or callable");
    return -1;
}
