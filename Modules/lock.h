/* lock.h: the locks of connections and contexts, and the gate that fork()
   closes.

   lock.c documents the order of the locks and their state after fork().
   Nobody waits for a turn, a step, a lock or a guard while holding the GIL,
   and no function here acquires the GIL.  Only functions whose names end with
   _init() can fail. */

#ifndef SSLB_LOCK_H
#define SSLB_LOCK_H

#include "pycompat.h"
#include "wait.h"

#include <pthread.h>

typedef enum {SSLB_READING, SSLB_WRITING} sslb_direction;

/* A queue: first come, first served. */
typedef struct {
    unsigned int next;          /* the ticket of the next thread that comes */
    unsigned int serving;
} sslb_tickets;

/* The number of a thread; 0 means no thread.  No two threads ever have the
   same number; pthread_t values are used again. */
typedef unsigned long sslb_thread;

/* The lock of a connection, with its steps, turns and waits. */
typedef struct {
    pthread_mutex_t mutex;      /* guards the fields below; held only for
                                   moments */
    pthread_cond_t changed;
    sslb_tickets looks;
    sslb_thread owner;
    unsigned int depth;         /* how often the owner acquired the lock */
    sslb_tickets steps;
    sslb_thread stepper;
    sslb_thread turns[2];       /* the holder of each turn, by
                                   sslb_direction */
    sslb_thread taker;          /* the only thread that may read from the
                                   socket */
    unsigned int followers;     /* threads that wait for the taker's input */
    unsigned int news;          /* count of steps that have read something */
    unsigned int polling;       /* count of threads in poll() or recv() */
    int closed;                 /* the connection is closed: waits end */
    unsigned int fork_count;    /* of the process that initialised this */
} sslb_lock;

/* The guard of a context: handshakes share it, a change of the context takes
   it alone. */
typedef struct {
    pthread_rwlock_t lock;
    unsigned int fork_count;    /* of the process that initialised this */
} sslb_guard;

int sslb_lock_init(sslb_lock *lock);
void sslb_lock_destroy(sslb_lock *lock);

/* Makes the lock usable in a child process.  The caller holds the GIL and
   calls this before each acquisition. */
void sslb_lock_check_fork(sslb_lock *lock);

/* The lock is recursive and fair.  The caller of sslb_lock_acquire_nogil()
   must not hold the GIL. */
void sslb_lock_acquire_nogil(sslb_lock *lock);
int sslb_lock_try(sslb_lock *lock);     /* 1 if acquired, else 0 */
void sslb_lock_release_nogil(sslb_lock *lock);

/* A step is the part of an operation between two waits: one SSL_* call or
   several.  It holds the lock and excludes other steps.  While a callback runs
   Python code, the step lends the lock, so that other threads may look at the
   connection; other steps still wait.
   sslb_step_acquire_nogil() returns whether the step may read from the socket.
   For sslb_step_release_nogil(), `took` says whether the step read something;
   the result is the count of steps that did. */
int sslb_step_acquire_nogil(sslb_lock *lock);
unsigned int sslb_step_release_nogil(sslb_lock *lock, int took);
void sslb_step_lend_nogil(sslb_lock *lock);
void sslb_step_reclaim_nogil(sslb_lock *lock);
int sslb_step_is_mine_nogil(sslb_lock *lock);
int sslb_step_is_wanted_nogil(sslb_lock *lock);  /* whether a thread waits for
                                                    the lock or a step */

/* Handshakes share the guard; a change takes it alone.  A thread that waits
   for it must not hold the GIL; a callback must not hold it while running
   Python code. */
int sslb_guard_init(sslb_guard *guard);
void sslb_guard_destroy(sslb_guard *guard);
void sslb_guard_check_fork(sslb_guard *guard);
void sslb_guard_share_nogil(sslb_guard *guard);
void sslb_guard_take_nogil(sslb_guard *guard);
void sslb_guard_release_nogil(sslb_guard *guard);

/* The turns of readers and of writers.  An operation holds its turn from its
   start to its end.  sslb_turn_try() returns SSLB_TURN_MINE if an outer
   operation of this thread holds the turn; the inner one must not give the
   turn back. */
typedef enum {SSLB_TURN_BUSY, SSLB_TURN_TAKEN, SSLB_TURN_MINE} sslb_turn;
sslb_turn sslb_turn_try(sslb_lock *lock, sslb_direction direction);
void sslb_turn_give(sslb_lock *lock, sslb_direction direction);

/* Waits until the turn is free, the connection is closed, or the deadline has
   passed; a thread that runs signal handlers waits at most a tenth of a
   second.  For a non-blocking operation the wait is at most a tenth of a
   second: another non-blocking operation holds the turn only for moments. */
void sslb_turn_await_nogil(sslb_lock *lock, sslb_direction direction,
                           sslb_deadline deadline);

/* Only one thread at a time (the taker) reads from the socket or polls for
   input; the other threads that need input wait for the taker.  So no step
   reads data for which another thread is waiting in poll().  Results of
   sslb_input_await_nogil():

   SSLB_INPUT_MINE: this thread must poll, then call sslb_input_polled_nogil()
   with whether there was input.  It remains the taker for its next step.

   SSLB_INPUT_NEWS: a step has read something since the count was `news`, or
   the connection is closed.

   SSLB_INPUT_LATE: the limit has passed (in a thread that runs signal
   handlers, a tenth of a second). */
typedef enum {SSLB_INPUT_MINE, SSLB_INPUT_NEWS, SSLB_INPUT_LATE} sslb_input;
sslb_input sslb_input_await_nogil(sslb_lock *lock, unsigned int news,
                                  sslb_deadline limit);
void sslb_input_polled_nogil(sslb_lock *lock, int ready);

/* Ends all waits for turns and for input, now and later. */
void sslb_lock_close_nogil(sslb_lock *lock);

/* Count the threads in poll() or recv() on the descriptor.  A thread calls
   sslb_polling_begin_nogil() first and then checks whether the descriptor is
   still there; a thread that removes the descriptor does so first and then
   checks for waiting threads.  sslb_polling_drain_nogil() waits until the
   count is 0. */
void sslb_polling_begin_nogil(sslb_lock *lock);
void sslb_polling_end_nogil(sslb_lock *lock);
int sslb_polling_any_nogil(sslb_lock *lock);
void sslb_polling_drain_nogil(sslb_lock *lock);

/* Code that calls OpenSSL without the GIL enters the gate; fork() waits for
   the threads inside.  A thread inside must not wait for the GIL, nor for a
   lock whose holder may wait for the GIL: the gate is last in the order of the
   locks. */
void sslb_gate_enter_nogil(void);
void sslb_gate_leave_nogil(void);

/* Called before fork() and exit(), which end all other threads: keeps other
   threads from entering, and waits at most one second for those inside. */
void sslb_gate_close_nogil(void);

/* Whether Python may run signal handlers in this thread. */
int sslb_runs_handlers_nogil(void);

int sslb_lock_module_init(void);

#endif
