/* operations.h: the loop that every operation runs, and the handshake, the
   shutdown and close().

   A step runs with the connection's lock, without the GIL; all else here is
   called with the GIL and without the lock. */

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
    STEP_AGAIN,                 /* more to do, others may come in between */
    STEP_WANTS,                 /* the outcome says what */
    STEP_FAILED,                /* the outcome says why */
    STEP_RAISED,                /* a callback did; the exception is kept */
    STEP_CLOSED,                /* close() came first */
    STEP_TIMED_OUT,
    STEP_INTERRUPTED,           /* by a signal */
} sslb_step_result;

typedef struct sslb_operation {
    const char *name;           /* "read" in "The read operation timed out" */
    int line;                   /* of the method, for its errors */
    sslb_step_result (*step_locked)(struct sslb_operation *);
    sslb_connection *self;
    PyObject *socket;           /* kept alive meanwhile; NULL over BIOs */
    sslb_deadline deadline;
    unsigned int news;          /* sslb_step_release_nogil()'s, of its last
                                   step */
    int awaits_record;          /* its last step did, from its beginning on */
    int has_arrived;            /* the arrival, for the next step */
    sslb_arrival arrival;
    PyThreadState *thread;      /* of who runs it, without the GIL */
    int runs_handlers;          /* signal handlers may run in this thread */
    int looked;                 /* for signals, since the last wait began */
    unsigned char *data;        /* what is read into or written from */
    size_t length;
    int file;                   /* a descriptor: what sendfile() sends, ... */
    off_t offset;               /* ... from there on, ... */
    int flags;                  /* ... SSL_sendfile(3) */
    size_t done;                /* how much of it is finished */
    sslb_outcome outcome;
    sslb_exception kept;        /* of a callback, to be raised */
} sslb_operation;

/* What a step came to whose SSL_* call returned `rc`, no success: the
   outcome is captured. */
sslb_step_result sslb_operation_ended_locked(sslb_operation *op, int rc);

/* Fills in what the connection knows.  After success sslb_operation_result()
   or sslb_operation_end() is due. */
int sslb_operation_begin(sslb_operation *op);

/* Waits until no other thread reads or writes, whichever this is about. */
int sslb_operation_take_turn(sslb_operation *op, sslb_direction direction,
                             sslb_turn *turn);

/* Steps and waits: what it came to, or STEP_INTERRUPTED with the exception
   of a signal handler. */
sslb_step_result sslb_operation_loop(sslb_operation *op);

/* Ends it: 0, or -1 with the exception of what it came to. */
int sslb_operation_result(sslb_operation *op, sslb_step_result result);
void sslb_operation_end(sslb_operation *op);

/* Methods of _SSLSocket. */
PyObject *sslb_connection_do_handshake(PyObject *self, PyObject *none);
PyObject *sslb_connection_shutdown(PyObject *self, PyObject *none);
PyObject *sslb_connection_verify_client(PyObject *self, PyObject *none);
PyObject *sslb_connection_close(PyObject *self, PyObject *none);

#endif
