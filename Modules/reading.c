/* reading.c: _SSLSocket.read().

   Owns the step that reads, which may bring several records at once, and what
   becomes of an end of the data that was met behind data. */

#include "reading.h"
#include "connection.h"
#include "errors.h"
#include "lock.h"
#include "opensslcompat.h"
#include "operations.h"
#include "pycompat_values.h"
#include "transport.h"
#include "wait.h"

#include <stdint.h>

/* A record of TLS 1.3 with a body of so many bytes is no alert, unless the
   peer pads those: RFC 8446, 5.4. */
#define MORE_THAN_AN_ALERT 256

/* No peer is faster (nanoseconds), not even on the same machine; later, a
   program may know from select() that there is something. */
#define ANSWER_TAKES ((int64_t)20 * 1000)

/* The most that one read() allocates for its result. */
#define READ_AT_MOST ((Py_ssize_t)1 << 20)

/* Up to so many bytes are read into the stack: to copy them takes less than to
   make a bytes object smaller. */
#define SHORT_READ ((Py_ssize_t)8 << 10)

/* What a record's body is at least longer than its plaintext, in bytes: the
   tag (the least that CCM suites have is 8), in TLS 1.3 the content type (RFC
   8446, 5.2), in TLS 1.2 the nonce of GCM and CCM (RFC 5288, 3). */
static size_t
body_overhead(SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    int nid = cipher != NULL ? SSL_CIPHER_get_cipher_nid(cipher) : NID_undef;
    int is_ccm = nid == NID_aes_128_ccm || nid == NID_aes_256_ccm;
    int is_gcm = nid == NID_aes_128_gcm || nid == NID_aes_256_gcm;
    size_t length = is_ccm ? 8 : 16;

    if (SSL_version(ssl) >= TLS1_3_VERSION) {
        return length + 1;
    }
    return length + (is_ccm || is_gcm ? 8 : 0);
}

/* Lets the transport tell what comes next.  Not during a handshake, where
   records of several kinds come, and not where a record may be shorter than
   what is in it. */
static void
look_ahead_locked(sslb_operation *op)
{
    sslb_connection *self = op->self;

    if (self->transport == NULL || !SSL_is_init_finished(self->ssl)) {
        return;
    }
    if (SSL_version(self->ssl) >= TLS1_3_VERSION) {
        sslb_transport_look_ahead_nogil(self->transport, MORE_THAN_AN_ALERT);
    }
    else if (!sslb_is_compressed(self->ssl)) {
        sslb_transport_look_ahead_nogil(self->transport, 1);
    }
}

/* Whether to read on.  What comes behind data may be the end of it, which the
   kernel has to show for as long as nobody was told; and nothing may be left
   over for a later read, as select() does not show that. */
static int
reads_on_locked(sslb_operation *op)
{
    sslb_connection *self = op->self;
    size_t room = op->length - op->done;
    size_t next;

    if (room == 0) {
        return 0;
    }
    if (self->transport == NULL) {
        return BIO_pending(SSL_get_rbio(self->ssl)) > 0;
    }
    next = sslb_transport_next_data_nogil(self->transport);
    return next > 0 && next <= room + body_overhead(self->ssl)
        && !sslb_step_is_wanted_nogil(&self->lock);
}

/* A peer that has closed in good order ends the data, which is no failure; if
   we have closed as well, there was nothing to expect.  After a fatal alert
   OpenSSL says the same, but then the data was cut off. */
static sslb_step_result
read_ended(sslb_operation *op)
{
    sslb_step_result result = sslb_operation_ended_locked(op, 0);

    if (op->outcome.ssl_error != SSL_ERROR_ZERO_RETURN) {
        return result;
    }
    if (op->self->alerted) {
        op->outcome.ssl_error = SSL_ERROR_SYSCALL;
        return STEP_FAILED;
    }
    return SSL_get_shutdown(op->self->ssl) == SSL_RECEIVED_SHUTDOWN
        ? STEP_DONE : result;
}

/* Whether an answer to what was just written can hardly be there yet, so that
   it saves a system call to wait first. */
static int
answer_is_awaited_locked(sslb_operation *op)
{
    sslb_connection *self = op->self;
    int64_t asked_at = self->asked_at;

    self->asked_at = 0;
    return asked_at != 0 && op->deadline != SSLB_NEVER_WAIT
        && self->transport != NULL
        && sslb_now_nogil() < asked_at + ANSWER_TAKES
        && !SSL_has_pending(self->ssl)
        && SSL_get_shutdown(self->ssl) == 0;
}

/* A read that met the end behind data returned the data: the end is for the
   next one. */
static int
take_untold_locked(sslb_operation *op)
{
    sslb_connection *self = op->self;
    sslb_outcome *deferred = &self->deferred;

    self->untold = 0;
    if (deferred->ssl_error == SSL_ERROR_NONE) {
        return 0;
    }
    op->outcome = *deferred;
    deferred->ssl_error = SSL_ERROR_NONE;
    return 1;
}

/* After an SSL_read_ex() that got nothing.  If the call before got data, that
   is told first; over a socket it takes an alert that is padded or a record
   that is spoilt for that, and pending() shows it. */
