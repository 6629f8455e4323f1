/* fault.c: makes allocations and system calls fail, holds threads that others
   may wait for, and sets the clock of a thread, for the scripts here.

   Preloaded (LD_PRELOAD), this library replaces malloc(), recv(), recvmsg(),
   send(), poll(), writev() and pthread_rwlock_wrlock().  It changes only calls
   from the extension or from OpenSSL, and only after a script has asked for
   it.  It also replaces time() and gettimeofday().  It needs glibc. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static int alloc_armed;
static long alloc_seen, alloc_first, alloc_last;
static int call_armed;
static long call_seen, call_first, call_last;
static int call_error;
static __thread long clock_shift;   /* seconds */

static int
comes_from(const void *caller, const char *const *names)
{
    Dl_info info;

    if (dladdr(caller, &info) == 0 || info.dli_fname == NULL) {
        return 0;
    }
    for (; *names != NULL; names++) {
        if (strstr(info.dli_fname, *names) != NULL) {
            return 1;
        }
    }
    return 0;
}

/* -- allocations ------------------------------------------------------ */

/* From now on allocations number first to last fail, counted from 1. */
void
fault_allocations(long first, long last)
{
    alloc_seen = 0;
    alloc_first = first;
    alloc_last = last;
    alloc_armed = 1;
}

/* Ends the failures; returns the number of allocations. */
long
fault_allocations_end(void)
{
    alloc_armed = 0;
    return alloc_seen;
}

/* dladdr() is slow, so its results are kept for the few callers.  An entry is
   one word with address and result, so threads cannot mix two entries. */
static int
alloc_is_ours(const void *caller)
{
    static const char *const names[] = {
        "__ssl_backport", "libssl", "libcrypto", NULL};
    static uintptr_t known[1024];
    uintptr_t address = (uintptr_t)caller;
    uintptr_t *entry = &known[address % 1024], answer = *entry;

    if (answer >> 1 != address) {
        answer = address << 1 | (uintptr_t)comes_from(caller, names);
        *entry = answer;
    }
    return (int)(answer & 1);
}

static int
alloc_fails(const void *caller)
{
    int armed = alloc_armed, fails;

    if (!armed) {
        return 0;
    }
    alloc_armed = 0;            /* dladdr() may allocate */
    fails = alloc_is_ours(caller) && ++alloc_seen >= alloc_first
        && alloc_seen <= alloc_last;
    alloc_armed = armed;
    if (fails) {
        errno = ENOMEM;
    }
    return fails;
}

void *
malloc(size_t size)
{
    return alloc_fails(__builtin_return_address(0)) ? NULL
                                                    : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    return alloc_fails(__builtin_return_address(0))
        ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *block, size_t size)
{
    return alloc_fails(__builtin_return_address(0))
        ? NULL : __libc_realloc(block, size);
}

/* -- system calls ----------------------------------------------------- */

/* From now on calls number first to last fail with the error, counted from 1.
   With error 0 they transfer at most one byte instead.  With EINTR and EAGAIN
   every other call fails. */
void
fault_calls(int error, long first, long last)
{
    call_seen = 0;
    call_first = first;
    call_last = last;
    call_error = error;
    call_armed = 1;
}

long
fault_calls_end(void)
{
    call_armed = 0;
    return call_seen;
}

/* -1 with errno if the call must fail, else the length to transfer. */
static ssize_t
call_length(const void *caller, size_t length)
{
    static const char *const names[] = {"__ssl_backport", NULL};

    if (!call_armed || !comes_from(caller, names)) {
        return (ssize_t)length;
    }
    call_seen++;
    if (call_seen < call_first || call_seen > call_last) {
        return (ssize_t)length;
    }
    if (call_error == 0) {
        return length > 1 ? 1 : (ssize_t)length;
    }
    if ((call_error == EINTR || call_error == EAGAIN) && call_seen % 2) {
        return (ssize_t)length;
    }
    errno = call_error;
    return -1;
}

ssize_t
recv(int fd, void *data, size_t length, int flags)
{
    ssize_t allowed = call_length(__builtin_return_address(0), length);

    return allowed < 0 ? -1 : recvfrom(fd, data, (size_t)allowed, flags,
                                       NULL, NULL);
}

ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
    struct iovec part = message->msg_iov[0];
    struct msghdr shorter = *message;
    size_t length = 0, i;
    ssize_t allowed;

    for (i = 0; i < message->msg_iovlen; i++) {
        length += message->msg_iov[i].iov_len;
    }
    allowed = call_length(__builtin_return_address(0), length);
    if (allowed < 0 || (size_t)allowed == length) {
        return allowed < 0 ? -1 : syscall(SYS_recvmsg, fd, message, flags);
    }
    part.iov_len = (size_t)allowed;     /* one byte */
    shorter.msg_iov = &part;
    shorter.msg_iovlen = 1;
    return syscall(SYS_recvmsg, fd, &shorter, flags);
}

ssize_t
send(int fd, const void *data, size_t length, int flags)
{
    ssize_t allowed = call_length(__builtin_return_address(0), length);

    return allowed < 0 ? -1 : sendto(fd, data, (size_t)allowed, flags, NULL,
                                     0);
}

int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
    struct timespec limit = {timeout / 1000, timeout % 1000 * 1000000L};

    if (call_error == EINTR
        && call_length(__builtin_return_address(0), 1) < 0) {
        return -1;
    }
    return ppoll(fds, count, timeout < 0 ? NULL : &limit, NULL);
}

void
fault_clock(long seconds)
{
    clock_shift = seconds;
}

/* OpenSSL 3.3 and later call it to compute the age of a session. */
int
gettimeofday(struct timeval *result, void *zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    result->tv_sec = now.tv_sec + clock_shift;
    result->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t
time(time_t *result)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += clock_shift;
    if (result != NULL) {
        *result = now.tv_sec;
    }
    return now.tv_sec;
}

/* -- threads that are held ----------------------------------------------- */

enum { AT_A_LINE = 1, AT_A_CHANGE };

static int hold_armed, hold_begun, hold_go;

/* The next thread that writes a line, or that gets a lock for a change, writes
   a byte to one pipe and waits for a byte from the other. */
void
fault_hold(int place, int begun, int go)
{
    hold_begun = begun;
    hold_go = go;
    hold_armed = place;
}

static void
hold(int place, const void *caller)
{
    static const char *const names[] = {"__ssl_backport", NULL};
    char byte = '.';

    if (hold_armed == place && comes_from(caller, names)) {
        hold_armed = 0;
        (void)!write(hold_begun, &byte, 1);
        (void)!read(hold_go, &byte, 1);
    }
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
    hold(AT_A_LINE, __builtin_return_address(0));
    return syscall(SYS_writev, fd, parts, count);
}

int
pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    static int (*next)(pthread_rwlock_t *) = NULL;
    int rc;

    if (next == NULL) {
        next = (int (*)(pthread_rwlock_t *))dlsym(RTLD_NEXT,
                                                  "pthread_rwlock_wrlock");
    }
    rc = next(lock);
    hold(AT_A_CHANGE, __builtin_return_address(0));
    return rc;
}
