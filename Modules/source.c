/* source.c: the source of certificates or a key: a file, or an object with
   read().

   Owns the distinction between the two, the bytes that read() returned, and
   the wiping of all memory that contained a secret.  This file uses no type of
   ours. */

#include "source.h"
#include "errors.h"
#include "files.h"
#include "password.h"
#include "pycompat_values.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* -- path or object ---------------------------------------------------- */

static int
refuse_type(const char *name)
{
    PyErr_Format(PyExc_TypeError, "%s should be a valid filesystem path or "
                 "an object with a read() method", name);
    return -1;
}

/* A path is a path, even if it has a method read(). */
int
sslb_source_find(sslb_source *self, PyObject *value, const char *name)
{
    self->name = name;
    if (value == Py_None) {
        return refuse_type(name);
    }
    self->path = sslb_path_as_bytes(value);
    if (self->path != NULL) {
        return 0;
    }
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) {
        return -1;
    }
    PyErr_Clear();
    self->read = PyObject_GetAttrString(value, "read");
    if (self->read == NULL) {
        return PyErr_ExceptionMatches(PyExc_AttributeError)
            ? refuse_type(name) : -1;
    }
    return PyCallable_Check(self->read) ? 0 : refuse_type(name);
}

/* -- reading ---------------------------------------------------------- */

/* Copies the bytes: other threads may change a bytearray. */
static int
keep_bytes(sslb_source *self, const Py_buffer *view)
{
    if (view->len > INT_MAX) {
        PyErr_Format(PyExc_OverflowError, "%s.read() returned more than "
                     "2 GiB", self->name);
        return -1;
    }
    self->data = OPENSSL_malloc((size_t)view->len + 1);
    if (self->data == NULL) {
        ERR_clear_error();
        PyErr_NoMemory();
        return -1;
    }
    memcpy(self->data, view->buf, (size_t)view->len);
    self->data[view->len] = '\0';
    self->length = (int)view->len;
    return 0;
}

static int
keep_buffer(sslb_source *self, PyObject *value, const char *wanted)
{
    Py_buffer view;
    int rc;

    if (sslb_is_unicode(value) || sslb_buffer_get(value, &view) < 0) {
        if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Format(PyExc_TypeError, "%s.read() should return %s, not "
                         "%.200s", self->name, wanted,
                         Py_TYPE(value)->tp_name);
        }
        return -1;
    }
    rc = keep_bytes(self, &view);
    PyBuffer_Release(&view);
    return rc;
}

/* Encodes text as a file would have it; its comments may be in any
   language. */
static int
keep_text(sslb_source *self, PyObject *text)
{
    PyObject *bytes = sslb_text_encode(text, "utf-8");
    int rc;

    if (bytes == NULL) {
        if (PyErr_ExceptionMatches(PyExc_UnicodeError)) {
            PyErr_Format(PyExc_ValueError, "%s.read() returned text that "
                         "UTF-8 cannot encode", self->name);
        }
        return -1;
    }
    rc = keep_buffer(self, bytes, "text or bytes");
    sslb_secret_drop(bytes);
    return rc;
}

int
sslb_source_read(sslb_source *self, int is_binary)
{
    PyObject *value;
    int rc;

    if (self->read == NULL) {
        return 0;
    }
    value = PyObject_CallFunctionObjArgs(self->read, NULL);
    if (value == NULL) {
        return -1;
    }
    rc = sslb_is_unicode(value) && !is_binary
        ? keep_text(self, value)
        : keep_buffer(self, value, is_binary ? "bytes" : "text or bytes");
    Py_DECREF(value);
    return rc;
}

const char *
sslb_source_text_nogil(const sslb_source *self)
{
    const char *text = (const char *)self->data;

    return text != NULL && strlen(text) == (size_t)self->length ? text : NULL;
}

/* stdio reads a file into our buffer, because the C library does not wipe its
   own. */
BIO *
sslb_source_open_nogil(sslb_source *self)
{
    FILE *stream = NULL;
    BIO *bio;

    if (self->path == NULL) {
        return BIO_new_mem_buf(self->data, self->length);
    }
    bio = sslb_file_open_nogil(PyBytes_AS_STRING(self->path), NULL);
    if (bio != NULL && BIO_get_fp(bio, &stream) > 0) {
        (void)setvbuf(stream, self->buffer, _IOFBF, sizeof(self->buffer));
    }
    return bio;
}

void
sslb_source_close(sslb_source *self)
{
    OPENSSL_cleanse(self->buffer, sizeof(self->buffer));
    OPENSSL_clear_free(self->data, (size_t)self->length + 1);
    Py_XDECREF(self->read);
    Py_XDECREF(self->path);
}

/* -- messages ---------------------------------------------------------- */

const char *
sslb_source_shown(const sslb_source *self)
{
    return self->path != NULL ? PyBytes_AS_STRING(self->path) : self->name;
}

void
sslb_source_raise(unsigned long code, const sslb_source *self,
                  const char *what, int line)
{
    char place[200];

    if (self->path == NULL) {
        PyOS_snprintf(place, sizeof(place), "%s from %s.read()", what,
                      self->name);
        what = place;
    }
    sslb_file_raise(code, self->path, what, line);
}
