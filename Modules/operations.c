/* operations.c: the operations that may wait for the peer.

   Owns the loop that every operation runs, and the handshake, the shutdown and
   close(); reading.c and writing.c have the other operations.  The loop:

       take the connection's lock, make one step without the GIL, release the
       lock; if the step needs the socket to become ready, wait for the socket
       with neither lock nor GIL; run signal handlers; repeat until the
       deadline.

   A step never blocks (transport.c), so a thread holds the lock only for as
   long as a few records take. */

#include "operations.h"
#include "client_sessions.h"
#include "context.h"
#include "ech_connection.h"
#include "hints.h"
#include "opensslcompat.h"
#include "pycompat_values.h"
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

/* A long operation runs signal handlers after this number of steps. */
#define STEPS_A_ROUND 64

/* How long the thread that runs signal handlers waits before it checks for a
   signal that came during the step, in nanoseconds.  A check needs the GIL, so
   it must not come before each wait. */
#define LOOK_AFTER ((int64_t)100 * 1000 * 1000)

/* -- steps ------------------------------------------------------------ */

/* Whether the error is a fatal alert from the peer:
   SSL_alert_type_string(3). */
static int
is_alert(const sslb_outcome *outcome)
{
    return outcome->ssl_error == SSL_ERROR_SSL
        && ERR_GET_LIB(outcome->code) == ERR_LIB_SSL
        && ERR_GET_REASON(outcome->code) >= SSL_AD_REASON_OFFSET;
}

/* OpenSSL reports the peer's hang-up only to the first call; later calls fail
   with another error.  This function makes them report the hang-up, too. */
static void
tell_hang_up_locked(sslb_connection *self, sslb_outcome *outcome)
{
    if (sslb_outcome_is_eof_nogil(outcome)) {
        self->hung_up = 1;
    }
    else if (self->hung_up && outcome->eof && outcome->sys_errno == 0
             && outcome->ssl_error == SSL_ERROR_SSL) {
        outcome->code = 0;
    }
}

static sslb_step_result shutdown_locked(sslb_operation *op);

sslb_step_result
sslb_operation_ended_locked(sslb_operation *op, int rc)
{
    sslb_outcome *outcome = &op->outcome;

    sslb_outcome_capture_nogil(outcome, op->self->ssl, rc,
                               op->self->transport);
    outcome->of_shutdown = op->step_locked == shutdown_locked;
    if (is_alert(outcome)) {
        op->self->alerted = 1;
    }
    tell_hang_up_locked(op->self, outcome);
    return outcome->ssl_error == SSL_ERROR_WANT_READ
        || outcome->ssl_error == SSL_ERROR_WANT_WRITE
        ? STEP_WANTS : STEP_FAILED;
}

static sslb_step_result
handshake_locked(sslb_operation *op)
{
    int rc;

    if (op->self->transport != NULL) {
        sslb_transport_handshakes_nogil(op->self->transport);
    }
    sslb_queue_clear_nogil();
    rc = SSL_do_handshake(op->self->ssl);
    return rc == 1 ? STEP_DONE : sslb_operation_ended_locked(op, rc);
}

/* The first call sends our close_notify, the second one reads the peer's:
   SSL_shutdown(3). */
static sslb_step_result
shutdown_locked(sslb_operation *op)
{
    int rc;

    sslb_queue_clear_nogil();
    rc = SSL_shutdown(op->self->ssl);
    if (rc == 0) {
        sslb_queue_clear_nogil();
        rc = SSL_shutdown(op->self->ssl);
    }
    return rc == 1 ? STEP_DONE : sslb_operation_ended_locked(op, rc);
}

static sslb_step_result
verify_client_locked(sslb_operation *op)
{
    sslb_queue_clear_nogil();
    return SSL_verify_client_post_handshake(op->self->ssl)
        ? STEP_DONE : sslb_operation_ended_locked(op, 0);
}

/* -- the loop --------------------------------------------------------- */

static void
check_fork(sslb_connection *self)
{
    sslb_lock_check_fork(&self->lock);
    sslb_guard_check_fork(&self->context->guard);
}

/* Whether the step may read the context's lists of ciphers or lookups.  A
   handshake reads them, and a TLS 1.2 connection may renegotiate in any
   step. */
static int
shares_context(const sslb_connection *self)
{
    return self->verifies_late || !SSL_is_init_finished(self->ssl)
        || SSL_version(self->ssl) < TLS1_3_VERSION;
}

