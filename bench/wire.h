/* Code that floor.c and peer.c share: requests, exact reads and writes.
 *
 * A request has 17 bytes: a letter, the size of a message, and the number of
 * messages, both as 64-bit big-endian integers.
 */

#ifndef WIRE_H
#define WIRE_H

#include <stdint.h>
#include <openssl/ssl.h>

enum {
    REQUEST_BYTES = 17,
    PIECE_BYTES = 256 * 1024,   /* the most that one call reads */
};

/* The letters of requests. */
enum {
    SEND = 'S',     /* send `count` messages of `size` bytes */
    RECEIVE = 'R',  /* receive the messages, then send one byte */
    ECHO = 'E',     /* receive and send back, one message after the other */
    DUPLEX = 'D',   /* send and receive at once, then send one byte */
    GET = 'G',      /* the first letter of an HTTP request */
};

struct request {
    char what;
    uint64_t size;
    uint64_t count;
};

/* End the program with a line on stderr and OpenSSL's errors. */
void fail(const char *what);

/* Read exactly `size` bytes; returns 0, or -1 at the end or on an error. */
int read_exactly(SSL *ssl, void *data, size_t size);

/* Read and discard that many bytes, at most `piece` per call. */
int read_away(SSL *ssl, uint64_t size, size_t piece);

/* Allocate a message and write to its memory.  The caller frees it. */
char *new_message(uint64_t size);

/* Write a message of `size` bytes `count` times, with one SSL_write each. */
int write_messages(SSL *ssl, const char *data, uint64_t size,
                   uint64_t count);

int read_request(SSL *ssl, struct request *request);
int write_request(SSL *ssl, char what, uint64_t size, uint64_t count);

/* Send and receive that many bytes at the same time, in one thread. */
int duplex(SSL *ssl, uint64_t size);

#endif
