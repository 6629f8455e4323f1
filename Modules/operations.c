/* operations.c: handshake, read, write, shutdown: what may take time.

   Owns the loop that every operation runs:

       take the connection's lock, make one step without the GIL, drop the
       lock; if the step wants the socket to become ready, wait for that with
       neither lock nor GIL, run signal handlers, and go round again until
       the deadline.

   A step never blocks (transport.c), so no thread keeps another from the
   connection for longer than a few records take. */

#include "sslb.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* A long operation looks for signals after so many steps. */
#define STEPS_A_ROUND 64

/* So long (nanoseconds) the thread that runs signal handlers waits before it
   looks for a signal that came during the step.  To look at once would make
   each wait wait for the GIL. */
#define LOOK_AFTER ((int64_t)100 * 1000 * 1000)

/* An encrypted alert has no more than so many bytes more than those that
   record_overhead() counts. */
#define ALERT_AT_MOST 64

/* The most that one read() allocates for its result. */
#define READ_AT_MOST ((Py_ssize_t)1 << 20)

typedef enum {
    STEP_DONE,
    STEP_AGAIN,                 /* more to do, others may come in between */
    STEP_WANTS,                 /* the outcome says what */
    STEP_FAILED,                /* the outcome says why */
    STEP_RAISED,                /* a callback did; the exception is kept */
    STEP_CLOSED,                /* close() came first */
    STEP_TIMED_OUT,
    STEP_INTERRUPTED,           /* by a signal */
} step_result;

typedef struct operation {
    const char *name;           /* "read" in "The read operation timed out" */
    step_result (*step_locked)(struct operation *);
    sslb_connection *self;
    PyObject *socket;           /* kept alive meanwhile; NULL over BIOs */
    sslb_deadline deadline;
    int runs_handlers;          /* signal handlers may run in this thread */
    int looked;                 /* for signals, since the last wait began */
    unsigned char *data;        /* what is read into or written from */
    size_t length;
    size_t done;                /* how much of it is finished */
    sslb_outcome outcome;
    sslb_exception kept;        /* of a callback, to be raised */
} operation;

/* -- steps ------------------------------------------------------------ */

/* After an SSL_* call that did not succeed. */
static step_result
step_ended(operation *op, int rc)
{
    sslb_outcome *outcome = &op->outcome;

    sslb_outcome_capture_nogil(outcome, op->self->ssl, rc,
                               op->self->transport);
    return outcome->ssl_error == SSL_ERROR_WANT_READ
        || outcome->ssl_error == SSL_ERROR_WANT_WRITE
        ? STEP_WANTS : STEP_FAILED;
}

static step_result
handshake_locked(operation *op)
{
    int rc;

    sslb_queue_clear_nogil();
    rc = SSL_do_handshake(op->self->ssl);
    return rc == 1 ? STEP_DONE : step_ended(op, rc);
}

static int
transport_holds(const operation *op)
{
    const sslb_transport *transport = op->self->transport;

    return transport != NULL && sslb_transport_holds_nogil(transport);
}

/* What a record is at least longer than its plaintext, in bytes: the header,
   the tag (the least that CCM suites have is 8), in TLS 1.3 the content type
   (RFC 8446, 5.2), in TLS 1.2 the nonce of GCM and CCM (RFC 5288, 3). */
static size_t
record_overhead(SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    int nid = cipher != NULL ? SSL_CIPHER_get_cipher_nid(cipher) : NID_undef;
    int is_ccm = nid == NID_aes_128_ccm || nid == NID_aes_256_ccm;
    int is_gcm = nid == NID_aes_128_gcm || nid == NID_aes_256_gcm;
    size_t length = SSL3_RT_HEADER_LENGTH + (is_ccm ? 8 : 16);

    if (SSL_version(ssl) >= TLS1_3_VERSION) {
        return length + 1;
    }
    return length + (is_ccm || is_gcm ? 8 : 0);
}

/* Lets the transport look at more than a record, but never at more than fits
   into the caller's buffer when it is decrypted.  It pays where that is large;
   not during a handshake, where records of several kinds come.  Returns
   whether only what is held already is to be read, which may end within a
   record. */
