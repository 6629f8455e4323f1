/* What the floor and the peer share: requests, exact reads and writes.
 *
 * A client asks for something with a request of 17 bytes: a letter, the size
 * of a message and how many messages, both big-endian.
 */

#ifndef WIRE_H
#define WIRE_H

#include <stdint.h>
#include <openssl/ssl.h>

enum {
    REQUEST_BYTES = 17,
    PIECE_BYTES = 256 * 1024,   /* the most that one call reads */
};

/* What to do next: */
enum {
    SEND = 'S',     /* send `count` messages of `size` bytes */
    RECEIVE = 'R',  /* receive as many, then send one byte */
    ECHO = 'E',     /* receive and send back, one message after the other */
    DUPLEX = 'D',   /* send and receive at once, then send one byte */
    GET = 'G',      /* no such request, but the beginning of one in HTTP */
};

struct request {
    char what;
    uint64_t size;
    uint64_t count;
};

/* Ends the program with a line on stderr and OpenSSL's errors. */
void fail(const char *what);

/* Read exactly that much: 0, or -1 at the end or on an error. */
int read_exactly(SSL *ssl, void *data, size_t size);

/* Read and forget that many bytes, with calls for `piece` bytes. */
int read_away(SSL *ssl, uint64_t size, size_t piece);

/* A message of that size, to be freed, in memory that was touched. */
char *new_message(uint64_t size);

/* Write a message of `size` bytes `count` times, one SSL_write each. */
int write_messages(SSL *ssl, const char *data, uint64_t size,
                   uint64_t count);

int read_request(SSL *ssl, struct request *request);
int write_request(SSL *ssl, char what, uint64_t size, uint64_t count);

/* Send and receive that many bytes at once, in one thread. */
int duplex(SSL *ssl, uint64_t size);

#endif
