/* parameters.h: what a session depends on, as digests.

   A context's digests change with the GIL held. */

#ifndef SSLB_PARAMETERS_H
#define SSLB_PARAMETERS_H

#include "pycompat.h"
#include "context.h"
#include "digest.h"
#include "opensslcompat.h"

/* What a handshake verifies the peer by (verification.c). */
typedef struct {
    int mode;                   /* SSL_VERIFY_* */
    unsigned long flags;        /* X509_V_FLAG_* */
    sslb_digest trust;          /* the context's */
} sslb_checks;

/* When something is set that OpenSSL does not tell: what, and its value; or
   what no other context can have. */
void sslb_settings_add(sslb_context *context, const char *name,
                       const void *data, size_t length);
void sslb_settings_make_unique(sslb_context *context);

/* When something is added to the context's trust store, with a digest of it;
   or when it verifies by what no other context can have. */
void sslb_parameters_trust_grew(sslb_context *context,
                                const sslb_digest *by);
void sslb_parameters_trust_changed(sslb_context *context);

/* Of a client whose handshake verifies by `checks`: 1, or 0 with the error
   queue filled. */
int sslb_parameters_digest_nogil(SSL *ssl, const sslb_checks *checks,
                                 const sslb_digest *settings, int checks_host,
                                 sslb_digest *result);

/* Of a connection that such a context makes now, and what it will verify
   by. */
int sslb_parameters_of_context(sslb_context *context, sslb_checks *checks,
                               sslb_digest *result);

#endif
