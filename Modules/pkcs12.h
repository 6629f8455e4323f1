/* pkcs12.h: reads our own certificate, key and chain from PKCS #12. */

#ifndef SSLB_PKCS12_H
#define SSLB_PKCS12_H

#include "pycompat.h"
#include "opensslcompat.h"
#include "password.h"
#include "source.h"

/* Our own certificate, its chain and its key; each NULL or owned. */
typedef struct {
    X509 *leaf;
    STACK_OF(X509) *chain;
    EVP_PKEY *key;
} sslb_identity;

/* Reads a leaf, its key and its chain into an empty identity.  Calls a
   password that is a callable at most once.  Returns 0, or -1 with an
   exception; the caller frees the contents of the identity in both cases. */
int sslb_pkcs12_read(sslb_identity *self, sslb_source *source,
                     sslb_password *password);

#endif
