/* session_bytes.h: a session as bytes.

   Neither function keeps anything, or takes a lock. */

#ifndef SSLB_SESSION_BYTES_H
#define SSLB_SESSION_BYTES_H

#include "pycompat.h"
#include "digest.h"
#include "opensslcompat.h"

#include <stddef.h>

/* The bytes of a session that contexts with these parameters may have; and
   a session of a client, new, of what may be such bytes: NULL with a
   ValueError about `data` where they are not. */
PyObject *sslb_session_bytes_write(SSL_SESSION *session,
                                   const sslb_digest *parameters);
SSL_SESSION *sslb_session_bytes_read(const unsigned char *bytes,
                                     size_t length,
                                     const sslb_digest *parameters);

#endif
