/* lock.h: what keeps the threads of one connection apart.

   The order of the locks, and what a fork finds, are in lock.c.  Nobody waits
   for a turn, a step, a lock or a guard with the GIL held, and nothing here
   takes it.  Only what ends with _init() can fail. */

#ifndef SSLB_LOCK_H
#define SSLB_LOCK_H

#include "pycompat.h"
#include "wait.h"

#include <pthread.h>

typedef enum {SSLB_READING, SSLB_WRITING} sslb_direction;

/* First come, first served. */
typedef struct {
    unsigned int next;          /* the ticket that the next one draws */
    unsigned int serving;
} sslb_tickets;

/* The number of a thread: 0 is nobody's, and no two threads ever have the
   same one, which a pthread_t may. */
typedef unsigned long sslb_thread;

/* What keeps the threads of one connection apart (lock.c). */
typedef struct {
    pthread_mutex_t mutex;      /* guards the fields below; never held long */
    pthread_cond_t changed;
    sslb_tickets looks;
    sslb_thread owner;
    unsigned int depth;         /* how often the owner holds it */
    sslb_tickets steps;
    sslb_thread stepper;
    sslb_thread turns[2];       /* who has it, by sslb_direction */
    sslb_thread taker;          /* who alone may read from the socket */
    unsigned int followers;     /* threads that wait for what it reads */
    unsigned int news;          /* how many steps have read something */
    unsigned int polling;       /* threads that wait for the descriptor */
    int closed;                 /* nobody waits any more */
    unsigned int fork_count;    /* of the process that initialised this */
} sslb_lock;

/* What keeps the threads of one context's handshakes from the one that
   changes it (lock.c). */
typedef struct {
    pthread_rwlock_t lock;
    unsigned int fork_count;    /* of the process that initialised this */
} sslb_guard;

int sslb_lock_init(sslb_lock *lock);
void sslb_lock_destroy(sslb_lock *lock);

/* Make the lock usable after fork(): to be called with the GIL held before
   each acquisition. */
void sslb_lock_check_fork(sslb_lock *lock);

/* The lock is recursive and fair.  Never wait for it with the GIL held. */
void sslb_lock_acquire_nogil(sslb_lock *lock);
int sslb_lock_try(sslb_lock *lock);     /* 1 if it was free or ours */
void sslb_lock_release_nogil(sslb_lock *lock);

/* A step of an operation holds the lock, and keeps other steps away also
   while it lends the lock: for as long as a callback runs Python, so that
   others may look at the connection.  Acquiring tells whether the step may
   read from the socket; releasing, which is told whether it did, returns the
   count of such steps. */
int sslb_step_acquire_nogil(sslb_lock *lock);
unsigned int sslb_step_release_nogil(sslb_lock *lock, int took);
void sslb_step_lend_nogil(sslb_lock *lock);
void sslb_step_reclaim_nogil(sslb_lock *lock);
int sslb_step_is_mine_nogil(sslb_lock *lock);
int sslb_step_is_wanted_nogil(sslb_lock *lock);  /* does somebody wait? */

/* Handshakes share the guard, a change wants it alone.  Never wait for it
   with the GIL held; a callback must not hold it while it runs Python. */
int sslb_guard_init(sslb_guard *guard);
void sslb_guard_destroy(sslb_guard *guard);
void sslb_guard_check_fork(sslb_guard *guard);
void sslb_guard_share_nogil(sslb_guard *guard);
void sslb_guard_take_nogil(sslb_guard *guard);
void sslb_guard_release_nogil(sslb_guard *guard);

/* The turns of readers and of writers, each held for a whole operation.
   sslb_turn_try says SSLB_TURN_MINE when this thread held it before, which
   then is not to be given twice. */
typedef enum {SSLB_TURN_BUSY, SSLB_TURN_TAKEN, SSLB_TURN_MINE} sslb_turn;
sslb_turn sslb_turn_try(sslb_lock *lock, sslb_direction direction);
void sslb_turn_give(sslb_lock *lock, sslb_direction direction);

/* Wait until the turn is free or the connection closed, but not past the
   deadline; where signal handlers run, not for more than a tenth of a second.
   A non-blocking operation waits that tenth: another one does not keep the
   turn for longer. */
void sslb_turn_await_nogil(sslb_lock *lock, sslb_direction direction,
                           sslb_deadline deadline);

/* One thread at a time reads from the socket or waits for it to become
   readable; the others that want input follow it, so that no step reads what
   another thread sleeps for.  sslb_input_await_nogil() says SSLB_INPUT_MINE
   to the one that is to poll, and to tell whether there was something:
   its next step comes first then.  The others wait there until a step has
   read something since the count of `news`, or the connection is closed, or
   until the limit (where signal handlers run, a tenth of a second). */
typedef enum {SSLB_INPUT_MINE, SSLB_INPUT_NEWS, SSLB_INPUT_LATE} sslb_input;
sslb_input sslb_input_await_nogil(sslb_lock *lock, unsigned int news,
                                  sslb_deadline limit);
void sslb_input_polled_nogil(sslb_lock *lock, int ready);

/* From now on nobody waits for a turn or for what others read. */
void sslb_lock_close_nogil(sslb_lock *lock);

/* Count the threads in poll() or recv().  Who begins looks after that whether
   there is still something to wait for; who takes it away looks after that
   whether somebody waits.  sslb_polling_drain waits until there are none. */
void sslb_polling_begin_nogil(sslb_lock *lock);
void sslb_polling_end_nogil(sslb_lock *lock);
int sslb_polling_any_nogil(sslb_lock *lock);
void sslb_polling_drain_nogil(sslb_lock *lock);

/* Around whatever works with OpenSSL without the GIL: fork() waits for those
   inside.  Never wait for the GIL there, nor for a lock that is held by who
   waits for the GIL: it comes last. */
void sslb_gate_enter_nogil(void);
void sslb_gate_leave_nogil(void);

/* Before fork() and exit(), which other threads do not survive: keeps those
   out and waits, but not for long. */
void sslb_gate_close_nogil(void);

/* Whether signal handlers may run in this thread. */
int sslb_runs_handlers_nogil(void);

int sslb_lock_module_init(void);

#endif