static int
look_ahead_locked(operation *op)
{
    SSL *ssl = op->self->ssl;
    int offline = op->done > 0 && transport_holds(op);
    size_t limit = 0;

    if (op->self->transport == NULL) {
        return 0;
    }
    if (op->length > SSL3_RT_MAX_PLAIN_LENGTH && SSL_is_init_finished(ssl)
        && !sslb_is_compressed(ssl)) {
        limit = op->length - op->done + record_overhead(ssl);
    }
    sslb_transport_look_ahead_nogil(op->self->transport, limit, offline);
    return offline;
}

/* Whether to read on.  What comes behind data may be the end of it, which the
   kernel has to show as long as nobody was told: only where the transport
   looks ahead, and that far, or over MemoryBIOs. */
static int
reads_on_locked(operation *op)
{
    sslb_connection *self = op->self;

    if (op->done == op->length) {
        return 0;
    }
    if (transport_holds(op)) {
        return 1;
    }
    if (sslb_step_is_wanted_nogil(&self->lock)) {
        return 0;
    }
    if (self->transport == NULL) {
        return BIO_pending(SSL_get_rbio(self->ssl)) > 0;
    }
    return self->transport->limit > 0 && !self->transport->drained
        && op->length - op->done > ALERT_AT_MOST;
}

/* A peer that has closed in good order ends the data, which is no failure; if
   we have closed as well, there was nothing to expect. */
static step_result
read_ended(operation *op)
{
    step_result result = step_ended(op, 0);

    if (op->outcome.ssl_error == SSL_ERROR_ZERO_RETURN
        && SSL_get_shutdown(op->self->ssl) == SSL_RECEIVED_SHUTDOWN) {
        return STEP_DONE;
    }
    return result;
}

/* Whether an answer to what was just written can hardly be there yet, so that
   it saves a system call to wait first. */
static int
answer_is_awaited_locked(operation *op)
{
    sslb_connection *self = op->self;
    int asked = self->asked;

    self->asked = 0;
    return asked && op->deadline != SSLB_NEVER_WAIT
        && self->transport != NULL && !SSL_has_pending(self->ssl)
        && SSL_get_shutdown(self->ssl) == 0;
}

/* A read that met the end behind data returned the data: the end is for the
   next one. */
static int
take_untold_locked(operation *op)
{
    sslb_connection *self = op->self;
    sslb_outcome *deferred = &self->deferred;

    if (self->untold && self->transport != NULL) {
        sslb_transport_settle_nogil(self->transport, 0);
    }
    self->untold = 0;
    if (deferred->ssl_error == SSL_ERROR_NONE) {
        return 0;
    }
    op->outcome = *deferred;
    deferred->ssl_error = SSL_ERROR_NONE;
    return 1;
}

/* After the last SSL_read_ex() of a read, which had this result. */
static step_result
read_settled(operation *op, step_result result, int ended)
{
    sslb_connection *self = op->self;

    self->untold = ended && op->done > 0;
    if (self->transport != NULL) {
        sslb_transport_settle_nogil(self->transport, self->untold);
    }
    if (self->untold && result == STEP_FAILED) {
        self->deferred = op->outcome;
    }
    return op->done > 0 ? STEP_DONE : result;
}

static step_result
read_locked(operation *op)
{
    SSL *ssl = op->self->ssl;
    size_t count;
    int offline;

    if (take_untold_locked(op)) {
        return STEP_FAILED;
    }
    if (answer_is_awaited_locked(op)) {
        op->outcome.ssl_error = SSL_ERROR_WANT_READ;
        return STEP_WANTS;
    }
    do {
        sslb_queue_clear_nogil();
        offline = look_ahead_locked(op);
        if (SSL_read_ex(ssl, op->data + op->done, op->length - op->done,
                        &count)) {
            op->done += count;
        }
        else {
            step_result result = read_ended(op);

            if (!offline || result != STEP_WANTS) {
                return read_settled(op, result, result != STEP_WANTS);
            }
        }
    } while (reads_on_locked(op));
    return read_settled(op, STEP_DONE, 0);
}

/* Encrypts what one system call is to send, at least a record.  What comes
   in the way after the first record counts only when that is sent. */
