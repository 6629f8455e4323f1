/* session_bytes.h: sessions as bytes.

   The functions store nothing, and take no lock. */

#ifndef SSLB_SESSION_BYTES_H
#define SSLB_SESSION_BYTES_H

#include "pycompat.h"
#include "digest.h"
#include "opensslcompat.h"

#include <stddef.h>

/* Encode and decode a session.  `parameters` is the digest of the contexts
   that may use the session; decoding returns a new session of a client, or
   NULL with a ValueError about `data` if the bytes are invalid or have another
   digest. */
PyObject *sslb_session_bytes_write(SSL_SESSION *session,
                                   const sslb_digest *parameters);
SSL_SESSION *sslb_session_bytes_read(const unsigned char *bytes,
                                     size_t length,
                                     const sslb_digest *parameters);

#endif
