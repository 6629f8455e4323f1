/* writing.c: _SSLSocket.write() and sendfile().

   Owns the step that writes: the records that it encrypts before one system
   call sends them, and the state of an unfinished write. */

#include "writing.h"
#include "connection.h"
#include "errors.h"
#include "lock.h"
#include "membio.h"
#include "opensslcompat.h"
#include "operations.h"
#include "pycompat_values.h"
#include "transport.h"
#include "wait.h"

#include <errno.h>
#include <string.h>

/* The most bytes of a file that one step asks the kernel to send. */
#define FILE_PIECE ((size_t)256 * 1024)

/* Whether one system call sends several records.  With kTLS the kernel sends
   each of them at once. */
static int
gathers(const sslb_connection *self)
{
    return self->transport == NULL || !self->transport->is_kernel_tls;
}

/* If OpenSSL could not send a fatal alert, which has two bytes, it rejects a
   write of one byte as too short (SSL_R_BAD_LENGTH).  It reports a longer
   write as a failure without a reason.  This function reports the failure for
   both. */
static void
forget_bad_length(sslb_outcome *outcome)
{
    if (ERR_GET_LIB(outcome->code) == ERR_LIB_SSL
        && ERR_GET_REASON(outcome->code) == SSL_R_BAD_LENGTH) {
        outcome->ssl_error = SSL_ERROR_SYSCALL;
        outcome->code = 0;
    }
}

/* Encrypts the data for one system call, at least one record.  The step
   reports an error after the first record only when the encrypted records are
   sent. */
static sslb_step_result
encrypt_locked(sslb_operation *op)
{
    sslb_connection *self = op->self;
    size_t most = gathers(self) ? SSLB_GATHER_PLAINTEXT
                                : (size_t)SSL3_RT_MAX_PLAIN_LENGTH;
    size_t left = op->length - op->done;
    size_t limit = left < most ? left : most;
    int gather = limit > SSL3_RT_MAX_PLAIN_LENGTH && self->transport != NULL;
    sslb_step_result result = STEP_DONE;
    size_t count;

    if (gather) {
        sslb_transport_gather_nogil(self->transport, 1);
    }
    else if (self->transport == NULL) {
        sslb_membio_reserve_nogil(SSL_get_wbio(self->ssl),
                                  limit + limit / 64 + 64);
    }
    while (result == STEP_DONE && self->ahead < limit) {
        sslb_queue_clear_nogil();
        if (SSL_write_ex(self->ssl, op->data + op->done + self->ahead,
                         limit - self->ahead, &count)) {
            self->ahead += count;
        }
        else {
            result = sslb_operation_ended_locked(op, 0);
            forget_bad_length(&op->outcome);
        }
    }
    if (gather) {
        sslb_transport_gather_nogil(self->transport, 0);
    }
    return result;
}

/* Sends the encrypted records. */
static sslb_step_result
flush_locked(sslb_operation *op)
{
    sslb_transport *transport = op->self->transport;
    sslb_outcome *outcome = &op->outcome;
    int rc = transport != NULL ? sslb_transport_flush_nogil(transport) : 1;

    if (rc > 0) {
        return STEP_DONE;
    }
    memset(outcome, 0, sizeof(*outcome));
    if (rc == 0) {
        outcome->ssl_error = SSL_ERROR_WANT_WRITE;
        return STEP_WANTS;
    }
    outcome->ssl_error = SSL_ERROR_SYSCALL;
    outcome->sys_errno = transport->sys_errno;
    return STEP_FAILED;
}

/* Fails with that reason, as OpenSSL would.  If the peer has hung up, the
   operation raises that error instead. */
static sslb_step_result
refuse_locked(sslb_operation *op, int reason)
{
    sslb_queue_clear_nogil();
    ERR_raise(ERR_LIB_SSL, reason);
    return sslb_operation_ended_locked(op, -1);
}

/* If a write fails, the caller must repeat the call with the same data or more
   of it (SSL_write(3)), and the write goes on where it stopped.  After a
   success the next write may have other data.  A non-blocking write ends with
   the data that one system call has sent. */
