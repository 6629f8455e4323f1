/* pkcs12.h: our own certificate, key and chain out of PKCS #12. */

#ifndef SSLB_PKCS12_H
#define SSLB_PKCS12_H

#include "pycompat.h"
#include "opensslcompat.h"
#include "password.h"
#include "source.h"

/* What we show of ourselves. */
typedef struct {
    X509 *leaf;
    STACK_OF(X509) *chain;
    EVP_PKEY *key;
} sslb_identity;

/* Reads a leaf, its key and its chain, to an empty identity: 0, or -1 with an
   exception. */
int sslb_pkcs12_read(sslb_identity *self, sslb_source *source,
                     sslb_password *password);

#endif
