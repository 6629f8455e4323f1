/* transport.c: our socket BIO, which never blocks, and a wait for input.

   Owns the socket side of a connection: reads and writes that do not wait,
   whatever mode the descriptor is in; the errno of each system call; the
   buffer that collects the records of one write; and the header of the next
   record, if it was read ahead.  This file uses no Python type and no lock;
   the caller holds the connection's lock around every call but the wait.

   Kernel TLS works only with OpenSSL's own socket BIO.  That BIO is then the
   next one after ours, and the descriptor must not block. */

#include "transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifdef MSG_NOSIGNAL
#  define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL)
#else
#  define SEND_FLAGS MSG_DONTWAIT
#endif

/* Room for the plaintext of one send() and the overhead of its records. */
#define BUFFER_SIZE \
    (SSLB_GATHER_PLAINTEXT + (size_t)4 * SSL3_RT_MAX_ENCRYPTED_OVERHEAD \
     + (size_t)4 * SSL3_RT_HEADER_LENGTH)

static BIO_METHOD *method = NULL;

/* -- writing ---------------------------------------------------------- */

/* After EINTR, repeats the call at once: it does not wait. */
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
    transport->drained |= transport->waits; /* the answer cannot be here yet */
    return sent;
}

int
sslb_transport_flush_nogil(sslb_transport *transport)
{
    while (transport->out.start < transport->out.end) {
        ssize_t sent = transport_send(
            transport, transport->out.buffer.data + transport->out.start,
            transport->out.end - transport->out.start);

        if (sent < 0) {
            return transport->sys_errno == 0 ? 0 : -1;
        }
        transport->out.start += (size_t)sent;
    }
    transport->out.start = transport->out.end = 0;
    if (!transport->gathering) {    /* an idle connection holds no buffer */
        sslb_buffer_take_back_nogil(&transport->out.buffer);
    }
    return 1;
}

