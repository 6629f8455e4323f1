/* callbacks_log.c: what a debugger is told: messages and secrets.

   Owns SSLContext._msg_callback and the key log.  Lines are written without
   the GIL, each with one system call to a file that is open for appending,
   so that processes and contexts can share a file.  A pipe that is full does
   not block: its reader is waited for here, and not for long. */

#include "callbacks_log.h"
#include "callbacks.h"
#include "connection.h"
#include "errors.h"
#include "files.h"
#include "lock.h"
#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* -- messages --------------------------------------------------------- */

/* The number that names the message: of an alert its description, of the
   others their first byte.  A ChangeCipherSpec has no number of its own;
   OpenSSL calls it 0x0101. */
static int
message_type(int content_type, const unsigned char *data, size_t length)
{
    switch (content_type) {
    case SSL3_RT_CHANGE_CIPHER_SPEC:
        return SSL3_MT_CHANGE_CIPHER_SPEC;
    case SSL3_RT_ALERT:
        return length > 1 ? data[1] : -1;
    default:
        return length > 0 ? data[0] : -1;
    }
}

static void
msg_call(PyObject *callback, SSL *ssl, int sent, int version,
         int content_type, const unsigned char *data, size_t length)
{
    PyObject *owner = sslb_callbacks_owner(ssl);
    PyObject *result;

    if (owner == NULL) {
        return;  /* nobody is there to be told about */
    }
    result = PyObject_CallFunction(callback, "OsiiiN", owner,
                                   sent ? "write" : "read", version,
                                   content_type,
                                   message_type(content_type, data, length),
                                   PyBytes_FromStringAndSize(
                                       (const char *)data,
                                       (Py_ssize_t)length));
    if (result == NULL) {
        sslb_callbacks_keep_exception(ssl);
    }
    Py_XDECREF(result);
    Py_DECREF(owner);
}

static void
msg_callback(int sent, int version, int content_type, const void *data,
             size_t length, SSL *ssl, void *argument)
{
    PyObject *callback;

    (void)argument;
    sslb_callback_begin_nogil(ssl);
    callback = sslb_context_of_nogil(ssl)->msg_callback;
    if (callback != NULL) {  /* it may have been taken away since */
        Py_INCREF(callback);
        msg_call(callback, ssl, sent, version, content_type, data, length);
        Py_DECREF(callback);
    }
    sslb_callback_end(ssl);
}

void
sslb_callbacks_switch_msg_locked(sslb_context *context, SSL *ssl)
{
    SSL_set_msg_callback(ssl, context->msg_callback != NULL ? msg_callback
                                                            : NULL);
}

PyObject *
sslb_context_get_msg_callback(PyObject *self, void *closure)
{
    PyObject *callback = ((sslb_context *)self)->msg_callback;

    (void)closure;
    return Py_NewRef(callback != NULL ? callback : Py_None);
}

