/* membio.c: MemoryBIO, a queue of bytes between OpenSSL and Python.

   Owns a BIO method over one growable buffer, and the Python type around it.
   The buffer has a mutex, because SSL_* calls without the GIL read and write
   it, too. */

#include "membio.h"
#include "buffers.h"
#include "errors.h"
#include "pycompat_values.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    pthread_mutex_t mutex;
    sslb_buffer buffer;
    size_t start, end;          /* the bytes in the queue */
    int eof_written;
} queue;

static BIO_METHOD *method = NULL;

/* Reserves memory for `length` more bytes.  Returns 1, or 0 when out of
   memory.  Bytes move to the front only if at least as many are free there, so
   each byte moves a bounded number of times. */
static int
queue_reserve_locked(queue *self, size_t length)
{
    size_t used = self->end - self->start;
    size_t size = self->buffer.size;
    sslb_buffer larger;

    if (length <= self->buffer.size - self->end) {
        return 1;
    }
    if (self->start >= used && length <= self->buffer.size - used) {
        memcpy(self->buffer.data, self->buffer.data + self->start, used);
        self->start = 0;
        self->end = used;
        return 1;
    }
    if (length > SIZE_MAX / 4 - used) {
        return 0;
    }
    /* Grows by half, so that many small writes cost little; a large write gets
       the memory that it needs. */
    size += size / 2;
    if (size < used + length) {
        size = used + length;
    }
    if (size < 256) {
        size = 256;
    }
    larger = sslb_buffer_lend_nogil(size);
    if (larger.data == NULL) {
        return 0;
    }
    if (used > 0) {
        memcpy(larger.data, self->buffer.data + self->start, used);
    }
    sslb_buffer_take_back_nogil(&self->buffer);
    self->buffer = larger;
    self->start = 0;
    self->end = used;
    return 1;
}

static int
queue_put_locked(queue *self, const void *data, size_t length)
{
    if (!queue_reserve_locked(self, length)) {
        return 0;
    }
    memcpy(self->buffer.data + self->end, data, length);
    self->end += length;
    return 1;
}

static void
queue_get_locked(queue *self, void *data, size_t length)
{
    memcpy(data, self->buffer.data + self->start, length);
    self->start += length;
    if (self->start == self->end) {     /* an idle connection holds no
                                           buffer */
        self->start = self->end = 0;
        sslb_buffer_take_back_nogil(&self->buffer);
    }
}

void
sslb_membio_reserve_nogil(BIO *bio, size_t length)
{
    queue *self = BIO_get_data(bio);

    pthread_mutex_lock(&self->mutex);
    (void)queue_reserve_locked(self, length);
    pthread_mutex_unlock(&self->mutex);
}

/* -- the BIO ---------------------------------------------------------- */

static int
queue_bio_write(BIO *bio, const char *data, int length)
{
    queue *self = BIO_get_data(bio);
    int rc;

    if (length <= 0) {
        return 0;
    }
    pthread_mutex_lock(&self->mutex);
    rc = queue_put_locked(self, data, (size_t)length) ? length : -1;
    pthread_mutex_unlock(&self->mutex);
    /* not after a success: another connection may read from this BIO at the
       same time and test the flags of its read */
    if (rc < 0) {
        BIO_clear_retry_flags(bio);
        ERR_raise(ERR_LIB_BIO, ERR_R_MALLOC_FAILURE);
    }
    return rc;
}

static int
queue_bio_read(BIO *bio, char *data, int length)
{
    queue *self = BIO_get_data(bio);
    size_t count;
    int rc;

    BIO_clear_retry_flags(bio);
    if (length <= 0) {
        return 0;
    }
    pthread_mutex_lock(&self->mutex);
    count = self->end - self->start;
    if (count > 0) {
        if (count > (size_t)length) {
            count = (size_t)length;
        }
        queue_get_locked(self, data, count);
        rc = (int)count;
    }
    else if (self->eof_written) {
        rc = 0;
    }
    else {
        BIO_set_retry_read(bio);
        rc = -1;
    }
    pthread_mutex_unlock(&self->mutex);
    return rc;
}

static long
queue_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    queue *self = BIO_get_data(bio);
    long rc = 0;

    (void)number;
    (void)pointer;
    pthread_mutex_lock(&self->mutex);
    switch (command) {
    case BIO_CTRL_FLUSH:
        rc = 1;
        break;
    case BIO_CTRL_PENDING:
        rc = (long)(self->end - self->start);
        break;
    case BIO_CTRL_EOF:
        rc = self->eof_written && self->start == self->end;
        break;
    default:
        break;
    }
    pthread_mutex_unlock(&self->mutex);
    return rc;
}

static int
queue_bio_create(BIO *bio)
{
    queue *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        return 0;
    }
    if (pthread_mutex_init(&self->mutex, NULL) != 0) {
        free(self);
        return 0;
    }
    BIO_set_data(bio, self);
    BIO_set_init(bio, 1);
    return 1;
}

static int
queue_bio_destroy(BIO *bio)
{
    queue *self = BIO_get_data(bio);

    if (self != NULL) {
        pthread_mutex_destroy(&self->mutex);
        sslb_buffer_take_back_nogil(&self->buffer);
        free(self);
        BIO_set_data(bio, NULL);
    }
    return 1;
}

