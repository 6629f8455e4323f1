/* digest.c: a running SHA-256 digest.

   Owns the arithmetic; the users of a digest decide what they add. */

#include "digest.h"
#include "opensslcompat.h"
#include "wait.h"

#include <string.h>
#include <unistd.h>

int
sslb_digest_equal_nogil(const sslb_digest *a, const sslb_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int
sslb_digest_add_nogil(sslb_digest *digest, const void *data, size_t length)
{
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    int ok = state != NULL && EVP_DigestInit_ex(state, EVP_sha256(), NULL)
        && EVP_DigestUpdate(state, digest->bytes, sizeof(digest->bytes))
        && EVP_DigestUpdate(state, data, length)
        && EVP_DigestFinal_ex(state, digest->bytes, NULL);

    EVP_MD_CTX_free(state);
    return ok;
}

/* Makes a digest that differs from all others in this and other processes.
   Without random numbers or memory, the digest gets a form that SHA-256 hardly
   ever produces. */
void
sslb_digest_make_unique_nogil(sslb_digest *digest)
{
    static size_t last = 0;     /* threads without a common lock count */
    size_t count = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
    uint64_t numbers[] = {count, (uint64_t)getpid(),
                          (uint64_t)sslb_now_nogil()};
    unsigned char random[32];

    if (RAND_bytes(random, sizeof(random)) == 1
        && sslb_digest_add_nogil(digest, random, sizeof(random))) {
        return;
    }
    ERR_clear_error();
    memset(digest->bytes, 0xff, sizeof(digest->bytes));
    memcpy(digest->bytes, numbers, sizeof(numbers));
}

void
sslb_number_write_nogil(unsigned char *bytes, uint64_t number)
{
    int i;

    for (i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(number >> (8 * (7 - i)));
    }
}