/* For connections that are made from now on. */
int
sslb_context_set_msg_callback(PyObject *self, PyObject *value, void *closure)
{
    sslb_context *context = (sslb_context *)self;
    PyObject *old;

    (void)closure;
    if (sslb_refuse_deletion(value, "_msg_callback") < 0) {
        return -1;
    }
    if (value != Py_None && !PyCallable_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%.200s is not callable",
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    /* Only now: the checks may have run Python code, which set another. */
    old = context->msg_callback;
    context->msg_callback = value != Py_None ? Py_NewRef(value) : NULL;
    SSL_CTX_set_msg_callback(context->ctx, value != Py_None ? msg_callback
                                                            : NULL);
    Py_XDECREF(old);
    return 0;
}

int
sslb_msg_copy(sslb_context *copy, sslb_context *original)
{
    return original->msg_callback == NULL
        ? 0 : sslb_context_set_msg_callback((PyObject *)copy,
                                            original->msg_callback, NULL);
}

/* -- the key log ------------------------------------------------------ */

/* How long (nanoseconds) a line waits for room in a pipe. */
#define PATIENCE ((int64_t)1000 * 1000 * 1000)

/* 0, or -1 with errno: a pipe takes a line as a whole or says EAGAIN. */
static int
write_line_nogil(int fd, const char *line)
{
    size_t length = strlen(line);
    struct iovec parts[] = {
        {.iov_base = (void *)line, .iov_len = length},
        {.iov_base = "\n", .iov_len = 1},
    };
    ssize_t written;

    do {
        written = writev(fd, parts, 2);
    } while (written < 0 && errno == EINTR);
    if (written >= 0 && (size_t)written < length + 1) {
        errno = ENOSPC;
        written = -1;
    }
    return written < 0 ? -1 : 0;
}

/* To the log that is in use now, if there is one: 0 or errno.  A step that
   makes no handshake does not hold the guard. */
static int
log_line_nogil(const SSL *ssl, const char *line, int *fd)
{
    sslb_context *context = sslb_context_of_nogil(ssl);
    int shares = sslb_connection_of_nogil(ssl)->guard == NULL;
    int number = 0;

    if (shares) {
        sslb_gate_leave_nogil();    /* nobody waits inside */
        sslb_guard_share_nogil(&context->guard);
        sslb_gate_enter_nogil();
    }
    *fd = context->keylog_fd;
    if (*fd >= 0 && write_line_nogil(*fd, line) < 0) {
        number = errno;
    }
    if (shares) {
        sslb_guard_release_nogil(&context->guard);
    }
    return number;
}

/* Waits for the pipe's reader without a lock, and runs signal handlers.
   Whether to try again: not when the operation is to raise anyway.  The
   descriptor may be closed or another one meanwhile, and the context too; the
   next try looks. */
static int
await_room(const SSL *ssl, int fd, sslb_deadline deadline)
{
    int again = sslb_connection_of_nogil(ssl)->kept->type == NULL
        && sslb_now_nogil() < deadline;

    if (again) {
        sslb_callback_begin_nogil(ssl);
        Py_BEGIN_ALLOW_THREADS
        sslb_wait_nogil(fd, POLLOUT, deadline);
        Py_END_ALLOW_THREADS
        if (sslb_handlers_run() < 0) {
            sslb_callbacks_keep_exception(ssl);
            again = 0;
        }
        sslb_callback_end(ssl);
    }
    return again;
}

static void
keylog_failed(const SSL *ssl, int number)
{
    PyObject *name;

    sslb_callback_begin_nogil(ssl);
    name = sslb_context_get_keylog_filename(
        (PyObject *)sslb_context_of_nogil(ssl), NULL);
    errno = number;
    PyErr_SetFromErrnoWithFilenameObject(sslb_file_error_type(), name);
    Py_DECREF(name);
    sslb_callbacks_keep_exception(ssl);
    sslb_callback_end(ssl);
}

/* EAGAIN would tell who does not block to try the handshake again. */
static void
keylog_callback(const SSL *ssl, const char *line)
{
    sslb_deadline deadline = sslb_now_nogil() + PATIENCE;
    int fd, number;

    do {
        number = log_line_nogil(ssl, line, &fd);
    } while (number == EAGAIN && await_room(ssl, fd, deadline));
    if (number != 0) {
        keylog_failed(ssl, number == EAGAIN ? ETIMEDOUT : number);
    }
}

PyObject *
sslb_context_get_keylog_filename(PyObject *self, void *closure)
{
    PyObject *name = ((sslb_context *)self)->keylog_filename;

    (void)closure;
    return Py_NewRef(name != NULL ? name : Py_None);
}

/* Only the owner may read what it holds: it opens every connection.  A pipe
   must have a reader, and does without the comment when it is full.  The
   descriptor, or -1 with errno. */
static int
open_keylog_nogil(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY
                        | O_NONBLOCK, S_IRUSR | S_IWUSR);
    struct stat status;
    int number;

    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size == 0
        && write_line_nogil(fd, "# TLS secrets log file, generated by "
                                "_ssl_backport") < 0 && errno != EAGAIN) {
        number = errno;
        close(fd);
        errno = number;
        fd = -1;
    }
    return fd;
}

/* Never taken off again: a handshake looks twice, and calls what it found the
   second time. */
static void
use_keylog(sslb_context *context, int fd)
{
    context->keylog_fd = fd;
    if (fd >= 0) {
        SSL_CTX_set_keylog_callback(context->ctx, keylog_callback);
    }
}

/* Exchanges the descriptor and the name, which belong together, after the
   lines that are being written.  Takes both over. */
static void
replace_keylog(sslb_context *context, int fd, PyObject *name)
{
    PyObject *old_name;
    int old;

    sslb_context_take(context);
    old = context->keylog_fd;
    old_name = context->keylog_filename;
    use_keylog(context, fd);
    context->keylog_filename = name;
    sslb_context_release(context);
    Py_XDECREF(old_name);
    if (old >= 0) {
        Py_BEGIN_ALLOW_THREADS
        close(old);
        Py_END_ALLOW_THREADS
    }
}

int
sslb_context_set_keylog_filename(PyObject *self, PyObject *value,
                                 void *closure)
{
    sslb_context *context = (sslb_context *)self;
    PyObject *path;
    int fd = -1;

    (void)closure;
    if (sslb_refuse_deletion(value, "keylog_filename") < 0
        || sslb_path_argument(value, "keylog_filename", &path) < 0) {
        return -1;
    }
    if (path != NULL) {
        Py_BEGIN_ALLOW_THREADS
        fd = open_keylog_nogil(PyBytes_AS_STRING(path));
        Py_END_ALLOW_THREADS
        Py_DECREF(path);
        if (fd < 0) {
            PyErr_SetFromErrnoWithFilenameObject(sslb_file_error_type(),
                                                 value);
            return -1;
        }
    }
    replace_keylog(context, fd, value != Py_None ? Py_NewRef(value) : NULL);
    return 0;
}

/* The file may have another name by now, so it is not opened again.  Nobody
   forks while the GIL is held: Linux before 2.6.24 cannot do both at once. */
int
sslb_keylog_copy(sslb_context *copy, sslb_context *original)
{
    int fd;

    if (original->keylog_fd < 0) {
        return 0;
    }
    fd = dup(original->keylog_fd);
    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        PyErr_SetFromErrnoWithFilenameObject(sslb_file_error_type(),
                                             original->keylog_filename);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    use_keylog(copy, fd);
    copy->keylog_filename = Py_NewRef(original->keylog_filename);
    return 0;
}