static step_result
encrypt_locked(operation *op)
{
    sslb_connection *self = op->self;
    size_t limit = op->length - op->done;
    int gather = self->transport != NULL && limit > SSL3_RT_MAX_PLAIN_LENGTH;
    step_result result = STEP_DONE;
    size_t count;

    if (limit > SSLB_GATHER_PLAINTEXT) {
        limit = SSLB_GATHER_PLAINTEXT;
    }
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
            result = step_ended(op, 0);
        }
    }
    if (gather) {
        sslb_transport_gather_nogil(self->transport, 0);
    }
    return result;
}

/* Hands what is encrypted to the kernel. */
static step_result
flush_locked(operation *op)
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

/* An unfinished write must be given the same data again, and at least as much
   of it: SSL_write(3). */
static step_result
refuse_retry(operation *op)
{
    memset(&op->outcome, 0, sizeof(op->outcome));
    op->outcome.ssl_error = SSL_ERROR_SSL;
    op->outcome.code = ERR_PACK(ERR_LIB_SSL, 0, SSL_R_BAD_WRITE_RETRY);
    return STEP_FAILED;
}

/* A success leaves nothing behind, so that the next write may bring anything:
   a non-blocking one ends with what one system call took. */
static step_result
write_locked(operation *op)
{
    sslb_connection *self = op->self;
    step_result result, trouble = STEP_DONE;

    if (op->length - op->done < self->ahead) {
        return refuse_retry(op);
    }
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
    self->ahead = 0;
    if (trouble == STEP_FAILED) {
        return trouble;
    }
    if (op->done == op->length
        || (op->socket != NULL && op->deadline == SSLB_NEVER_WAIT)) {
        self->asked = 1;
        return STEP_DONE;
    }
    return STEP_AGAIN;
}

/* The first call sends our close_notify, the second one looks for the
   peer's: SSL_shutdown(3). */
static step_result
shutdown_locked(operation *op)
{
    sslb_transport *transport = op->self->transport;
    int rc;

    if (transport != NULL) {
        sslb_transport_settle_nogil(transport, 0);  /* of an untold end */
    }
    sslb_queue_clear_nogil();
    rc = SSL_shutdown(op->self->ssl);
    if (rc == 0) {
        sslb_queue_clear_nogil();
        rc = SSL_shutdown(op->self->ssl);
    }
    return rc == 1 ? STEP_DONE : step_ended(op, rc);
}

static step_result
verify_client_locked(operation *op)
{
    sslb_queue_clear_nogil();
    return SSL_verify_client_post_handshake(op->self->ssl)
        ? STEP_DONE : step_ended(op, 0);
}

/* -- the loop --------------------------------------------------------- */

static void
check_fork(sslb_connection *self)
{
    sslb_lock_check_fork(&self->lock);
    sslb_guard_check_fork(&self->context->guard);
}

/* Whether the step may look at the context's cipher lists: those of TLS 1.2
   renegotiate. */
static int
shares_context(SSL *ssl)
{
    return !SSL_is_init_finished(ssl) || SSL_version(ssl) < TLS1_3_VERSION;
}

static step_result
guarded_step_locked(operation *op)
{
    sslb_connection *self = op->self;
    step_result result;

    if (self->transport != NULL) {
        self->transport->sys_errno = 0;  /* of an earlier step */
    }
    self->kept = &op->kept;
    if (shares_context(self->ssl)) {
        self->guard = &sslb_callbacks_context_nogil(self->ssl)->guard;
        sslb_guard_share_nogil(self->guard);
    }
    result = op->step_locked(op);
    if (self->guard != NULL) {
        sslb_guard_release_nogil(self->guard);
        self->guard = NULL;
    }
    self->kept = NULL;
    return op->kept.type != NULL ? STEP_RAISED : result;
}

static step_result
step_nogil(operation *op)
{
    sslb_connection *self = op->self;
    step_result result;

    sslb_step_acquire_nogil(&self->lock);
    result = self->closed ? STEP_CLOSED : guarded_step_locked(op);
    sslb_step_release_nogil(&self->lock);
    return result;
}

/* When the next wait ends at the latest. */
static sslb_deadline
wait_limit(const operation *op)
{
    sslb_deadline limit = op->runs_handlers && !op->looked
        ? sslb_now_nogil() + LOOK_AFTER : SSLB_NO_DEADLINE;

    return limit < op->deadline ? limit : op->deadline;
}

