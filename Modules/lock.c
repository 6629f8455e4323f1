/* lock.c: the locks of connections and contexts, and the gate that fork()
   closes.

   Owns the lock around each SSL_* call, the turns of whole operations, the
   order of threads that need input, the count of threads that wait for a
   descriptor, the guard of a context during handshakes, and facts about
   threads and processes.  A thread that works in OpenSSL during a fork()
   leaves OpenSSL's locks taken in the child for ever (openssl#19066); during
   exit() it may use freed memory.  So fork() and exit() wait for the threads
   inside the gate.  This file uses no objects of OpenSSL or Python, and no
   sockets.

   The order of the locks: a thread that holds one may wait only for those to
   the right.

       turn, step, lock, guard, GIL, gate

   So a thread that holds the GIL waits for no turn, step, lock or guard, and a
   thread inside the gate waits for none of them: fork() closes the gate while
   holding the GIL.  The mutexes (of each lock and MemoryBIO, and of the buffer
   pool) are last: a thread that holds one waits for nothing.

   At a fork(), no thread is inside the gate, so OpenSSL's locks are free in
   the child.  So are the mutexes that threads take only inside the gate or
   with the GIL.  Other threads may hold turns, steps, locks and guards.  Each
   of these records the process that initialised it, and a child initialises it
   again before use.  Python code in the middle of an operation may fork; after
   such code, the operation checks them again with the GIL held. */

#include "lock.h"
#include "opensslcompat.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The count of fork()s between the first process and this one: a lock that a
   thread of the parent held stays taken for ever in the child. */
static volatile unsigned int fork_count = 0;

/* The only thread that survived the last fork(). */
static sslb_thread survivor = 0;

static sslb_thread
this_thread(void)
{
    static __thread sslb_thread number = 0;
    static sslb_thread last = 0;

    if (number == 0) {
        number = __atomic_add_fetch(&last, 1, __ATOMIC_SEQ_CST);
    }
    return number;
}

/* Steps and loads of files run inside the gate.  They wait for neither the
   network nor the GIL there, but a load may wait for its file.  So
   sslb_gate_close_nogil() waits at most this long (nanoseconds). */
#define GATE_WAITS ((int64_t)1000 * 1000 * 1000)

static struct {
    unsigned int inside;
    int closed;                 /* for all threads but the keeper */
    sslb_thread keeper;
} gate;

static int
is_closed(void)
{
    return __atomic_load_n(&gate.closed, __ATOMIC_SEQ_CST)
        && gate.keeper != this_thread();
}

static void
doze_nogil(void)
{
    const struct timespec moment = {.tv_nsec = 50 * 1000};

    nanosleep(&moment, NULL);
}

static void
enter_nogil(void)
{
    __atomic_add_fetch(&gate.inside, 1, __ATOMIC_SEQ_CST);
    while (is_closed()) {
        __atomic_sub_fetch(&gate.inside, 1, __ATOMIC_SEQ_CST);
        doze_nogil();
        __atomic_add_fetch(&gate.inside, 1, __ATOMIC_SEQ_CST);
    }
}

void
sslb_gate_leave_nogil(void)
{
    __atomic_sub_fetch(&gate.inside, 1, __ATOMIC_SEQ_CST);
}

/* When a thread ends, OpenSSL's own destructor frees OpenSSL's data of the
   thread, under OpenSSL's locks: the thread must be inside the gate for that.
   So our destructor frees the data first, inside the gate, and OpenSSL's finds
   nothing.  In glibc 2.18 and later, functions registered by
   __cxa_thread_atexit_impl() run before all destructors of pthread keys.
   Elsewhere a pthread key does it: destructors run in the order in which the
   keys were created, and ours is older than that of an OpenSSL that is linked
   into this module. */
static pthread_key_t end_of_thread;

#ifdef __GLIBC__
extern int __cxa_thread_atexit_impl(void (*function)(void *), void *argument,
                                    void *caller) __attribute__((weak));
#endif

static void
end_thread_nogil(void *unused)
{
    (void)unused;
    enter_nogil();
    OPENSSL_thread_stop();
    sslb_gate_leave_nogil();
}

/* When out of memory, only OpenSSL's destructor runs at the end of the
   thread. */
static void
watch_thread_nogil(void)
{
#ifdef __GLIBC__
    if (__cxa_thread_atexit_impl != NULL) {
        (void)__cxa_thread_atexit_impl(end_thread_nogil, NULL, &gate);
        return;
    }
#endif
    (void)pthread_setspecific(end_of_thread, &gate);
}

void
sslb_gate_enter_nogil(void)
{
    static __thread int watched = 0;

    if (!watched) {
        watched = 1;
        watch_thread_nogil();
    }
    enter_nogil();
}

