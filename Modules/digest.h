/* digest.h: the SHA-256 of all that has come together so far. */

#ifndef SSLB_DIGEST_H
#define SSLB_DIGEST_H

#include "pycompat.h"

#include <stddef.h>
#include <stdint.h>

/* A SHA-256 of what has come together so far; at first all zeros
   (digest.c). */
typedef struct {
    unsigned char bytes[32];
} sslb_digest;

/* Whether both are the same: 1 or 0. */
int sslb_digest_equal_nogil(const sslb_digest *a, const sslb_digest *b);

/* Makes it the digest of itself and what follows: 1, or 0 with the error
   queue filled. */
int sslb_digest_add_nogil(sslb_digest *digest, const void *data,
                          size_t length);

/* Makes it one that nobody else has.  With the GIL. */
void sslb_digest_make_unique(sslb_digest *digest);

/* As eight bytes, the highest first. */
void sslb_number_write_nogil(unsigned char *bytes, uint64_t number);

#endif
