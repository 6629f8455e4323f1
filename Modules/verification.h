/* verification.h: what a connection verifies its peer by. */

#ifndef SSLB_VERIFICATION_H
#define SSLB_VERIFICATION_H

#include "pycompat.h"
#include "connection.h"
#include "context.h"
#include "digest.h"
#include "opensslcompat.h"
#include "parameters.h"

#include <stddef.h>

/* Whether the certificate has a key that nobody may trust: 1, 0, or -1 when
   out of memory. */
int sslb_verification_distrusts_nogil(const X509 *x509);

/* When a chain was verified, by the context of now. */
void sslb_verification_note_trust_locked(sslb_connection *self);

/* For a new connection: as its context wants it; then the host, if any. */
int sslb_verification_begin(sslb_connection *self);
int sslb_verification_set_host(sslb_connection *self, PyObject *argument);

/* Before and after it goes over to another context, if it is early enough for
   the handshake: it then verifies what both ask for.  First, without the lock,
   the host (bytes) that the certificate has to name from now on, or NULL for
   no change: 0, or -1 with an exception.  The last two: 1, or 0 with the error
   queue filled. */
int sslb_verification_host_to_adopt(sslb_connection *self,
                                    const sslb_context *context,
                                    PyObject **host);
int sslb_verification_can_adopt_locked(const sslb_connection *self);
int sslb_verification_adopt_locked(sslb_connection *self,
                                   const sslb_context *context,
                                   PyObject *host);
int sslb_verification_adopted_locked(sslb_connection *self);

/* Of a server: gives its sessions a name, without which none is resumed, of
   how it verifies and of a host: 1, or 0 with the error queue filled. */
int sslb_verification_name_sessions_nogil(sslb_connection *self,
                                          const unsigned char *host,
                                          size_t length);

/* Of a server that knows its context by now: whether the handshake may be
   what it is: 1, or 0 with the alert for the client. */
int sslb_verification_allows_locked(const sslb_connection *self, int *alert);

/* What the peer of the connection's session has passed. */
sslb_checks sslb_verification_of_session_locked(const sslb_connection *self);

/* Of a client: whether a full handshake would accept the session's peer, as
   far as can be known: 1, 0, or -1 with an exception. */
int sslb_verification_accepts(sslb_connection *self, SSL_SESSION *session,
                              const sslb_checks *then);

/* Whether a session of the very same parameters is good enough still. */
int sslb_verification_still_accepts_nogil(const sslb_checks *checks,
                                          SSL_SESSION *session);

/* The parameters of the connection's session: NULL, or why it has none. */
const char *sslb_verification_parameters_locked(const sslb_connection *self,
                                                sslb_digest *result);

#endif
