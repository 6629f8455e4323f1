/* der.h: elements of DER.

   It needs neither a lock nor the GIL, and keeps nothing: what it finds points
   into what it was given. */

#ifndef SSLB_DER_H
#define SSLB_DER_H

#include "pycompat.h"

#include <stddef.h>

/* Bytes that somebody else owns. */
typedef struct {
    const unsigned char *data;  /* NULL: none */
    size_t length;
} sslb_bytes;

/* Takes the next element off the rest, if it has that tag and its length is in
   the shortest form, of at most three bytes; an object identifier: 1 or 0. */
int sslb_der_take(sslb_bytes *rest, int tag, sslb_bytes *contents);
int sslb_der_take_id(sslb_bytes *rest, sslb_bytes *id);

/* Whether OpenSSL takes it for a certificate, surely, as long as it takes both
   names: 1 or 0. */
int sslb_der_is_certificate(sslb_bytes der, sslb_bytes *issuer,
                            sslb_bytes *subject);

#endif
