/* parameters.h: digests of the settings that a session depends on.

   A thread that changes a context's digests holds the GIL.  To change `trust`
   it also holds the context's guard exclusively, because handshakes read
   `trust` without the GIL. */

#ifndef SSLB_PARAMETERS_H
#define SSLB_PARAMETERS_H

#include "pycompat.h"
#include "context.h"
#include "digest.h"
#include "opensslcompat.h"

/* How a handshake verifies the peer (verification.c). */
typedef struct {
    int mode;                   /* SSL_VERIFY_* */
    unsigned long flags;        /* X509_V_FLAG_* */
    sslb_digest trust;          /* the context's */
} sslb_checks;

/* Called after a change of a setting that OpenSSL cannot return.  The first
   function adds the name and the value of the setting to the context's digest;
   the second makes the digest unique, for a setting that no other context can
   have. */
void sslb_settings_add(sslb_context *context, const char *name,
                       const void *data, size_t length);
void sslb_settings_make_unique(sslb_context *context);

/* Called after a change of the context's trust.  The first function adds the
   digest of new contents of the trust store; the second makes the digest
   unique, for verification that no other context can have. */
void sslb_parameters_trust_grew(sslb_context *context,
                                const sslb_digest *by);
void sslb_parameters_trust_changed(sslb_context *context);

/* Computes the digest of a client's connection whose handshake verifies with
   `checks`.  Returns 1, or 0 with the error queue filled. */
int sslb_parameters_digest_nogil(SSL *ssl, const sslb_checks *checks,
                                 const sslb_digest *settings, int checks_host,
                                 sslb_digest *result);

/* Computes the digest and the checks of a connection that the context would
   create now. */
int sslb_parameters_of_context(sslb_context *context, sslb_checks *checks,
                               sslb_digest *result);

#endif