void
sslb_gate_close_nogil(void)
{
    int64_t limit = sslb_now_nogil() + GATE_WAITS;

    gate.keeper = this_thread();
    __atomic_store_n(&gate.closed, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&gate.inside, __ATOMIC_SEQ_CST) > 0
           && sslb_now_nogil() < limit) {
        doze_nogil();
    }
}

static void
open_gate(void)
{
    __atomic_store_n(&gate.closed, 0, __ATOMIC_SEQ_CST);
}

static void
after_fork_in_child(void)
{
    fork_count++;
    survivor = this_thread();
    gate.inside = 0;
    gate.closed = 0;
}

/* Python runs signal handlers in the thread that started the interpreter.
   That is the first thread of the process (after fork(), the thread that
   forked).  In a program that embeds Python, it is nearly always the thread
   that imports us. */
static sslb_thread importer;

int
sslb_runs_handlers_nogil(void)
{
#ifdef __linux__
    static __thread unsigned int asked_at = UINT_MAX;
    static __thread int is_first;

    if (asked_at != fork_count) {
        is_first = (pid_t)syscall(SYS_gettid) == getpid();
        asked_at = fork_count;
    }
    return is_first || importer == this_thread();
#else
    return 1;
#endif
}

int
sslb_lock_module_init(void)
{
    static int registered = 0;

    importer = this_thread();
    if (!registered
        && (pthread_key_create(&end_of_thread, end_thread_nogil) != 0
            || pthread_atfork(sslb_gate_close_nogil, open_gate,
                              after_fork_in_child) != 0)) {
        PyErr_NoMemory();
        return -1;
    }
    registered = 1;
    return 0;
}