/* Waits until the socket is ready: STEP_AGAIN then. */
static step_result
wait_nogil(operation *op)
{
    sslb_connection *self = op->self;
    int reading = op->outcome.ssl_error == SSL_ERROR_WANT_READ;
    sslb_deadline limit = wait_limit(op);
    int fd, ready = -1;

    sslb_polling_begin_nogil(&self->lock);
    fd = sslb_transport_descriptor_nogil(self->transport);
    if (fd >= 0) {
        ready = sslb_wait_nogil(fd, reading ? POLLIN : POLLOUT, limit);
    }
    sslb_polling_end_nogil(&self->lock);
    if (fd < 0) {
        return STEP_CLOSED;
    }
    if (ready > 0) {
        op->looked = 0;
        return STEP_AGAIN;
    }
    return ready == 0 && limit == op->deadline ? STEP_TIMED_OUT
                                               : STEP_INTERRUPTED;
}

/* Waits if the last round ended so, and steps on. */
static step_result
round_nogil(operation *op, step_result last)
{
    step_result result = last == STEP_WANTS ? wait_nogil(op) : STEP_AGAIN;
    int count;

    for (count = 0; result == STEP_AGAIN && count < STEPS_A_ROUND; count++) {
        result = step_nogil(op);
    }
    return result;
}

/* Raises what ended the operation. */
static void
operation_raise(operation *op, step_result result)
{
    PyObject *type;

    switch (result) {
    case STEP_TIMED_OUT:
        type = sslb_timeout_type();
        if (type != NULL) {
            PyErr_Format(type, "The %s operation timed out", op->name);
        }
        break;
    case STEP_RAISED:
        sslb_exception_raise(&op->kept);
        break;
    case STEP_CLOSED:
        errno = EBADF;
        PyErr_SetFromErrno(sslb_oserror_type());
        break;
    default:
        sslb_outcome_raise(&op->outcome, op->self->server_hostname, __FILE__,
                           __LINE__);
        break;
    }
}

/* What the operation came to, or STEP_INTERRUPTED with the exception of a
   signal handler. */
static step_result
operation_loop(operation *op)
{
    step_result result = STEP_AGAIN;

    op->runs_handlers = sslb_runs_handlers_nogil();
    for (;;) {
        Py_BEGIN_ALLOW_THREADS
        do {
            result = round_nogil(op, result);
        } while (result == STEP_WANTS && op->deadline != SSLB_NEVER_WAIT);
        Py_END_ALLOW_THREADS
        if (result != STEP_AGAIN && result != STEP_INTERRUPTED) {
            return result;
        }
        op->looked = result == STEP_INTERRUPTED;
        if (PyErr_CheckSignals() < 0) {
            return STEP_INTERRUPTED;
        }
        check_fork(op->self);  /* in a signal handler */
    }
}

/* -- beginning and end ------------------------------------------------ */

static PyObject *name_fileno, *name_gettimeout;

int
sslb_operations_module_init(void)
{
    name_fileno = sslb_text_intern("fileno");
    name_gettimeout = sslb_text_intern("gettimeout");
    return name_fileno != NULL && name_gettimeout != NULL ? 0 : -1;
}

/* The descriptor must still be the one that the connection was made on: a
   closed socket's number may belong to somebody else by now. */
static int
check_descriptor(operation *op)
{
    PyObject *number = PyObject_CallMethodObjArgs(op->socket, name_fileno,
                                                  NULL);
    long fd = -1;
    int rc;

    if (number == NULL) {
        return -1;
    }
    rc = sslb_int_as_long(number, &fd);
    Py_DECREF(number);
    if (rc == 0 && (op->self->closed || fd != op->self->transport->fd)) {
        operation_raise(op, STEP_CLOSED);
        rc = -1;
    }
    return rc;
}

static int
read_deadline(operation *op)
{
    PyObject *timeout = PyObject_CallMethodObjArgs(op->socket,
                                                   name_gettimeout, NULL);
    int rc;

    if (timeout == NULL) {
        return -1;
    }
    rc = sslb_deadline_from_timeout(timeout, &op->deadline);
    Py_DECREF(timeout);
    return rc;
}