static sslb_step_result
guarded_step_locked(sslb_operation *op, int may_read)
{
    sslb_connection *self = op->self;
    sslb_step_result result;

    if (self->transport != NULL) {
        sslb_transport_begin_nogil(self->transport,
                                   op->deadline != SSLB_NEVER_WAIT, may_read);
    }
    if (op->has_arrived) {
        sslb_transport_arrived_nogil(self->transport, &op->arrival);
        op->has_arrived = 0;
    }
    self->kept = &op->kept;
    self->thread = op->thread;
    if (shares_context(self)) {
        self->guard = &sslb_context_of_nogil(self->ssl)->guard;
        sslb_guard_share_nogil(self->guard);
    }
    sslb_gate_enter_nogil();
    if (self->sessions != NULL && !self->sought) {
        sslb_client_sessions_offer_locked(self);
    }
    result = op->step_locked(op);
    if (self->offered != NULL) {
        sslb_client_sessions_settle_locked(self, result == STEP_FAILED);
    }
    sslb_gate_leave_nogil();
    if (self->guard != NULL) {
        sslb_guard_release_nogil(self->guard);
        self->guard = NULL;
    }
    self->kept = NULL;
    return op->kept.type != NULL ? STEP_RAISED : result;
}

static sslb_step_result
step_nogil(sslb_operation *op)
{
    sslb_connection *self = op->self;
    sslb_step_result result;
    int may_read = sslb_step_acquire_nogil(&self->lock);

    result = self->closed ? STEP_CLOSED : guarded_step_locked(op, may_read);
    op->awaits_record = self->transport != NULL
        && sslb_transport_awaits_record_nogil(self->transport);
    op->news = sslb_step_release_nogil(
        &self->lock, self->transport != NULL && self->transport->took);
    return result;
}

/* The time at which the next wait must end. */
static sslb_deadline
wait_limit(const sslb_operation *op)
{
    sslb_deadline limit = SSLB_NO_DEADLINE;

    if (op->runs_handlers && !op->looked) {
        limit = sslb_now_nogil() + LOOK_AFTER;
    }
    return limit < op->deadline ? limit : op->deadline;
}

/* The next three functions return 1 when another step is due, 0 at the limit,
   -1 after a signal, as sslb_wait_nogil() does. */

/* Without a limit recv() can wait, which saves the system call poll(). */
static int
poll_input_nogil(sslb_operation *op, int fd, sslb_deadline limit)
{
    int ready = 0;

    if (op->awaits_record && limit == SSLB_NO_DEADLINE) {
        ready = sslb_transport_await_nogil(fd, &op->arrival);
        op->has_arrived = ready > 0;
    }
    return ready != 0 ? ready : sslb_wait_nogil(fd, POLLIN, limit);
}

static int
poll_nogil(sslb_operation *op, short events, sslb_deadline limit)
{
    sslb_connection *self = op->self;
    int fd, ready = 1;      /* if it is closed, the step reports it */

    sslb_polling_begin_nogil(&self->lock);
    fd = sslb_transport_descriptor_nogil(self->transport);
    if (fd >= 0) {
        ready = events == POLLIN ? poll_input_nogil(op, fd, limit)
                                 : sslb_wait_nogil(fd, events, limit);
    }
    sslb_polling_end_nogil(&self->lock);
    return ready;
}

static int
await_input_nogil(sslb_operation *op, sslb_deadline limit)
{
    sslb_lock *lock = &op->self->lock;
    sslb_input input = sslb_input_await_nogil(lock, op->news, limit);
    int ready;

    if (input != SSLB_INPUT_MINE) {
        return input == SSLB_INPUT_NEWS;
    }
    ready = poll_nogil(op, POLLIN, limit);
    sslb_input_polled_nogil(lock, ready > 0);
    return ready;
}

/* Waits until another step is due (STEP_AGAIN), the deadline has passed
   (STEP_TIMED_OUT) or signal handlers may have to run (STEP_INTERRUPTED). */
static sslb_step_result
wait_nogil(sslb_operation *op)
{
    sslb_deadline limit = wait_limit(op);
    int ready = op->outcome.ssl_error == SSL_ERROR_WANT_READ
        ? await_input_nogil(op, limit)
        : poll_nogil(op, POLLOUT, limit);

    if (ready > 0) {
        op->looked = 0;
        return STEP_AGAIN;
    }
    if (ready == 0 && op->deadline <= sslb_now_nogil()) {
        return STEP_TIMED_OUT;
    }
    return STEP_INTERRUPTED;
}

/* Waits if the last round ended with STEP_WANTS, then makes steps. */
static sslb_step_result
round_nogil(sslb_operation *op, sslb_step_result last)
{
    sslb_step_result result = last == STEP_WANTS ? wait_nogil(op)
                                                 : STEP_AGAIN;
    int count;

    for (count = 0; result == STEP_AGAIN && count < STEPS_A_ROUND; count++) {
        result = step_nogil(op);
    }
    return result;
}