static sslb_step_result
write_locked(sslb_operation *op)
{
    sslb_connection *self = op->self;
    sslb_step_result result, trouble = STEP_DONE;

    if (op->length < self->handed + self->ahead) {
        return refuse_locked(op, SSL_R_BAD_WRITE_RETRY);
    }
    op->done = self->handed;
    if (self->ahead == 0) {
        trouble = encrypt_locked(op);
        if (self->ahead == 0) {
            return trouble;
        }
    }
    result = flush_locked(op);
    if (result != STEP_DONE) {
        return result;
    }
    op->done += self->ahead;
    self->handed = op->done;
    self->ahead = 0;
    if (trouble == STEP_FAILED) {
        return trouble;
    }
    if (op->done == op->length
        || (op->socket != NULL && op->deadline == SSLB_NEVER_WAIT)) {
        self->handed = 0;
        self->asked_at = sslb_now_nogil();
        return STEP_DONE;
    }
    return STEP_AGAIN;
}

/* The kernel reads and encrypts the file, with one system call a step.  Fails
   while a write is unfinished. */
static sslb_step_result
sendfile_locked(sslb_operation *op)
{
    sslb_connection *self = op->self;
    sslb_step_result result;
    ossl_ssize_t sent;

    if (!BIO_get_ktls_send(SSL_get_wbio(self->ssl))) {
        return refuse_locked(op, ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED);
    }
    if (self->handed > 0 || self->ahead > 0) {
        return refuse_locked(op, SSL_R_BAD_WRITE_RETRY);
    }
    if (op->length == 0) {
        return STEP_DONE;
    }
    sslb_queue_clear_nogil();
    errno = 0;
    sent = SSL_sendfile(self->ssl, op->file, op->offset, op->length,
                        op->flags);
    if (sent >= 0) {
        op->done = (size_t)sent;
        return STEP_DONE;
    }
    self->transport->sys_errno = errno;
    result = sslb_operation_ended_locked(op, -1);
    if (result == STEP_FAILED && op->outcome.sys_errno != 0) {
        op->outcome.ssl_error = SSL_ERROR_SYSCALL;
    }
    return result;
}

/* -- the methods -------------------------------------------------------- */

static int
refuse_nested_write(sslb_operation *op)
{
    sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL, "a signal handler must "
                     "not write to the connection whose write it "
                     "interrupted", __LINE__);
    sslb_operation_end(op);
    return -1;
}

/* Begins, takes the writers' turn, loops and ends: 0, or -1 with an
   exception. */
static int
write_run(sslb_operation *op)
{
    sslb_connection *self = op->self;
    sslb_step_result result;
    sslb_turn turn;

    if (sslb_operation_begin(op) < 0) {
        return -1;
    }
    if (sslb_operation_take_turn(op, SSLB_WRITING, &turn) < 0) {
        sslb_operation_end(op);
        return -1;
    }
    if (turn == SSLB_TURN_MINE) {
        return refuse_nested_write(op);
    }
    result = sslb_operation_loop(op);
    sslb_turn_give(&self->lock, SSLB_WRITING);
    return sslb_operation_result(op, result);
}

PyObject *
sslb_connection_write(PyObject *self, PyObject *data)
{
    sslb_operation op = {.name = "write", .step_locked = write_locked,
                         .line = __LINE__,
                         .self = (sslb_connection *)self};
    PyObject *result = NULL;
    Py_buffer view;

    if (sslb_buffer_get(data, &view) < 0) {
        return NULL;
    }
    op.data = view.buf;
    op.length = (size_t)view.len;
    if (op.length == 0 || write_run(&op) == 0) {
        result = sslb_int_new((long)op.done);
    }
    PyBuffer_Release(&view);
    return result;
}

/* Works only while the kernel encrypts (kTLS). */
PyObject *
sslb_connection_sendfile(PyObject *self, PyObject *args)
{
    sslb_operation op = {.name = "write", .step_locked = sendfile_locked,
                         .line = __LINE__,
                         .self = (sslb_connection *)self};
    long long offset;
    unsigned long long length;
    PyObject *size;

    if (!PyArg_ParseTuple(args, "iLO|i:sendfile", &op.file, &offset, &size,
                          &op.flags)
        || sslb_int_as_unsigned(size, &length) < 0) {
        return NULL;
    }
    op.offset = (off_t)offset;
    op.length = length < FILE_PIECE ? (size_t)length : FILE_PIECE;
    if (write_run(&op) < 0) {
        return NULL;
    }
    return sslb_int_new((long)op.done);
}
