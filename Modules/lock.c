/* lock.c: what keeps the threads of one connection apart.

   Owns the lock around each SSL_* call, the turns that last a whole operation,
   the order of those who want input, the count of threads that wait for a
   descriptor, the guard of a context that handshakes use, and what is to be
   known of threads and processes.  Who works with OpenSSL while the process
   forks leaves its locks taken in the child for ever (openssl#19066), and who
   does while it ends may find things gone: a fork and the end wait for those
   inside.  It knows nothing of OpenSSL's objects, of Python's, or of sockets.

   The order: who holds one of these may wait for those behind it.

       turn, step, lock, guard, GIL, gate

   So nobody waits for a turn, a step, a lock or a guard with the GIL held, nor
   for anything inside the gate, which a fork closes with the GIL held.  The
   mutexes (of each lock and MemoryBIO, and of the spare buffers) come last of
   all: who holds one waits for nothing.

   A fork finds nobody inside the gate, so that OpenSSL's locks are free in the
   child, and those mutexes that are taken only there or with the GIL held.
   Turns, steps, locks and guards may be another thread's: each knows the
   process that it was made free in, and is made free again before it is used
   in another one.  Whatever Python code runs in the middle of an operation may
   have forked; once it is over, they are looked at again with the GIL held. */

#include "lock.h"
#include "opensslcompat.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How many fork()s lie between this process and the first one: a lock that
   was taken by a thread of the parent is taken for ever in the child. */
static volatile unsigned int fork_count = 0;

/* The one thread that came through the last fork(). */
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

/* Steps and loads are inside.  They never wait for the network or the GIL
   there, but a load may for its file: nobody waits longer for them than a
   second (nanoseconds here). */
#define GATE_WAITS ((int64_t)1000 * 1000 * 1000)

static struct {
    unsigned int inside;
    int closed;                 /* to all but the keeper */
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

/* A thread that ends drops what OpenSSL keeps for it, for which OpenSSL takes
   locks: it has to be inside.  So we have it done before OpenSSL's own
   destructor, which then finds nothing.  glibc calls the functions that are
   given to __cxa_thread_atexit_impl(), which older ones (before 2.18) and
   other systems lack, before all destructors of pthread keys, and those in the
   order in which the keys were made: ours is older than that of an OpenSSL
   which is part of us. */
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

/* Without memory for it the thread ends as it would without us. */
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

/* Whether signal handlers may run in this thread: Python runs them in the
   one that it was started in, which is the process' first (after fork() the
   one that forked) or, in a program that embeds it, as good as always the
   one that imports us. */
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
#ifndef __APPLE__  /* which has no other clock for conditions */
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

/* Whoever held it is not in this process, but for the thread that forked, in a
   callback or a signal handler.  Initialising in place allocates nothing on
   the systems we know, so cannot fail. */
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

/* Serves the next ticket, if there is one. */
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

/* From now on others may read from the socket. */
static void
take_no_more(sslb_lock *lock)
{
    lock->taker = 0;
    if (lock->followers > 0) {
        pthread_cond_broadcast(&lock->changed);
    }
}

/* Those who wait to read come before a step that has not begun. */
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

/* A change does not wait for ever while handshakes come and go: nobody shares
   a guard twice at once, so a change may come before them. */
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

/* As with sslb_lock_check_fork().  Other threads may hold it when one forks;
   the one that forks does not, as no callback does that runs Python. */
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

/* When a wait for a change ends at the latest: no signal ends it earlier, so
   a thread that runs their handlers comes back ten times a second. */
static sslb_deadline
change_limit(sslb_deadline deadline)
{
    sslb_deadline limit = sslb_now_nogil() + 100 * 1000 * 1000;

    if (deadline == SSLB_NEVER_WAIT) {
        return limit;
    }
    return deadline < limit || !sslb_runs_handlers_nogil() ? deadline : limit;
}

/* Waits until something changes: 0 when the limit is reached. */
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

/* It remains the taker for the step that is to come. */
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
