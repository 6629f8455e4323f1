/* transport.c: our socket BIO, which never blocks.

   Owns the descriptor's side of a connection: reads and writes that do not
   wait whatever mode the descriptor is in, the true errno, and the buffer
   that gathers the records of one write.  It knows no Python type and no
   lock: the connection's lock is held around every call. */

#include "sslb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifdef MSG_NOSIGNAL
#  define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL)
#else
#  define SEND_FLAGS MSG_DONTWAIT
#endif

/* Room for the gathered plaintext and what a record adds to it. */
#define BUFFER_SIZE \
    (SSLB_GATHER_PLAINTEXT + (size_t)4 * SSL3_RT_MAX_ENCRYPTED_OVERHEAD \
     + (size_t)4 * SSL3_RT_HEADER_LENGTH)

/* Buffers are lent for as long as something is gathered and not sent, so an
   idle connection has none.  A few are kept, since fresh memory costs page
   faults. */
#define SPARE_BUFFERS 4

static struct {
    pthread_mutex_t mutex;
    unsigned char *buffers[SPARE_BUFFERS];
    int count;
} spare = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static BIO_METHOD *method = NULL;

static unsigned char *
buffer_lend(void)
{
    unsigned char *buffer = NULL;

    pthread_mutex_lock(&spare.mutex);
    if (spare.count > 0) {
        buffer = spare.buffers[--spare.count];
    }
    pthread_mutex_unlock(&spare.mutex);
    return buffer != NULL ? buffer : malloc(BUFFER_SIZE);
}

static void
buffer_take_back(unsigned char *buffer)
{
    pthread_mutex_lock(&spare.mutex);
    if (spare.count < SPARE_BUFFERS) {
        spare.buffers[spare.count++] = buffer;
        buffer = NULL;
    }
    pthread_mutex_unlock(&spare.mutex);
    free(buffer);
}

static void
transport_drop_buffer(sslb_transport *transport)
{
    if (transport->buffer != NULL) {
        buffer_take_back(transport->buffer);
        transport->buffer = NULL;
    }
    transport->start = transport->end = 0;
}

/* A call that a signal cut short is simply made again: it does not wait. */
static ssize_t
transport_send(sslb_transport *transport, const void *data, size_t length)
{
    ssize_t sent;

    do {
        sent = send(transport->fd, data, length, SEND_FLAGS);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EWOULDBLOCK) {
        errno = EAGAIN;
    }
    transport->sys_errno = sent < 0 && errno != EAGAIN ? errno : 0;
    return sent;
}

int
sslb_transport_flush_nogil(sslb_transport *transport)
{
    while (transport->start < transport->end) {
        ssize_t sent = transport_send(transport,
                                      transport->buffer + transport->start,
                                      transport->end - transport->start);

        if (sent < 0) {
            return transport->sys_errno == 0 ? 0 : -1;
        }
        transport->start += (size_t)sent;
    }
    if (!transport->gathering) {
        transport_drop_buffer(transport);
    }
    transport->start = transport->end = 0;
    return 1;
}

void
sslb_transport_gather_nogil(sslb_transport *transport, int on)
{
    if (on && transport->buffer == NULL) {
        /* Without memory each record is sent by itself. */
        transport->buffer = buffer_lend();
        on = transport->buffer != NULL;
    }
    transport->gathering = on;
    if (!on && transport->start == transport->end) {
        transport_drop_buffer(transport);
    }
}

/* Only a shutdown ends another thread's poll(); it hits every duplicate of
   the descriptor, so it is kept for the case that somebody does wait. */
void
sslb_transport_forget_nogil(sslb_transport *transport, int wake)
{
    if (wake) {
        shutdown(transport->fd, SHUT_RDWR);
    }
    transport->fd = -1;
}

/* Adds to the buffer: 1, or 0 where there is no room. */
static int
transport_append(sslb_transport *transport, const char *data, size_t length)
{
    if (transport->buffer == NULL
        || length > BUFFER_SIZE - transport->end) {
        return 0;
    }
    memcpy(transport->buffer + transport->end, data, length);
    transport->end += length;
    return 1;
}

static int
transport_write(BIO *bio, const char *data, int length)
{
    sslb_transport *transport = BIO_get_data(bio);
    ssize_t sent;
    int rc;

    BIO_clear_retry_flags(bio);
    if (length <= 0) {
        return 0;
    }
    if (transport->gathering
        && transport_append(transport, data, (size_t)length)) {
        return length;
    }
    /* What was gathered goes first. */
    rc = sslb_transport_flush_nogil(transport);
    if (rc > 0) {
        sent = transport_send(transport, data, (size_t)length);
        if (sent >= 0) {
            return (int)sent;
        }
        rc = transport->sys_errno == 0 ? 0 : -1;
    }
    if (rc == 0) {
        BIO_set_retry_write(bio);
    }
    return -1;
}

static int
transport_read(BIO *bio, char *data, int length)
{
    sslb_transport *transport = BIO_get_data(bio);
    ssize_t got;

    BIO_clear_retry_flags(bio);
    if (length <= 0 || transport->eof) {
        return 0;
    }
    do {
        got = recv(transport->fd, data, (size_t)length, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        BIO_set_retry_read(bio);
        transport->sys_errno = 0;
        return -1;
    }
    transport->sys_errno = got < 0 ? errno : 0;
    transport->eof = got == 0;
    return (int)got;
}

static long
transport_ctrl(BIO *bio, int command, long number, void *pointer)
{
    sslb_transport *transport = BIO_get_data(bio);
    int rc;

    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        BIO_clear_retry_flags(bio);
        rc = sslb_transport_flush_nogil(transport);
        if (rc == 0) {
            BIO_set_retry_write(bio);
        }
        return rc > 0 ? 1 : -1;
    case BIO_CTRL_EOF:
        return transport->eof;
    default:
        return 0;
    }
}

static int
transport_destroy(BIO *bio)
{
    sslb_transport *transport = BIO_get_data(bio);

    if (transport != NULL) {
        transport_drop_buffer(transport);
        free(transport);
        BIO_set_data(bio, NULL);
    }
    return 1;
}

BIO *
sslb_transport_new(int fd, sslb_transport **result)
{
    sslb_transport *transport = calloc(1, sizeof(*transport));
    BIO *bio = BIO_new(method);

    if (transport == NULL || bio == NULL) {
        free(transport);
        BIO_free(bio);
        return NULL;
    }
    transport->fd = fd;
    BIO_set_data(bio, transport);
    BIO_set_init(bio, 1);
    *result = transport;
    return bio;
}

int
sslb_transport_module_init(void)
{
    int type;

    if (method != NULL) {
        return 0;
    }
    type = BIO_get_new_index();
    method = type < 0 ? NULL : BIO_meth_new(type | BIO_TYPE_SOURCE_SINK,
                                            "_ssl_backport transport");
    if (method == NULL
        || !BIO_meth_set_write(method, transport_write)
        || !BIO_meth_set_read(method, transport_read)
        || !BIO_meth_set_ctrl(method, transport_ctrl)
        || !BIO_meth_set_destroy(method, transport_destroy)) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}
