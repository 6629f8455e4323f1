/* operations.h: the loop that every operation runs, and the handshake, the
   shutdown and close().

   Functions with the suffix _locked run with the connection's lock and without
   the GIL.  Callers of the others hold the GIL and not the lock. */

#ifndef SSLB_OPERATIONS_H
#define SSLB_OPERATIONS_H

#include "pycompat.h"
#include "connection.h"
#include "errors.h"
#include "lock.h"
#include "transport.h"
#include "wait.h"

#include <sys/types.h>

typedef enum {
    STEP_DONE,
    STEP_AGAIN,                 /* more to do; another thread may make a step
                                   first */
    STEP_WANTS,                 /* waits for the socket to become readable or
                                   writable */
    STEP_FAILED,                /* the outcome has the error */
    STEP_RAISED,                /* a callback raised the exception in `kept` */
    STEP_CLOSED,                /* close() was called */
    STEP_TIMED_OUT,
    STEP_INTERRUPTED,           /* by a signal */
} sslb_step_result;

typedef struct sslb_operation {
    const char *name;           /* "read" in "The read operation timed out" */
    int line;                   /* source line of the method, for its errors */
    sslb_step_result (*step_locked)(struct sslb_operation *);
    sslb_connection *self;
    PyObject *socket;           /* a reference; NULL over MemoryBIOs */
    sslb_deadline deadline;
    unsigned int news;          /* the last result of
                                   sslb_step_release_nogil() */
    int awaits_record;          /* OpenSSL reads a record's header next */
    int has_arrived;            /* `arrival` is for the next step */
    sslb_arrival arrival;
    PyThreadState *thread;      /* the operation's thread state, while it runs
                                   without the GIL */
    int runs_handlers;          /* signal handlers may run in this thread */
    int looked;                 /* signals were checked during the current
                                   wait */
    unsigned char *data;        /* the buffer to read into or to write */
    size_t length;
    int file;                   /* sendfile(): the file's descriptor */
    off_t offset;               /* sendfile(): the position in the file */
    int flags;                  /* sendfile(): see SSL_sendfile(3) */
    size_t done;                /* how many bytes of it are finished */
    sslb_outcome outcome;
    sslb_exception kept;        /* of a callback; the operation raises it */
} sslb_operation;

/* Captures the outcome of a step whose SSL_* call failed and returned `rc`.
   Returns STEP_WANTS or STEP_FAILED. */
sslb_step_result sslb_operation_ended_locked(sslb_operation *op, int rc);

/* Begins an operation: takes references to the connection and its socket, and
   reads the timeout.  0, or -1 with an exception.  After success the caller
   must call sslb_operation_result() or sslb_operation_end(). */
int sslb_operation_begin(sslb_operation *op);

/* Waits for the readers' or the writers' turn: 0, or -1 with an exception.
   Releases the GIL.  If `*turn` is SSLB_TURN_TAKEN, the caller gives the turn
   back. */
int sslb_operation_take_turn(sslb_operation *op, sslb_direction direction,
                             sslb_turn *turn);

/* Makes steps and waits until the operation ends.  Returns the last result, or
   STEP_INTERRUPTED with the exception of a signal handler. */
sslb_step_result sslb_operation_loop(sslb_operation *op);

/* Ends the operation, drops its references, and raises the exception for the
   result: 0, or -1 with an exception. */
int sslb_operation_result(sslb_operation *op, sslb_step_result result);

/* Ends the operation and drops its references. */
void sslb_operation_end(sslb_operation *op);

/* Methods of _SSLSocket. */
PyObject *sslb_connection_do_handshake(PyObject *self, PyObject *none);
PyObject *sslb_connection_shutdown(PyObject *self, PyObject *none);
PyObject *sslb_connection_verify_client(PyObject *self, PyObject *none);
PyObject *sslb_connection_close(PyObject *self, PyObject *none);

#endif
