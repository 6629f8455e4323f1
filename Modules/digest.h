/* digest.h: a running SHA-256 digest. */

#ifndef SSLB_DIGEST_H
#define SSLB_DIGEST_H

#include "pycompat.h"

#include <stddef.h>
#include <stdint.h>

/* A SHA-256 digest of all data that was added; at first all zeros. */
typedef struct {
    unsigned char bytes[32];
} sslb_digest;

/* Returns 1 if both are equal, else 0. */
int sslb_digest_equal_nogil(const sslb_digest *a, const sslb_digest *b);

/* Replaces the digest by the digest of itself followed by the data.  Returns
   1, or 0 with the error queue filled. */
int sslb_digest_add_nogil(sslb_digest *digest, const void *data,
                          size_t length);

/* Makes the digest unique.  Several threads may call it at once. */
void sslb_digest_make_unique_nogil(sslb_digest *digest);

/* Writes the number as eight bytes, big-endian. */
void sslb_number_write_nogil(unsigned char *bytes, uint64_t number);

#endif
