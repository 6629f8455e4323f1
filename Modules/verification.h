/* verification.h: how a connection verifies its peer.

   The lock of the functions `..._locked` is the connection's. */

#ifndef SSLB_VERIFICATION_H
#define SSLB_VERIFICATION_H

#include "pycompat.h"
#include "connection.h"
#include "context.h"
#include "digest.h"
#include "opensslcompat.h"
#include "parameters.h"

#include <stddef.h>

/* Whether the certificate has a distrusted key: 1, 0, or -1 when out of
   memory. */
int sslb_verification_distrusts_nogil(const X509 *x509);

/* Call after OpenSSL has verified a chain: notes whether the context's trust
   has changed since the connection was created.  Needs no GIL; the caller
   shares the context's guard. */
void sslb_verification_note_trust_locked(sslb_connection *self);

/* Sets up a new connection to make the checks of its context: 0, or -1 with an
   exception. */
int sslb_verification_begin(sslb_connection *self);

/* Sets the host name of a new connection: 0, or -1 with an exception. */
int sslb_verification_set_host(sslb_connection *self, PyObject *argument);

/* The next four functions serve a switch to another context, in this order.
   If the switch is early enough, the handshake makes the checks of both
   contexts.

   Without the lock: sets `*host` to the host name (bytes, a new reference)
   that the certificate must match because of the switch, or to NULL.  0, or -1
   with an exception. */
int sslb_verification_host_to_adopt(sslb_connection *self,
                                    const sslb_context *context,
                                    PyObject **host);

/* Whether the switch is early enough to change the checks of the handshake. */
int sslb_verification_can_adopt_locked(const sslb_connection *self);

/* Adds the checks of the other context, before SSL_set_SSL_CTX(): 1, or 0 with
   the error queue filled. */
int sslb_verification_adopt_locked(sslb_connection *self,
                                   const sslb_context *context,
                                   PyObject *host);

/* Notes the new checks, after SSL_set_SSL_CTX(), and prevents resumption of a
   session without them: 1, or 0 with the error queue filled. */
int sslb_verification_adopted_locked(sslb_connection *self);

/* Sets a server's session ID context, without which it resumes no session,
   from its checks and a host name: 1, or 0 with the error queue filled. */
int sslb_verification_name_sessions_nogil(sslb_connection *self,
                                          const unsigned char *host,
                                          size_t length);

/* On a server, after the SNI callback: whether the handshake may use the
   version and the session that OpenSSL chose: 1, or 0 with the alert for the
   client.  Needs no GIL. */
int sslb_verification_allows_locked(const sslb_connection *self, int *alert);

/* The checks that the peer of the connection's session has passed. */
sslb_checks sslb_verification_of_session_locked(const sslb_connection *self);

/* On a client: whether a full handshake would accept the session's peer, which
   passed the checks in `then`, as far as this side can tell: 1, 0, or -1 with
   an exception.  Takes the connection's lock. */
int sslb_verification_accepts(sslb_connection *self, SSL_SESSION *session,
                              const sslb_checks *then);

/* Whether a session with equal parameters is still acceptable: its certificate
   may have expired. */
int sslb_verification_still_accepts_nogil(const sslb_checks *checks,
                                          SSL_SESSION *session);

/* Sets `*result` to the digest of the session's parameters and returns NULL,
   or returns the reason why there is no digest.  Needs no GIL. */
const char *sslb_verification_parameters_locked(const sslb_connection *self,
                                                sslb_digest *result);

#endif
