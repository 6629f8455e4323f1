/* transport.c: our socket BIO, which never blocks.

   Owns the descriptor's side of a connection: reads and writes that do not
   wait whatever mode the descriptor is in, the true errno, the buffer that
   gathers the records of one write, and a look at what comes next.  It knows
   no Python type and no lock: the connection's lock is held around every
   call. */

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

/* Room for the plaintext of one go and what a record adds to it. */
#define BUFFER_SIZE \
    (SSLB_GATHER_PLAINTEXT + (size_t)4 * SSL3_RT_MAX_ENCRYPTED_OVERHEAD \
     + (size_t)4 * SSL3_RT_HEADER_LENGTH)

/* Buffers are lent for as long as something is in them, so an idle connection
   has none.  A few are kept, since fresh memory costs page faults. */
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

/* 1, or 0 without memory. */
static int
chunk_open(sslb_chunk *chunk)
{
    if (chunk->data == NULL) {
        chunk->data = buffer_lend();
    }
    return chunk->data != NULL;
}

static void
chunk_drop(sslb_chunk *chunk)
{
    if (chunk->data != NULL) {
        buffer_take_back(chunk->data);
        chunk->data = NULL;
    }
    chunk->start = chunk->end = 0;
}

/* -- writing ---------------------------------------------------------- */

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
    sslb_chunk *out = &transport->out;

    while (out->start < out->end) {
        ssize_t sent = transport_send(transport, out->data + out->start,
                                      out->end - out->start);

        if (sent < 0) {
            return transport->sys_errno == 0 ? 0 : -1;
        }
        out->start += (size_t)sent;
    }
    if (!transport->gathering) {
        chunk_drop(out);
    }
    out->start = out->end = 0;
    return 1;
}

void
sslb_transport_gather_nogil(sslb_transport *transport, int on)
{
    /* Without memory each record is sent by itself. */
    transport->gathering = on && chunk_open(&transport->out);
    if (!on && transport->out.start == transport->out.end) {
        chunk_drop(&transport->out);
    }
}

int
sslb_transport_descriptor_nogil(const sslb_transport *transport)
{
    return __atomic_load_n(&transport->fd, __ATOMIC_SEQ_CST);
}

int
sslb_transport_forget_nogil(sslb_transport *transport)
{
    return __atomic_exchange_n(&transport->fd, -1, __ATOMIC_SEQ_CST);
}

