/* callbacks_log.c: SSLContext._msg_callback and the key log.

   Owns both.  A thread without the GIL writes each line of the key log with
   one system call to a file that is open for appending, so that processes and
   contexts can share a file.  The file descriptor does not block.  If a pipe
   is full, the thread waits for its reader, for a limited time. */

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

/* The type of a message: the description of an alert, the first byte of any
   other message, or -1.  A ChangeCipherSpec has no type; OpenSSL calls it
   0x0101. */
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
        return;  /* the SSLSocket or SSLObject no longer exists */
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
    if (callback != NULL) {  /* Python may have removed the callback */
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

/* `callback` may be NULL: none.  Affects only connections that are created
   later. */
static void
use_msg_callback(sslb_context *context, PyObject *callback)
{
    PyObject *old = context->msg_callback;

    context->msg_callback = Py_XNewRef(callback);
    SSL_CTX_set_msg_callback(context->ctx, callback != NULL ? msg_callback
                                                            : NULL);
    Py_XDECREF(old);
}

int
sslb_context_set_msg_callback(PyObject *self, PyObject *value, void *closure)
{
    (void)closure;
    if (sslb_refuse_deletion(value, "_msg_callback") < 0) {
        return -1;
    }
    if (value != Py_None && !PyCallable_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%.200s is not callable",
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    /* The check may have run Python code that set another callback. */
    use_msg_callback((sslb_context *)self, value != Py_None ? value : NULL);
    return 0;
}

int
sslb_msg_copy(sslb_context *copy, sslb_context *original)
{
    use_msg_callback(copy, original->msg_callback);
    return 0;
}

/* -- the key log ------------------------------------------------------ */

/* How long a thread waits for room in a pipe, in nanoseconds. */
#define PATIENCE ((int64_t)1000 * 1000 * 1000)

/* Writes one line: 0, or -1 with errno.  A pipe accepts the whole line or
   fails with EAGAIN. */
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

/* Writes to the current key log if there is one: 0 or errno.  A step outside a
   handshake does not hold the guard, so it shares the guard here. */
static int
log_line_nogil(const SSL *ssl, const char *line, int *fd)
{
    sslb_context *context = sslb_context_of_nogil(ssl);
    int shares = sslb_connection_of_nogil(ssl)->guard == NULL;
    int number = 0;

    if (shares) {
        sslb_gate_leave_nogil();    /* no thread may wait inside the gate */
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

/* Waits without a lock until the pipe has room, and runs signal handlers.
   Returns whether to try again: not after the deadline, and not if the
   operation has an exception to raise.  Meanwhile another thread may replace
   the descriptor or the context, so the next attempt reads both again. */
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

/* Reports a full pipe as ETIMEDOUT: EAGAIN would tell the owner of a
   non-blocking socket to retry the handshake. */
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

/* Opens the file with mode 0600, since its secrets decrypt every connection.
   Opening a pipe fails if the pipe has no reader; a full pipe does not get the
   comment.  Returns the descriptor, or -1 with errno. */
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

/* Never removes the callback: OpenSSL reads the pointer twice during a
   handshake, and calls the function that the second read returned. */
static void
use_keylog(sslb_context *context, int fd)
{
    context->keylog_fd = fd;
    if (fd >= 0) {
        SSL_CTX_set_keylog_callback(context->ctx, keylog_callback);
    }
}

/* Replaces the descriptor and the file name together.  Waits for the guard, so
   that threads finish the lines that they are writing.  Takes ownership of
   both. */
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

/* Duplicates the descriptor, as the file may have been renamed.  Uses fcntl():
   Linux before 2.6.24 cannot duplicate and set FD_CLOEXEC in one call.  No
   other thread forks between the two calls, because this thread holds the
   GIL. */
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
