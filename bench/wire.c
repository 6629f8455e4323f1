/* Code that floor.c and peer.c share: see wire.h. */

#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>

void
fail(const char *what)
{
    fprintf(stderr, "%s failed (errno %d: %s)\n", what, errno,
            strerror(errno));
    ERR_print_errors_fp(stderr);
    exit(1);
}

int
read_exactly(SSL *ssl, void *data, size_t size)
{
    char *next = data;
    while (size > 0) {
        int rc = SSL_read(ssl, next, (int)size);
        if (rc <= 0)
            return -1;
        next += rc;
        size -= (size_t)rc;
    }
    return 0;
}

int
read_away(SSL *ssl, uint64_t size, size_t piece)
{
    char *data = malloc(piece);
    int rc = data == NULL ? -1 : 1;
    while (size > 0 && rc > 0) {
        size_t wanted = size < piece ? (size_t)size : piece;
        rc = SSL_read(ssl, data, (int)wanted);
        if (rc > 0)
            size -= (uint64_t)rc;
    }
    free(data);
    return rc > 0 ? 0 : -1;
}

char *
new_message(uint64_t size)
{
    char *data = malloc(size);
    if (data == NULL)
        fail("allocating a message");
    return memset(data, 'x', size);
}

int
write_messages(SSL *ssl, const char *data, uint64_t size, uint64_t count)
{
    int rc = 1;
    while (count-- > 0 && rc > 0)
        rc = SSL_write(ssl, data, (int)size);
    return rc > 0 ? 0 : -1;
}

static void
put(unsigned char *bytes, uint64_t number)
{
    for (int i = 7; i >= 0; i--, number >>= 8)
        bytes[i] = (unsigned char)number;
}

static uint64_t
get(const unsigned char *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

int
read_request(SSL *ssl, struct request *request)
{
    unsigned char bytes[REQUEST_BYTES];
    if (read_exactly(ssl, bytes, sizeof(bytes)) < 0)
        return -1;
    request->what = (char)bytes[0];
    request->size = get(bytes + 1);
    request->count = get(bytes + 9);
    return 0;
}

int
write_request(SSL *ssl, char what, uint64_t size, uint64_t count)
{
    unsigned char bytes[REQUEST_BYTES];
    bytes[0] = (unsigned char)what;
    put(bytes + 1, size);
    put(bytes + 9, count);
    return SSL_write(ssl, bytes, sizeof(bytes)) > 0 ? 0 : -1;
}

/* Whether a call moved data.  If not, adds the event that the call waits for
 * to *events. */
static int
moved(SSL *ssl, int rc, short *events)
{
    if (rc > 0)
        return 1;
    switch (SSL_get_error(ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        *events |= POLLIN;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        *events |= POLLOUT;
        return 0;
    default:
        return -1;
    }
}

/* Write the rest until the socket's buffer is full; returns as moved(). */
static int
write_some(SSL *ssl, const char *data, uint64_t *left, short *events)
{
    if (*left == 0)
        return 0;
    int rc = SSL_write(ssl, data, (int)(*left < PIECE_BYTES
                                        ? *left : PIECE_BYTES));
    if (rc > 0)
        *left -= (uint64_t)rc;
    return moved(ssl, rc, events);
}

/* Read the rest as far as it has arrived; returns as moved(). */
static int
read_some(SSL *ssl, char *data, uint64_t *left, short *events)
{
    if (*left == 0)
        return 0;
    int rc = SSL_read(ssl, data, (int)(*left < PIECE_BYTES
                                       ? *left : PIECE_BYTES));
    if (rc > 0)
        *left -= (uint64_t)rc;
    return moved(ssl, rc, events);
}

int
duplex(SSL *ssl, uint64_t size)
{
    uint64_t unsent = size, unread = size;
    char *data = calloc(2, PIECE_BYTES);
    struct pollfd wait = {.fd = SSL_get_fd(ssl)};
    int flags = fcntl(wait.fd, F_GETFL);
    int result = data == NULL ? -1 : 0;

    fcntl(wait.fd, F_SETFL, flags | O_NONBLOCK);
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
    while (result == 0 && (unsent > 0 || unread > 0)) {
        wait.events = 0;
        int wrote = write_some(ssl, data, &unsent, &wait.events);
        int got = read_some(ssl, data + PIECE_BYTES, &unread, &wait.events);
        if (wrote < 0 || got < 0)
            result = -1;
        else if (wrote == 0 && got == 0 && wait.events != 0)
            poll(&wait, 1, -1);
    }
    SSL_clear_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
    fcntl(wait.fd, F_SETFL, flags);
    free(data);
    return result;
}