static sslb_step_result
read_settled(sslb_operation *op, sslb_step_result result)
{
    sslb_connection *self = op->self;

    if (op->done == 0) {
        return result;
    }
    self->untold = result != STEP_WANTS;
    if (result == STEP_FAILED) {
        self->deferred = op->outcome;
    }
    return STEP_DONE;
}

static sslb_step_result
read_locked(sslb_operation *op)
{
    size_t count;

    if (take_untold_locked(op)) {
        return STEP_FAILED;
    }
    if (answer_is_awaited_locked(op)) {
        op->outcome.ssl_error = SSL_ERROR_WANT_READ;
        return STEP_WANTS;
    }
    look_ahead_locked(op);
    do {
        sslb_queue_clear_nogil();
        if (!SSL_read_ex(op->self->ssl, op->data + op->done,
                         op->length - op->done, &count)) {
            return read_settled(op, read_ended(op));
        }
        op->done += count;
    } while (reads_on_locked(op));
    return STEP_DONE;
}

/* -- the method --------------------------------------------------------- */

/* Reads into op->data: 0, or -1 with an exception.  Only one thread waits
   for the socket: another one may have no more to wait for when the first has
   read, as the end of the data comes once.  A signal handler that reads in
   the middle of this thread's read comes first. */
static int
read_run(sslb_operation *op)
{
    sslb_turn turn = SSLB_TURN_MINE;
    sslb_step_result result;

    if (sslb_operation_begin(op) < 0) {
        return -1;
    }
    if (op->deadline != SSLB_NEVER_WAIT
        && sslb_operation_take_turn(op, SSLB_READING, &turn) < 0) {
        sslb_operation_end(op);
        return -1;
    }
    result = sslb_operation_loop(op);
    if (turn == SSLB_TURN_TAKEN) {
        sslb_turn_give(&op->self->lock, SSLB_READING);
    }
    return sslb_operation_result(op, result);
}

static PyObject *
read_into_buffer(sslb_operation *op, PyObject *buffer, Py_ssize_t length)
{
    PyObject *result = NULL;
    Py_buffer view;

    if (sslb_buffer_get_writable(buffer, &view) < 0) {
        return NULL;
    }
    op->data = view.buf;
    op->length = (size_t)(length <= 0 || length > view.len ? view.len
                                                           : length);
    if (op->length == 0 || read_run(op) == 0) {
        result = sslb_int_new((long)op->done);
    }
    PyBuffer_Release(&view);
    return result;
}

/* The most that a read over MemoryBIOs can return now: asyncio asks for
   256 KiB each time. */
static Py_ssize_t
at_hand(sslb_connection *self)
{
    size_t length;

    sslb_connection_enter(self);
    length = (size_t)SSL_pending(self->ssl)
        + BIO_ctrl_pending(SSL_get_rbio(self->ssl));
    if (SSL_has_pending(self->ssl)) {
        length += SSL3_RT_MAX_PLAIN_LENGTH;
    }
    sslb_connection_leave(self);
    return length > 0 ? (Py_ssize_t)length : 1;
}

static PyObject *
read_short(sslb_operation *op, Py_ssize_t length)
{
    unsigned char data[SHORT_READ];

    op->data = data;
    op->length = (size_t)length;
    if (length > 0 && read_run(op) < 0) {
        return NULL;
    }
    return PyBytes_FromStringAndSize((char *)data, (Py_ssize_t)op->done);
}

static PyObject *
read_long(sslb_operation *op, Py_ssize_t length)
{
    PyObject *result;
    Py_ssize_t most = op->self->transport != NULL ? READ_AT_MOST
                                                  : at_hand(op->self);

    if (length > most) {
        length = most;
    }
    result = PyBytes_FromStringAndSize(NULL, length);
    if (result == NULL) {
        return NULL;
    }
    op->data = (unsigned char *)PyBytes_AS_STRING(result);
    op->length = (size_t)length;
    if (read_run(op) < 0) {
        Py_DECREF(result);
        return NULL;
    }
    if (op->done < op->length) {
        _PyBytes_Resize(&result, (Py_ssize_t)op->done);
    }
    return result;
}

static PyObject *
read_new_bytes(sslb_operation *op, Py_ssize_t length)
{
    if (length < 0) {
        PyErr_SetString(PyExc_ValueError, "size should not be negative");
        return NULL;
    }
    return length <= SHORT_READ ? read_short(op, length)
                                : read_long(op, length);
}

PyObject *
sslb_connection_read(PyObject *self, PyObject *args)
{
    sslb_operation op = {.name = "read", .step_locked = read_locked,
                         .line = __LINE__,
                         .self = (sslb_connection *)self};
    PyObject *number, *buffer = NULL;
    Py_ssize_t length;

    if (!PyArg_UnpackTuple(args, "read", 1, 2, &number, &buffer)
        || sslb_int_as_ssize(number, &length) < 0) {
        return NULL;
    }
    return buffer != NULL ? read_into_buffer(&op, buffer, length)
                          : read_new_bytes(&op, length);
}