/* Adds to the current exception the facts for its hint and the ECHConfigList
   that the server sent. */
static void
explain(sslb_operation *op, PyObject *host)
{
    sslb_connection *self = op->self;
    sslb_situation found;
    sslb_ech_data configs = {NULL, 0};

    if (!sslb_hints_are_wanted(&op->outcome)) {
        return;
    }
    sslb_connection_enter(self);
    sslb_hints_look_locked(self, &found);
    if (sslb_ech_is_required(&op->outcome)) {
        sslb_ech_retry_configs_locked(self->ssl, &configs);
    }
    sslb_connection_leave(self);
    sslb_hints_explain(self, host, &found);
    sslb_ech_explain(&configs);
}

/* Sets `*host` to the host name for the exception, a new reference, or to
   NULL: server_hostname, or the public name for which OpenSSL verifies a
   server that did not decrypt the ClientHello.  0, or -1 with MemoryError. */
static int
verified_host(sslb_connection *self, PyObject **host)
{
    char *outer_name = NULL;

    if (self->ech_config_list != NULL) {
        sslb_connection_enter(self);
        sslb_ech_fallback_locked(self->ssl, &outer_name);
        sslb_connection_leave(self);
    }
    if (outer_name != NULL) {
        *host = sslb_text_from_string(outer_name);
        OPENSSL_free(outer_name);
        return *host != NULL ? 0 : -1;
    }
    *host = self->server_hostname;
    Py_XINCREF(*host);
    return 0;
}

static void
raise_outcome(sslb_operation *op)
{
    PyObject *host;

    if (verified_host(op->self, &host) == 0) {
        sslb_outcome_raise(&op->outcome, host, op->line);
        explain(op, host);
        Py_XDECREF(host);
    }
}

/* Raises the exception for the result. */
static void
operation_raise(sslb_operation *op, sslb_step_result result)
{
    switch (result) {
    case STEP_TIMED_OUT:
        PyErr_Format(sslb_timeout_type(), "The %s operation timed out",
                     op->name);
        break;
    case STEP_RAISED:
        sslb_exception_raise(&op->kept);
        break;
    case STEP_CLOSED:
        errno = EBADF;
        PyErr_SetFromErrno(sslb_oserror_type());
        break;
    default:
        raise_outcome(op);
        break;
    }
}

sslb_step_result
sslb_operation_loop(sslb_operation *op)
{
    sslb_step_result result = STEP_AGAIN;

    op->runs_handlers = sslb_runs_handlers_nogil();
    for (;;) {
        op->thread = PyEval_SaveThread();
        do {
            result = round_nogil(op, result);
        } while (result == STEP_WANTS && op->deadline != SSLB_NEVER_WAIT);
        PyEval_RestoreThread(op->thread);
        if (result != STEP_AGAIN && result != STEP_INTERRUPTED) {
            return result;
        }
        op->looked = result == STEP_INTERRUPTED;
        if (sslb_handlers_run() < 0) {
            return STEP_INTERRUPTED;
        }
        check_fork(op->self);  /* a signal handler may have forked */
    }
}

/* -- beginning and end ------------------------------------------------ */

/* Fails with EBADF if the socket has another descriptor than the connection
   was created with: after a close(), its number may belong to another file. */
static int
check_descriptor(sslb_operation *op)
{
    long fd;

    if (sslb_socket_descriptor(op->socket, &fd) < 0) {
        return -1;
    }
    if (op->self->closed || fd != op->self->transport->fd) {
        operation_raise(op, STEP_CLOSED);
        return -1;
    }
    return 0;
}

static int
read_deadline(sslb_operation *op)
{
    PyObject *timeout = sslb_socket_timeout(op->socket);
    int rc;

    if (timeout == NULL) {
        return -1;
    }
    rc = sslb_deadline_from_timeout(timeout, &op->deadline);
    Py_DECREF(timeout);
    return rc;
}

/* Makes the descriptor non-blocking for kTLS, whose system calls have no flag
   for that. */
static int
unblock_descriptor(const sslb_transport *transport)
{
    int flags;

    if (!transport->is_kernel_tls) {
        return 0;
    }
    flags = fcntl(transport->fd, F_GETFL);
    if (flags < 0 || (!(flags & O_NONBLOCK) && fcntl(
            transport->fd, F_SETFL, flags | O_NONBLOCK) < 0)) {
        PyErr_SetFromErrno(sslb_oserror_type());
        return -1;
    }
    return 0;
}

/* Restores the mode that the socket's timeout requires, for a program that
   goes on in plain text. */
