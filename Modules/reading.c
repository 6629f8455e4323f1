/* reading.c: _SSLSocket.read().

   Owns the step that reads, which may read several records, and the report of
   an end of the data that a read finds after data. */

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

/* A TLS 1.3 record whose body has at least this many bytes is not an alert,
   unless the peer pads alerts: RFC 8446, 5.4. */
#define MORE_THAN_AN_ALERT 256

/* The least time, in nanoseconds, that a peer needs to answer, even on the
   same machine.  After this time select() may have reported the answer to the
   program. */
#define ANSWER_TAKES ((int64_t)20 * 1000)

/* The most that one read() allocates for its result. */
#define READ_AT_MOST ((Py_ssize_t)1 << 20)

/* Up to this many bytes, read() uses a buffer on the stack: a copy costs less
   than shrinking a bytes object. */
#define SHORT_READ ((Py_ssize_t)8 << 10)

/* By how many bytes, at least, a record's body is longer than its plaintext:
   the tag (8 in the shortest CCM suites), in TLS 1.3 the content type (RFC
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

/* Lets the transport read the next record's header along with a record.  Not
   during a handshake, which has records of several types, and not with
   compression, where a body may be shorter than its plaintext. */
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

/* Whether to read another record.  The next record must be data: select() has
   to report an end of the data until a read() has reported the end.  And the
   whole record must fit into the buffer, as select() does not see data that
   stays in the SSL. */
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

/* A close_notify of the peer ends the data: read() returns b"", or raises
   SSLZeroReturnError if this side has sent a close_notify before.  After a
   fatal alert OpenSSL reports the same, but then the data is incomplete. */
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

/* Whether the peer can hardly have answered the last write yet.  Then waiting
   first saves a system call. */
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

/* Takes the error that an earlier read found after data: 1 if there was one.
   That read returned the data. */
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

/* Called when SSL_read_ex() returned no data.  If an earlier call of this read
   returned data, read() returns that data.  The next read() reports the end or
   the error, and pending() returns 1 until then.  Over a socket this happens
   only with a padded alert or a corrupt record. */
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

/* Reads into op->data: 0, or -1 with an exception.  Only one thread at a time
   waits for the socket: the end of the data comes once, so another thread
   might wait for ever.  A signal handler that reads during a read of its own
   thread does not wait for the turn. */
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

/* The most bytes that a read over MemoryBIOs can return now.  asyncio asks for
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