void
sslb_transport_gather_nogil(sslb_transport *transport, int on)
{
    if (on && transport->out.buffer.data == NULL
        && !transport->is_kernel_tls) {
        transport->out.buffer = sslb_buffer_lend_nogil(BUFFER_SIZE);
    }
    /* Without memory, each record is sent separately. */
    transport->gathering = on && transport->out.buffer.data != NULL;
    if (!on && transport->out.start == transport->out.end) {
        sslb_buffer_take_back_nogil(&transport->out.buffer);
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

/* Appends to the buffer.  Returns 1, or 0 if there is no room. */
static int
transport_append(sslb_transport *transport, const char *data, size_t length)
{
    if (transport->out.buffer.data == NULL
        || length > BUFFER_SIZE - transport->out.end) {
        return 0;
    }
    memcpy(transport->out.buffer.data + transport->out.end, data, length);
    transport->out.end += length;
    return 1;
}

/* Whether a callback has closed the connection: OpenSSL's socket BIO would
   still use the descriptor. */
static int
is_forgotten(sslb_transport *transport)
{
    if (sslb_transport_descriptor_nogil(transport) >= 0) {
        return 0;
    }
    transport->sys_errno = EBADF;
    return 1;
}

/* Writes through OpenSSL's socket BIO, for kernel TLS. */
static int
kernel_write(BIO *bio, const char *data, int length)
{
    sslb_transport *transport = BIO_get_data(bio);
    int sent;

    if (is_forgotten(transport)) {
        return -1;
    }
    errno = 0;
    sent = BIO_write(BIO_next(bio), data, length);
    BIO_copy_next_retry(bio);
    transport->sys_errno = sent < 0 && !BIO_should_retry(bio) ? errno : 0;
    return sent;
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
    if (transport->is_kernel_tls) {
        return kernel_write(bio, data, length);
    }
    if (transport->gathering
        && transport_append(transport, data, (size_t)length)) {
        return length;
    }
    /* Send the collected records first. */
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
sslb_transport_begin_nogil(sslb_transport *transport, int waits, int may_read)
{
    transport->sys_errno = 0;
    transport->waits = waits;
    transport->drained = !may_read;
    transport->took = 0;
    transport->handshakes = 0;
    transport->least = 0;
}

void
sslb_transport_handshakes_nogil(sslb_transport *transport)
{
    transport->handshakes = 1;
}

int
sslb_transport_awaits_record_nogil(const sslb_transport *transport)
{
    return transport->given == 0 && transport->held == 0
        && !transport->lost_count && !transport->is_kernel_tls;
}

int
sslb_transport_await_nogil(int fd, sslb_arrival *arrival)
{
    arrival->size = recv(fd, arrival->header, sizeof(arrival->header), 0);
    arrival->sys_errno = arrival->size < 0 ? errno : 0;
    switch (arrival->sys_errno) {
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
        return 0;
    case EINTR:
        return -1;
    default:
        return 1;
    }
}

void
sslb_transport_arrived_nogil(sslb_transport *transport,
                             const sslb_arrival *arrival)
{
    if (arrival->size > 0) {
        transport->held = (size_t)arrival->size;
        memcpy(transport->header, arrival->header, transport->held);
    }
    transport->eof = arrival->size == 0;
    if (transport->read_errno == 0) {
        transport->read_errno = arrival->sys_errno;
    }
    transport->took = 1;
    transport->drained |= transport->held < sizeof(transport->header);
}

void
sslb_transport_look_ahead_nogil(sslb_transport *transport, size_t least)
{
    transport->least = least;
}

size_t
sslb_transport_next_data_nogil(const sslb_transport *transport)
{
    const unsigned char *header = transport->header;
    size_t size;

    if (transport->least == 0 || transport->held != sizeof(transport->header)
        || header[0] != SSL3_RT_APPLICATION_DATA) {
        return 0;
    }
    size = ((size_t)header[3] << 8) + header[4];
    return size >= transport->least ? size : 0;
}

/* Counts the bytes of the current record that OpenSSL has read: RFC 8446,
   5.1.  A ClientHello in the format of SSL 2.0 (OpenSSL 1.1.1 accepts one) is
   no record, so the count would be wrong: the transport then stops reading
   ahead. */
static void
follow_records(sslb_transport *transport, const unsigned char *data,
               size_t length)
{
    size_t part;

    if (transport->given == 0 && length > 0 && data[0] & 0x80) {
        transport->lost_count = 1;
    }
    while (length > 0) {
        part = 1;
        switch (transport->given) {
        case 0:
            transport->record_type = data[0];
            break;
        case 1: case 2:
            break;
        case 3:
            transport->record_size = (size_t)data[0] << 8;
            break;
        case 4:
            transport->record_size += data[0] + SSL3_RT_HEADER_LENGTH;
            break;
        default:
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

/* Whether another TLS record, and no plain text, must follow. */
static int
another_follows(const sslb_transport *transport)
{
    if (transport->handshakes) {
        return transport->record_type != SSL3_RT_ALERT;
    }
    return transport->least > 0
        && transport->record_type == SSL3_RT_APPLICATION_DATA
        && transport->record_size
           >= transport->least + SSL3_RT_HEADER_LENGTH;
}

/* Whether the current record lacks exactly `length` bytes. */
static int
completes_record(const sslb_transport *transport, size_t length)
{
    return !transport->lost_count
        && transport->given >= SSL3_RT_HEADER_LENGTH
        && transport->record_size - transport->given == length;
}

/* As recv(2); also records the state of the socket in the transport. */
static ssize_t
transport_receive(sslb_transport *transport, void *data, size_t length)
{
    struct iovec parts[] = {
        {.iov_base = data, .iov_len = length},
        {.iov_base = transport->header,
         .iov_len = sizeof(transport->header)},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    int looks_ahead = completes_record(transport, length)
        && another_follows(transport);
    ssize_t got;

    do {  /* recv() costs less than recvmsg() */
        got = looks_ahead ? recvmsg(transport->fd, &message, MSG_DONTWAIT)
            : recv(transport->fd, data, length, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EWOULDBLOCK) {
        errno = EAGAIN;
    }
    transport->sys_errno = got < 0 && errno != EAGAIN ? errno : 0;
    transport->eof = got == 0;
    transport->took |= got >= 0 || transport->sys_errno != 0;
    transport->drained = transport->waits && (got < 0
                                              || (size_t)got < length);
    if (got > (ssize_t)length) {
        transport->held = (size_t)got - length;
        got = (ssize_t)length;
    }
    return got;
}

/* Copies from the header that was read ahead. */
static size_t
take_held(sslb_transport *transport, void *data, size_t length)
{
    length = length < transport->held ? length : transport->held;
    memcpy(data, transport->header, length);
    transport->held -= length;
    memmove(transport->header, transport->header + length, transport->held);
    return length;
}

/* Reads through OpenSSL's socket BIO, for kernel TLS. */
static int
kernel_read(BIO *bio, char *data, int length)
{
    sslb_transport *transport = BIO_get_data(bio);
    int got;

    if (is_forgotten(transport)) {
        return -1;
    }
    if (transport->drained) {
        BIO_set_retry_read(bio);
        return -1;
    }
    errno = 0;
    got = BIO_read(BIO_next(bio), data, length);
    BIO_copy_next_retry(bio);
    transport->sys_errno = got < 0 && !BIO_should_retry(bio) ? errno : 0;
    transport->eof = got == 0;
    transport->took |= got >= 0 || !BIO_should_retry(bio);
    return got;
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
    if (transport->is_kernel_tls) {
        return kernel_read(bio, data, length);
    }
    if (transport->held > 0) {
        got = (ssize_t)take_held(transport, data, (size_t)length);
    }
    else if (transport->eof) {
        return 0;
    }
    else if (transport->read_errno != 0) {
        transport->sys_errno = transport->read_errno;
        transport->read_errno = 0;
    }
    else if (!transport->drained) {
        got = transport_receive(transport, data, (size_t)length);
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
        /* among others, OpenSSL gives the keys to the kernel */
        return transport->is_kernel_tls && !is_forgotten(transport)
            ? BIO_ctrl(BIO_next(bio), command, number, pointer) : 0;
    }
}

static int
transport_destroy(BIO *bio)
{
    sslb_transport *transport = BIO_get_data(bio);

    if (transport != NULL) {
        sslb_buffer_take_back_nogil(&transport->out.buffer);
        free(transport);
        BIO_set_data(bio, NULL);
    }
    return 1;
}

/* Pushes OpenSSL's socket BIO as the next BIO.  Returns 1, or 0 when out of
   memory. */
static int
use_kernel_tls(BIO *bio, sslb_transport *transport)
{
    BIO *below = BIO_new_socket(transport->fd, BIO_NOCLOSE);

    if (below == NULL) {
        return 0;
    }
    transport->is_kernel_tls = 1;
    BIO_push(bio, below);
    return 1;
}

BIO *
sslb_transport_new(int fd, int kernel_tls, sslb_transport **result)
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
    if (kernel_tls && !use_kernel_tls(bio, transport)) {
        BIO_free(bio);
        return NULL;
    }
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