int
sslb_membio_module_init(void)
{
    int type;

    if (method != NULL) {
        return 0;
    }
    type = BIO_get_new_index();
    method = type < 0 ? NULL : BIO_meth_new(type | BIO_TYPE_SOURCE_SINK,
                                            "_ssl_backport memory");
    if (method == NULL
        || !BIO_meth_set_write(method, queue_bio_write)
        || !BIO_meth_set_read(method, queue_bio_read)
        || !BIO_meth_set_ctrl(method, queue_bio_ctrl)
        || !BIO_meth_set_create(method, queue_bio_create)
        || !BIO_meth_set_destroy(method, queue_bio_destroy)) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* -- the Python type -------------------------------------------------- */

static PyObject *
membio_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {NULL};
    sslb_membio *self;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, ":MemoryBIO", keywords)) {
        return NULL;
    }
    self = (sslb_membio *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->bio = BIO_new(method);
    if (self->bio == NULL) {
        ERR_clear_error();
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void
membio_dealloc(PyObject *object)
{
    BIO_free(((sslb_membio *)object)->bio);
    Py_TYPE(object)->tp_free(object);
}

static size_t
membio_pending(sslb_membio *self)
{
    return (size_t)BIO_ctrl_pending(self->bio);
}

PyDoc_STRVAR(read_doc,
"read(size=-1) -> bytes\n\
\n\
Remove up to size bytes from the queue and return them.  A negative size\n\
means all bytes.  The result is b\"\" if the queue is empty.");

static PyObject *
membio_read(PyObject *object, PyObject *args)
{
    sslb_membio *self = (sslb_membio *)object;
    queue *bytes = BIO_get_data(self->bio);
    PyObject *argument = NULL;
    PyObject *result;
    Py_ssize_t size = -1;
    size_t count;

    if (!PyArg_ParseTuple(args, "|O:read", &argument)) {
        return NULL;
    }
    if (argument != NULL && sslb_int_as_ssize(argument, &size) < 0) {
        return NULL;
    }
    count = membio_pending(self);
    if (size >= 0 && (size_t)size < count) {
        count = (size_t)size;
    }
    result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)count);
    if (result == NULL || count == 0) {
        return result;
    }
    pthread_mutex_lock(&bytes->mutex);
    /* Creating the result may have run Python code, and a connection may have
       read bytes meanwhile. */
    if (count > bytes->end - bytes->start) {
        count = bytes->end - bytes->start;
    }
    if (count > 0) {
        queue_get_locked(bytes, PyBytes_AS_STRING(result), count);
    }
    pthread_mutex_unlock(&bytes->mutex);
    if ((Py_ssize_t)count != PyBytes_GET_SIZE(result)) {
        _PyBytes_Resize(&result, (Py_ssize_t)count);
    }
    return result;
}

PyDoc_STRVAR(write_doc,
"write(data) -> int\n\
\n\
Append all of data (a contiguous buffer) to the queue, and return its length\n\
in bytes.  Raise SSLError after write_eof().");

static PyObject *
membio_write(PyObject *object, PyObject *argument)
{
    sslb_membio *self = (sslb_membio *)object;
    queue *bytes = BIO_get_data(self->bio);
    Py_buffer view;
    PyObject *result = NULL;
    int rc = 1;

    if (sslb_buffer_get(argument, &view) < 0) {
        return NULL;
    }
    if (bytes->eof_written) {
        sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL,
                         "cannot write() after write_eof()", __LINE__);
        goto exit;
    }
    if (view.len > 0) {
        pthread_mutex_lock(&bytes->mutex);
        rc = queue_put_locked(bytes, view.buf, (size_t)view.len);
        pthread_mutex_unlock(&bytes->mutex);
    }
    result = rc ? sslb_int_new((long)view.len) : PyErr_NoMemory();
exit:
    PyBuffer_Release(&view);
    return result;
}

PyDoc_STRVAR(write_eof_doc,
"write_eof()\n\
\n\
Mark the end: once the queue is empty, a connection that reads from it\n\
behaves as if the peer had closed the transport.");

static PyObject *
membio_write_eof(PyObject *object, PyObject *none)
{
    queue *bytes = BIO_get_data(((sslb_membio *)object)->bio);

    (void)none;
    pthread_mutex_lock(&bytes->mutex);
    bytes->eof_written = 1;
    pthread_mutex_unlock(&bytes->mutex);
    Py_RETURN_NONE;
}

static PyObject *
membio_get_pending(PyObject *object, void *closure)
{
    (void)closure;
    return sslb_int_from_unsigned(membio_pending((sslb_membio *)object));
}

static PyObject *
membio_get_eof(PyObject *object, void *closure)
{
    (void)closure;
    return PyBool_FromLong(BIO_eof(((sslb_membio *)object)->bio));
}

static PyMethodDef membio_methods[] = {
    SSLB_REFUSE_COPIES,
    {"read", membio_read, METH_VARARGS, read_doc},
    {"write", membio_write, METH_O, write_doc},
    {"write_eof", membio_write_eof, METH_NOARGS, write_eof_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef membio_getset[] = {
    {"pending", membio_get_pending, NULL,
     "The count of bytes in the queue (int).", NULL},
    {"eof", membio_get_eof, NULL,
     "Whether write_eof() was called and the queue is empty (bool).", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(membio_doc,
"MemoryBIO()\n\
\n\
A queue of bytes in memory.  A connection without a socket reads its records\n\
from one MemoryBIO and writes its records to another.");

PyTypeObject sslb_membio_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_ssl.MemoryBIO",
    .tp_basicsize = sizeof(sslb_membio),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = membio_doc,
    .tp_new = membio_new,
    .tp_dealloc = membio_dealloc,
    .tp_methods = membio_methods,
    .tp_getset = membio_getset,
};