static int
initialise(sslb_lock *lock)
{
    pthread_condattr_t attributes;
    int rc;

    memset(lock, 0, sizeof(*lock));
    lock->fork_count = fork_count;
    if (pthread_condattr_init(&attributes) != 0) {
        return -1;
    }
#ifndef __APPLE__  /* macOS has no other clock for conditions */
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
    rc = pthread_cond_init(&lock->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (rc != 0) {
        return -1;
    }
    if (pthread_mutex_init(&lock->mutex, NULL) != 0) {
        pthread_cond_destroy(&lock->changed);
        return -1;
    }
    return 0;
}

int
sslb_lock_init(sslb_lock *lock)
{
    if (initialise(lock) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

void
sslb_lock_destroy(sslb_lock *lock)
{
    pthread_cond_destroy(&lock->changed);
    pthread_mutex_destroy(&lock->mutex);
}

static sslb_thread
if_survivor(sslb_thread thread)
{
    return thread == survivor ? thread : 0;
}

/* Frees the lock from holders that do not exist in this process.  The thread
   that forked, in a callback or a signal handler, still exists and keeps what
   it held.  Initialising in place allocates nothing on the systems that we
   know, so it cannot fail. */
static void
free_after_fork(sslb_lock *lock)
{
    const sslb_lock before = *lock;

    (void)initialise(lock);
    lock->owner = if_survivor(before.owner);
    if (lock->owner != 0) {
        lock->depth = before.depth;
        lock->looks.next = 1;
    }
    lock->stepper = if_survivor(before.stepper);
    if (lock->stepper != 0) {
        lock->steps.next = 1;
    }
    lock->turns[SSLB_READING] = if_survivor(before.turns[SSLB_READING]);
    lock->turns[SSLB_WRITING] = if_survivor(before.turns[SSLB_WRITING]);
    lock->taker = if_survivor(before.taker);
    lock->closed = before.closed;
}

void
sslb_lock_check_fork(sslb_lock *lock)
{
    if (lock->fork_count != fork_count) {
        free_after_fork(lock);
    }
}

/* -- looks and steps -------------------------------------------------- */

static void
await_ticket(sslb_lock *lock, sslb_tickets *tickets)
{
    unsigned int ticket = tickets->next++;

    while (ticket != tickets->serving) {
        pthread_cond_wait(&lock->changed, &lock->mutex);
    }
}

/* Serves the next ticket, and wakes its thread if there is one. */
static void
serve_next(sslb_lock *lock, sslb_tickets *tickets)
{
    tickets->serving++;
    if (tickets->serving != tickets->next) {
        pthread_cond_broadcast(&lock->changed);
    }
}

static void
own(sslb_lock *lock)
{
    await_ticket(lock, &lock->looks);
    lock->owner = this_thread();
    lock->depth = 1;
}

static void
disown(sslb_lock *lock)
{
    lock->owner = 0;
    lock->depth = 0;
    serve_next(lock, &lock->looks);
}

void
sslb_lock_acquire_nogil(sslb_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    if (lock->owner == this_thread()) {
        lock->depth++;
    }
    else {
        own(lock);
    }
    pthread_mutex_unlock(&lock->mutex);
}

int
sslb_lock_try(sslb_lock *lock)
{
    int rc = 1;

    pthread_mutex_lock(&lock->mutex);
    if (lock->owner == this_thread()) {
        lock->depth++;
    }
    else if (lock->looks.next == lock->looks.serving) {
        own(lock);
    }
    else {
        rc = 0;
    }
    pthread_mutex_unlock(&lock->mutex);
    return rc;
}

void
sslb_lock_release_nogil(sslb_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    if (lock->depth > 1) {
        lock->depth--;
    }
    else {
        disown(lock);
    }
    pthread_mutex_unlock(&lock->mutex);
}

/* Lets other threads read from the socket. */
static void
take_no_more(sslb_lock *lock)
{
    lock->taker = 0;
    if (lock->followers > 0) {
        pthread_cond_broadcast(&lock->changed);
    }
}

/* Threads that already wait for input come first: a new step becomes the taker
   only if there are none. */
int
sslb_step_acquire_nogil(sslb_lock *lock)
{
    int may_read;

    pthread_mutex_lock(&lock->mutex);
    await_ticket(lock, &lock->steps);
    lock->stepper = this_thread();
    own(lock);
    if (lock->taker == 0 && lock->followers == 0) {
        lock->taker = lock->stepper;
    }
    may_read = lock->taker == lock->stepper;
    pthread_mutex_unlock(&lock->mutex);
    return may_read;
}

unsigned int
sslb_step_release_nogil(sslb_lock *lock, int took)
{
    unsigned int news;

    pthread_mutex_lock(&lock->mutex);
    lock->news += took != 0;
    news = lock->news;
    if (lock->taker == lock->stepper) {
        take_no_more(lock);
    }
    disown(lock);
    lock->stepper = 0;
    serve_next(lock, &lock->steps);
    pthread_mutex_unlock(&lock->mutex);
    return news;
}

void
sslb_step_lend_nogil(sslb_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    disown(lock);
    pthread_mutex_unlock(&lock->mutex);
}

void
sslb_step_reclaim_nogil(sslb_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    own(lock);
    pthread_mutex_unlock(&lock->mutex);
}

int
sslb_step_is_mine_nogil(sslb_lock *lock)
{
    int rc;

    pthread_mutex_lock(&lock->mutex);
    rc = lock->stepper == this_thread();
    pthread_mutex_unlock(&lock->mutex);
    return rc;
}

int
sslb_step_is_wanted_nogil(sslb_lock *lock)
{
    int rc;

    pthread_mutex_lock(&lock->mutex);
    rc = lock->looks.next != lock->looks.serving + 1
        || lock->steps.next != lock->steps.serving + 1;
    pthread_mutex_unlock(&lock->mutex);
    return rc;
}

/* -- guards ----------------------------------------------------------- */

/* Writers come first: else a change could wait for ever while handshakes
   follow each other.  This is safe because no thread shares a guard twice at
   once. */
static int
guard_initialise(sslb_guard *guard)
{
    pthread_rwlockattr_t attributes;
    int rc;

    guard->fork_count = fork_count;
    if (pthread_rwlockattr_init(&attributes) != 0) {
        return -1;
    }
#ifdef __GLIBC__
    pthread_rwlockattr_setkind_np(
        &attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
    rc = pthread_rwlock_init(&guard->lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    return rc == 0 ? 0 : -1;
}

int
sslb_guard_init(sslb_guard *guard)
{
    if (guard_initialise(guard) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

void
sslb_guard_destroy(sslb_guard *guard)
{
    pthread_rwlock_destroy(&guard->lock);
}

/* As sslb_lock_check_fork().  Other threads may hold the guard at a fork().
   The thread that forks does not: no callback holds a guard while it runs
   Python code. */
void
sslb_guard_check_fork(sslb_guard *guard)
{
    if (guard->fork_count != fork_count) {
        (void)guard_initialise(guard);
    }
}

void
sslb_guard_share_nogil(sslb_guard *guard)
{
    pthread_rwlock_rdlock(&guard->lock);
}

void
sslb_guard_take_nogil(sslb_guard *guard)
{
    pthread_rwlock_wrlock(&guard->lock);
}

void
sslb_guard_release_nogil(sslb_guard *guard)
{
    pthread_rwlock_unlock(&guard->lock);
}

/* -- waits for a change ------------------------------------------------- */

/* The end of a wait for a change.  No signal interrupts the wait, so a thread
   that runs signal handlers wakes after a tenth of a second. */
static sslb_deadline
change_limit(sslb_deadline deadline)
{
    sslb_deadline limit = sslb_now_nogil() + 100 * 1000 * 1000;

    if (deadline == SSLB_NEVER_WAIT) {
        return limit;
    }
    return deadline < limit || !sslb_runs_handlers_nogil() ? deadline : limit;
}

/* Waits until another thread signals a change; returns 0 if the limit has
   passed. */
static int
await_change(sslb_lock *lock, sslb_deadline limit)
{
    int64_t until = limit;
    struct timespec moment;

    if (limit == SSLB_NO_DEADLINE) {
        pthread_cond_wait(&lock->changed, &lock->mutex);
        return 1;
    }
#ifdef __APPLE__
    until += (int64_t)time(NULL) * 1000000000 - sslb_now_nogil();
#endif
    moment.tv_sec = (time_t)(until / 1000000000);
    moment.tv_nsec = (long)(until % 1000000000);
    return pthread_cond_timedwait(&lock->changed, &lock->mutex,
                                  &moment) != ETIMEDOUT;
}

void
sslb_lock_close_nogil(sslb_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    lock->closed = 1;
    pthread_cond_broadcast(&lock->changed);
    pthread_mutex_unlock(&lock->mutex);
}

/* -- turns ------------------------------------------------------------ */

sslb_turn
sslb_turn_try(sslb_lock *lock, sslb_direction direction)
{
    sslb_thread *holder = &lock->turns[direction];
    sslb_turn result = SSLB_TURN_BUSY;

    pthread_mutex_lock(&lock->mutex);
    if (*holder == 0) {
        *holder = this_thread();
        result = SSLB_TURN_TAKEN;
    }
    else if (*holder == this_thread()) {
        result = SSLB_TURN_MINE;
    }
    pthread_mutex_unlock(&lock->mutex);
    return result;
}

void
sslb_turn_await_nogil(sslb_lock *lock, sslb_direction direction,
                      sslb_deadline deadline)
{
    sslb_deadline limit = change_limit(deadline);

    pthread_mutex_lock(&lock->mutex);
    while (lock->turns[direction] != 0 && !lock->closed
           && await_change(lock, limit)) {
    }
    pthread_mutex_unlock(&lock->mutex);
}

void
sslb_turn_give(sslb_lock *lock, sslb_direction direction)
{
    pthread_mutex_lock(&lock->mutex);
    lock->turns[direction] = 0;
    pthread_cond_broadcast(&lock->changed);
    pthread_mutex_unlock(&lock->mutex);
}

/* -- input ------------------------------------------------------------ */

static int
there_is_news(const sslb_lock *lock, unsigned int news)
{
    return lock->news != news || lock->closed;
}

sslb_input
sslb_input_await_nogil(sslb_lock *lock, unsigned int news,
                       sslb_deadline limit)
{
    sslb_input result = SSLB_INPUT_LATE;

    pthread_mutex_lock(&lock->mutex);
    if (!there_is_news(lock, news) && lock->taker != 0) {
        limit = change_limit(limit);
        lock->followers++;
        while (lock->taker != 0 && !there_is_news(lock, news)
               && await_change(lock, limit)) {
        }
        lock->followers--;
    }
    if (there_is_news(lock, news)) {
        result = SSLB_INPUT_NEWS;
    }
    else if (lock->taker == 0) {
        lock->taker = this_thread();
        result = SSLB_INPUT_MINE;
    }
    pthread_mutex_unlock(&lock->mutex);
    return result;
}

/* If there is input, the thread remains the taker for its next step. */
void
sslb_input_polled_nogil(sslb_lock *lock, int ready)
{
    if (!ready) {
        pthread_mutex_lock(&lock->mutex);
        take_no_more(lock);
        pthread_mutex_unlock(&lock->mutex);
    }
}

/* -- polling ---------------------------------------------------------- */

void
sslb_polling_begin_nogil(sslb_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    lock->polling++;
    pthread_mutex_unlock(&lock->mutex);
}

void
sslb_polling_end_nogil(sslb_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    if (--lock->polling == 0) {
        pthread_cond_broadcast(&lock->changed);
    }
    pthread_mutex_unlock(&lock->mutex);
}

int
sslb_polling_any_nogil(sslb_lock *lock)
{
    int rc;

    pthread_mutex_lock(&lock->mutex);
    rc = lock->polling > 0;
    pthread_mutex_unlock(&lock->mutex);
    return rc;
}

void
sslb_polling_drain_nogil(sslb_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    while (lock->polling > 0) {
        pthread_cond_wait(&lock->changed, &lock->mutex);
    }
    pthread_mutex_unlock(&lock->mutex);
}
