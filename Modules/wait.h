/* wait.h: deadlines, and waits for a descriptor.

   This file uses no lock and no type of ours. */

#ifndef SSLB_WAIT_H
#define SSLB_WAIT_H

#include "pycompat.h"

#include <stdint.h>

/* A time of the monotonic clock, in nanoseconds. */
typedef int64_t sslb_deadline;
#define SSLB_NO_DEADLINE INT64_MAX  /* wait without limit */
#define SSLB_NEVER_WAIT INT64_MIN   /* a non-blocking socket */

/* Converts the timeout of a socket, as gettimeout() returns it (seconds, None
   or 0). */
int sslb_deadline_from_timeout(PyObject *timeout, sslb_deadline *deadline);

/* The current time of the monotonic clock, in nanoseconds. */
int64_t sslb_now_nogil(void);

/* Waits until the descriptor is ready for `events` (POLLIN, POLLOUT).  Returns
   1 if the caller should try again, 0 at the deadline, -1 if a signal
   interrupted the wait. */
int sslb_wait_nogil(int fd, short events, sslb_deadline deadline);

#endif
