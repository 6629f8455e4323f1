/* wait.c: deadlines, and waits for a descriptor.

   Owns the clock, the conversion of Python's timeouts, and poll().  This file
   uses no type of ours.  A caller that waits holds neither a lock nor the
   GIL. */

#include "wait.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#define NANOSECONDS 1000000000

int64_t
sslb_now_nogil(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NANOSECONDS + now.tv_nsec;
}

int
sslb_deadline_from_timeout(PyObject *timeout, sslb_deadline *deadline)
{
    double seconds;

    if (timeout == Py_None) {
        *deadline = SSLB_NO_DEADLINE;
        return 0;
    }
    seconds = PyFloat_AsDouble(timeout);
    if (seconds == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    if (seconds <= 0) {
        *deadline = SSLB_NEVER_WAIT;
    }
    else if (seconds >= 1e9) {
        *deadline = SSLB_NO_DEADLINE;
    }
    else {
        *deadline = sslb_now_nogil() + (int64_t)(seconds * NANOSECONDS);
    }
    return 0;
}

/* Milliseconds until the deadline, rounded up: if a wait ended early, the
   caller would spin through the last millisecond. */
static int
milliseconds_until(sslb_deadline deadline)
{
    int64_t left;

    if (deadline == SSLB_NO_DEADLINE) {
        return -1;
    }
    left = deadline - sslb_now_nogil();
    if (left <= 0) {
        return 0;
    }
    left = (left + 999999) / 1000000;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int
sslb_wait_nogil(int fd, short events, sslb_deadline deadline)
{
    struct pollfd descriptor = {.fd = fd, .events = events};
    int timeout = milliseconds_until(deadline);
    int rc;

    if (timeout == 0) {
        return 0;  /* also ends an operation whose peer always has data for
                      us */
    }
    rc = poll(&descriptor, 1, timeout);
    if (rc > 0) {
        return 1;
    }
    if (rc == 0) {
        return deadline == SSLB_NO_DEADLINE
            || deadline > sslb_now_nogil() ? 1 : 0;
    }
    /* For ENOMEM and EINVAL the caller tries again, too: the next SSL_* call
       reports an error of the descriptor. */
    return errno == EINTR ? -1 : 1;
}