static int
block_descriptor(PyObject *socket)
{
    PyObject *timeout = sslb_socket_timeout(socket);
    PyObject *result;

    if (timeout == NULL) {
        return -1;
    }
    result = PyObject_CallMethod(socket, "settimeout", "O", timeout);
    Py_DECREF(timeout);
    Py_XDECREF(result);
    return result != NULL ? 0 : -1;
}

int
sslb_operation_begin(sslb_operation *op)
{
    sslb_connection *self = op->self;

    check_fork(self);
    if (sslb_step_is_mine_nogil(&self->lock)) {
        sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL, "a callback must "
                         "not use the connection that called it", __LINE__);
        return -1;
    }
    op->deadline = SSLB_NEVER_WAIT;
    if (self->transport == NULL) {
        Py_INCREF((PyObject *)self);
        return 0;
    }
    if (sslb_reference_get(self->socket, &op->socket) < 0) {
        return -1;
    }
    if (op->socket == NULL) {
        sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL,
                         "Underlying socket connection gone", __LINE__);
        return -1;
    }
    if (check_descriptor(op) < 0 || read_deadline(op) < 0
        || unblock_descriptor(self->transport) < 0) {
        Py_CLEAR(op->socket);
        return -1;
    }
    /* Python 2.7 clears the frames of other threads when it exits, and drops
       their references. */
    Py_INCREF((PyObject *)self);
    return 0;
}

void
sslb_operation_end(sslb_operation *op)
{
    Py_CLEAR(op->socket);
    Py_DECREF((PyObject *)op->self);
}

int
sslb_operation_result(sslb_operation *op, sslb_step_result result)
{
    if (result != STEP_DONE && result != STEP_INTERRUPTED) {
        operation_raise(op, result);
    }
    sslb_operation_end(op);
    return result == STEP_DONE ? 0 : -1;
}

/* Begins, loops and ends: 0, or -1 with an exception. */
static int
operation_run(sslb_operation *op)
{
    if (sslb_operation_begin(op) < 0) {
        return -1;
    }
    return sslb_operation_result(op, sslb_operation_loop(op));
}

/* -- the methods ------------------------------------------------------ */

/* A PROTOCOL_TLS_CLIENT context has no server side, and a PROTOCOL_TLS_SERVER
   context has no client side.  OpenSSL's own message says less. */
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
                     __LINE__);
    return -1;
}

PyObject *
sslb_connection_do_handshake(PyObject *self, PyObject *none)
{
    sslb_operation op = {.name = "handshake", .step_locked = handshake_locked,
                    .line = __LINE__,
                    .self = (sslb_connection *)self};

    (void)none;
    if (check_side(op.self) < 0 || operation_run(&op) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

int
sslb_operation_take_turn(sslb_operation *op, sslb_direction direction,
                         sslb_turn *turn)
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
        if (sslb_handlers_run() < 0) {
            return -1;
        }
        check_fork(self);  /* a signal handler may have forked */
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

/* Returns the socket, on which the caller may go on in plain text, or None
   over MemoryBIOs. */
PyObject *
sslb_connection_shutdown(PyObject *object, PyObject *none)
{
    sslb_connection *self = (sslb_connection *)object;
    sslb_operation op = {.name = "shutdown", .step_locked = shutdown_locked,
                    .line = __LINE__, .self = self};
    PyObject *socket = NULL;

    (void)none;
    if (operation_run(&op) < 0) {
        return NULL;
    }
    if (sslb_reference_get(self->socket, &socket) < 0) {
        return NULL;
    }
    if (socket == NULL) {
        Py_RETURN_NONE;
    }
    if (self->transport->is_kernel_tls && block_descriptor(socket) < 0) {
        Py_DECREF(socket);
        return NULL;
    }
    return socket;
}

PyObject *
sslb_connection_verify_client(PyObject *self, PyObject *none)
{
    sslb_operation op = {.name = "verify", .step_locked = verify_client_locked,
                    .line = __LINE__,
                    .self = (sslb_connection *)self};

    (void)none;
    op.self->verifies_late = 1;
    if (operation_run(&op) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Sends nothing.  When it returns, no thread uses the descriptor or will use
   it, so the caller can close the descriptor. */
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
    sslb_lock_close_nogil(&self->lock);
    sslb_connection_leave(self);
    /* Only shutdown(2) ends another thread's wait.  It affects all duplicates
       of the descriptor, so it is called only if a thread waits. */
    if (fd >= 0 && sslb_polling_any_nogil(&self->lock)) {
        Py_BEGIN_ALLOW_THREADS
        shutdown(fd, SHUT_RDWR);
        sslb_polling_drain_nogil(&self->lock);
        Py_END_ALLOW_THREADS
    }
    sslb_connection_give_up_socket(self);
    Py_RETURN_NONE;
}