/* Fills in what the connection knows; operation_end() is due after success
   only. */
static int
operation_begin(operation *op)
{
    sslb_connection *self = op->self;

    check_fork(self);
    if (sslb_step_is_mine_nogil(&self->lock)) {
        sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL, "a callback must "
                         "not use the connection that called it");
        return -1;
    }
    op->deadline = SSLB_NEVER_WAIT;
    if (self->socket == NULL) {
        return 0;
    }
    if (PyWeakref_GetRef(self->socket, &op->socket) < 0) {
        return -1;
    }
    if (op->socket == NULL) {
        sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL,
                         "Underlying socket connection gone");
        return -1;
    }
    if (check_descriptor(op) < 0 || read_deadline(op) < 0) {
        Py_CLEAR(op->socket);
        return -1;
    }
    return 0;
}

static void
operation_end(operation *op)
{
    Py_CLEAR(op->socket);
}

/* Ends it: 0, or -1 with the exception of what it came to. */
static int
operation_result(operation *op, step_result result)
{
    if (result != STEP_DONE && result != STEP_INTERRUPTED) {
        operation_raise(op, result);
    }
    operation_end(op);
    return result == STEP_DONE ? 0 : -1;
}

/* Begin, loop, end: 0, or -1 with an exception. */
static int
operation_run(operation *op)
{
    if (operation_begin(op) < 0) {
        return -1;
    }
    return operation_result(op, operation_loop(op));
}

/* -- the methods ------------------------------------------------------ */

/* A context for clients has no server side, and the other way round: OpenSSL
   would say so with less words. */
static int
check_side(const sslb_connection *self)
{
    if (!sslb_context_lacks_side(self->context, self->server_side)) {
        return 0;
    }
    sslb_queue_clear_nogil();
    ERR_raise(ERR_LIB_SSL, ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED);
    sslb_queue_raise(self->server_side
                     ? "Cannot create "
                       "a server socket with a PROTOCOL_TLS_CLIENT context"
                     : "Cannot create "
                       "a client socket with a PROTOCOL_TLS_SERVER context",
                     __FILE__, __LINE__);
    return -1;
}

