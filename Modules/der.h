/* der.h: reads elements of DER.

   The functions need neither a lock nor the GIL, and store nothing: their
   results point into their input. */

#ifndef SSLB_DER_H
#define SSLB_DER_H

#include "pycompat.h"

#include <stddef.h>

/* A view of bytes in memory of another owner. */
typedef struct {
    const unsigned char *data;  /* NULL: none */
    size_t length;
} sslb_bytes;

/* Both remove the next element from `rest`, and return 1 with its contents, or
   0.  sslb_der_take() needs an element with that tag and with the shortest
   form of its length, in at most three bytes; sslb_der_take_id() needs an
   object identifier. */
int sslb_der_take(sslb_bytes *rest, int tag, sslb_bytes *contents);
int sslb_der_take_id(sslb_bytes *rest, sslb_bytes *id);

/* Returns 1 if OpenSSL surely accepts the bytes as a certificate, provided
   that it accepts both names; else 0. */
int sslb_der_is_certificate(sslb_bytes der, sslb_bytes *issuer,
                            sslb_bytes *subject);

#endif
