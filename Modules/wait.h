/* wait.h: deadlines, and waiting for a descriptor.

   It knows no lock and no type of ours. */

#ifndef SSLB_WAIT_H
#define SSLB_WAIT_H

#include "pycompat.h"

#include <stdint.h>

/* An absolute point of the monotonic clock, in nanoseconds. */
typedef int64_t sslb_deadline;
#define SSLB_NO_DEADLINE INT64_MAX  /* wait for ever */
#define SSLB_NEVER_WAIT INT64_MIN   /* a non-blocking socket */

/* The timeout of a socket as gettimeout() gives it (seconds, None, 0). */
int sslb_deadline_from_timeout(PyObject *timeout, sslb_deadline *deadline);

/* The present point of the monotonic clock. */
int64_t sslb_now_nogil(void);

/* Wait until the descriptor is ready for `events` (POLLIN, POLLOUT): 1 when
   ready, 0 at the deadline, -1 when a signal came. */
int sslb_wait_nogil(int fd, short events, sslb_deadline deadline);

#endif