PyObject *
sslb_connection_do_handshake(PyObject *self, PyObject *none)
{
    operation op = {.name = "handshake", .step_locked = handshake_locked,
                    .self = (sslb_connection *)self};

    (void)none;
    if (check_side(op.self) < 0 || operation_run(&op) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Waits until no other thread reads or writes, whichever this is about. */
static int
turn_take(operation *op, sslb_direction direction, sslb_turn *turn)
{
    sslb_connection *self = op->self;

    *turn = sslb_turn_try(&self->lock, direction);
    while (*turn == SSLB_TURN_BUSY) {
        Py_BEGIN_ALLOW_THREADS
        sslb_turn_await_nogil(&self->lock, direction, op->deadline);
        Py_END_ALLOW_THREADS
        if (self->closed) {
            operation_raise(op, STEP_CLOSED);
            return -1;
        }
        if (PyErr_CheckSignals() < 0) {
            return -1;
        }
        check_fork(self);  /* in a signal handler */
        *turn = sslb_turn_try(&self->lock, direction);
        if (*turn == SSLB_TURN_BUSY && op->deadline <= sslb_now_nogil()) {
            op->outcome.ssl_error = SSL_ERROR_WANT_WRITE;
            operation_raise(op, op->deadline == SSLB_NEVER_WAIT
                            ? STEP_WANTS : STEP_TIMED_OUT);
            return -1;
        }
    }
    return 0;
}

/* Reads into op->data: 0, or -1 with an exception.  Only one thread waits
   for the socket: another one may have no more to wait for when the first has
   read, as the end of the data comes once.  A signal handler that reads in
   the middle of this thread's read comes first. */
static int
read_run(operation *op)
{
    sslb_turn turn = SSLB_TURN_MINE;
    step_result result;

    if (operation_begin(op) < 0) {
        return -1;
    }
    if (op->deadline != SSLB_NEVER_WAIT
        && turn_take(op, SSLB_READING, &turn) < 0) {
        operation_end(op);
        return -1;
    }
    result = operation_loop(op);
    if (turn == SSLB_TURN_TAKEN) {
        sslb_turn_give(&op->self->lock, SSLB_READING);
    }
    return operation_result(op, result);
}

static PyObject *
read_into_buffer(operation *op, PyObject *buffer, Py_ssize_t length)
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
read_new_bytes(operation *op, Py_ssize_t length)
{
    PyObject *result;
    Py_ssize_t most = op->self->transport != NULL ? READ_AT_MOST
                                                  : at_hand(op->self);

    if (length < 0) {
        PyErr_SetString(PyExc_ValueError, "size should not be negative");
        return NULL;
    }
    if (length > most) {
        length = most;
    }
    result = PyBytes_FromStringAndSize(NULL, length);
    if (result == NULL || length == 0) {
        return result;
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

PyObject *
sslb_connection_read(PyObject *self, PyObject *args)
{
    operation op = {.name = "read", .step_locked = read_locked,
                    .self = (sslb_connection *)self};
    PyObject *number, *buffer = NULL;
    Py_ssize_t length;

    if (!PyArg_ParseTuple(args, "O|O:read", &number, &buffer)
        || sslb_int_as_ssize(number, &length) < 0) {
        return NULL;
    }
    return buffer != NULL ? read_into_buffer(&op, buffer, length)
                          : read_new_bytes(&op, length);
}

static int
refuse_nested_write(operation *op)
{
    sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL, "a signal handler must "
                     "not write to the connection whose write it "
                     "interrupted");
    operation_end(op);
    return -1;
}

/* Writes op->data: 0, or -1 with an exception.  A write that did not end well
   can be made again with the same data, and goes on where it was. */
static int
write_run(operation *op)
{
    sslb_connection *self = op->self;
    step_result result;
    sslb_turn turn;

    if (operation_begin(op) < 0) {
        return -1;
    }
    if (turn_take(op, SSLB_WRITING, &turn) < 0) {
        operation_end(op);
        return -1;
    }
    if (turn == SSLB_TURN_MINE) {
        return refuse_nested_write(op);
    }
    op->done = self->handed;
    if (op->done > op->length) {
        result = refuse_retry(op);
    }
    else {
        result = operation_loop(op);
        self->handed = result == STEP_DONE ? 0 : op->done;
    }
    sslb_turn_give(&self->lock, SSLB_WRITING);
    return operation_result(op, result);
}

PyObject *
sslb_connection_write(PyObject *self, PyObject *data)
{
    operation op = {.name = "write", .step_locked = write_locked,
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

/* The socket, for the caller to go on with in plain text; None over
   MemoryBIOs. */
PyObject *
sslb_connection_shutdown(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    operation op = {.name = "shutdown", .step_locked = shutdown_locked,
                    .self = self};
    PyObject *socket = NULL;

    (void)none;
    if (operation_run(&op) < 0) {
        return NULL;
    }
    if (self->socket == NULL) {
        Py_RETURN_NONE;
    }
    if (PyWeakref_GetRef(self->socket, &socket) < 0) {
        return NULL;
    }
    return socket != NULL ? socket : Py_NewRef(Py_None);
}

PyObject *
sslb_connection_verify_client(PyObject *self, PyObject *none)
{
    operation op = {.name = "verify", .step_locked = verify_client_locked,
                    .self = (sslb_connection *)self};

    (void)none;
    if (operation_run(&op) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Sends nothing.  When it returns, no thread uses the descriptor or will, so
   that it can be closed and its number used again. */
PyObject *
sslb_connection_close(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    int fd = -1;

    (void)none;
    sslb_connection_enter(self);
    self->closed = 1;
    if (self->transport != NULL) {
        fd = sslb_transport_forget_nogil(self->transport);
    }
    sslb_connection_leave(self);
    /* Only a shutdown ends another thread's poll(); it hits every duplicate
       of the descriptor, so it is kept for the case that somebody waits. */
    if (fd >= 0 && sslb_polling_any_nogil(&self->lock)) {
        Py_BEGIN_ALLOW_THREADS
        shutdown(fd, SHUT_RDWR);
        sslb_polling_drain_nogil(&self->lock);
        Py_END_ALLOW_THREADS
    }
    Py_RETURN_NONE;
}