/* Adds to the buffer: 1, or 0 where there is no room. */
static int
transport_append(sslb_transport *transport, const char *data, size_t length)
{
    sslb_chunk *out = &transport->out;

    if (out->data == NULL || length > BUFFER_SIZE - out->end) {
        return 0;
    }
    memcpy(out->data + out->end, data, length);
    out->end += length;
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

/* -- reading ---------------------------------------------------------- */

void
sslb_transport_look_ahead_nogil(sslb_transport *transport, size_t limit,
                                int offline)
{
    transport->limit = limit;
    transport->offline = offline;
    transport->taken_before = transport->taken;
}

int
sslb_transport_holds_nogil(const sslb_transport *transport)
{
    return transport->in.start < transport->in.end;
}

/* Takes from the kernel what OpenSSL has got, but for the last `kept` bytes.
   TCP does not even copy them: tcp(7), MSG_TRUNC.  What it fails to take, it
   takes the next time: 1, or 0 with errno. */
static int
discard(sslb_transport *transport, size_t kept)
{
    unsigned char small[1024];
    int large = transport->taken > kept && chunk_open(&transport->in);
    size_t room = large ? BUFFER_SIZE : sizeof(small);
    ssize_t got;

    while (transport->taken > kept) {
        size_t length = transport->taken - kept;

        do {
            got = recv(transport->fd, large ? transport->in.data : small,
                       length < room ? length : room,
                       MSG_DONTWAIT | MSG_TRUNC);
        } while (got < 0 && errno == EINTR);
        if (got < 0) {
            break;
        }
        /* 0: nothing is left where it was seen, which is as good */
        transport->taken -= got > 0 ? (size_t)got : length;
    }
    transport->taken_before = transport->taken;
    return transport->taken <= kept;
}

void
sslb_transport_settle_nogil(sslb_transport *transport, int keep_last)
{
    (void)discard(transport, keep_last ? transport->taken
                                         - transport->taken_before : 0);
    sslb_transport_look_ahead_nogil(transport, 0, 0);
    chunk_drop(&transport->in);
}

/* Counts how much of its current record OpenSSL has got: RFC 8446, 5.1.  A
   hello in the format of SSL 2.0 (OpenSSL 1.1.1 takes it) is no record, and
   what follows is not counted right: no reading ahead then. */
static void
follow_records(sslb_transport *transport, const unsigned char *data,
               size_t length)
{
    size_t part;

    if (transport->given == 0 && length > 0 && data[0] & 0x80) {
        transport->lost_count = 1;
    }
    while (length > 0) {
        if (transport->given < SSL3_RT_HEADER_LENGTH) {
            if (transport->given == SSL3_RT_HEADER_LENGTH - 2) {
                transport->record_size = (size_t)data[0] << 8;
            }
            else if (transport->given == SSL3_RT_HEADER_LENGTH - 1) {
                transport->record_size += data[0] + SSL3_RT_HEADER_LENGTH;
            }
            part = 1;
        }
        else {
            part = transport->record_size - transport->given;
            part = part < length ? part : length;
        }
        transport->given += part;
        data += part;
        length -= part;
        if (transport->given >= SSL3_RT_HEADER_LENGTH
            && transport->given == transport->record_size) {
            transport->given = 0;
        }
    }
}

/* How much may be asked of the kernel: with what OpenSSL has of the current
   record, no more than the limit. */
static size_t
room_ahead(const sslb_transport *transport)
{
    size_t room = transport->limit > transport->given
        ? transport->limit - transport->given : 0;

    return transport->lost_count ? 0 : room < BUFFER_SIZE ? room
                                                          : BUFFER_SIZE;
}

/* As recv(2); remembers what it says of the socket. */
static ssize_t
transport_receive(sslb_transport *transport, void *data, size_t room,
                  int flags)
{
    ssize_t got = -1;

    if (discard(transport, 0)) {
        do {
            got = recv(transport->fd, data, room, MSG_DONTWAIT | flags);
        } while (got < 0 && errno == EINTR);
    }
    if (got < 0 && errno == EWOULDBLOCK) {
        errno = EAGAIN;
    }
    transport->sys_errno = got < 0 && errno != EAGAIN ? errno : 0;
    transport->eof = got == 0;
    transport->drained = got < 0 || (size_t)got < room;
    return got;
}

/* Hands out of what was seen ahead. */
static size_t
take_ahead(sslb_transport *transport, void *data, size_t length)
{
    sslb_chunk *in = &transport->in;
    size_t left = in->end - in->start;

    length = length < left ? length : left;
    memcpy(data, in->data + in->start, length);
    in->start += length;
    transport->taken += length;
    return length;
}

/* As recv(2), by way of the buffer where more than the length may come. */
static ssize_t
receive_ahead(sslb_transport *transport, void *data, size_t length)
{
    sslb_chunk *in = &transport->in;
    size_t room = room_ahead(transport);
    ssize_t got;

    if (room <= length || !chunk_open(in)) {
        return transport_receive(transport, data, length, 0);
    }
    got = transport_receive(transport, in->data, room, MSG_PEEK);
    if (got <= 0) {
        return got;
    }
    in->start = 0;
    in->end = (size_t)got;
    return (ssize_t)take_ahead(transport, data, length);
}

static int
transport_read(BIO *bio, char *data, int length)
{
    sslb_transport *transport = BIO_get_data(bio);
    ssize_t got = -1;

    BIO_clear_retry_flags(bio);
    if (length <= 0) {
        return 0;
    }
    if (sslb_transport_holds_nogil(transport)) {
        got = (ssize_t)take_ahead(transport, data, (size_t)length);
    }
    else if (transport->eof) {
        return 0;
    }
    else if (!transport->offline) {
        got = receive_ahead(transport, data, (size_t)length);
    }
    if (got > 0) {
        follow_records(transport, (unsigned char *)data, (size_t)got);
    }
    else if (got < 0 && transport->sys_errno == 0) {
        BIO_set_retry_read(bio);
    }
    return (int)got;
}

/* -- the BIO ---------------------------------------------------------- */

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
        chunk_drop(&transport->in);
        chunk_drop(&transport->out);
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
