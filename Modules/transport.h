/* transport.h: our socket BIO, which never blocks.

   The caller of a function whose name ends with `_nogil` holds the
   connection's lock, unless a comment says otherwise. */

#ifndef SSLB_TRANSPORT_H
#define SSLB_TRANSPORT_H

#include "pycompat.h"
#include "buffers.h"
#include "opensslcompat.h"

#include <sys/types.h>

/* The state of our socket BIO. */
typedef struct {
    int fd;                     /* -1 after sslb_transport_forget_nogil() */
    int sys_errno;              /* of the last failed system call, or 0 */
    int eof;                    /* the peer has closed its side */
    int is_kernel_tls;          /* OpenSSL's socket BIO is the next BIO */
    int waits;                  /* the operation waits when it needs more
                                   input */
    int drained;                /* this step reads no more: the rest cannot be
                                   here yet, or another thread is the taker */
    int took;                   /* this step has read data, the end or an
                                   error */
    int gathering;              /* collect records; send them later */
    struct {
        sslb_buffer buffer;     /* borrowed while records are in it */
        size_t start, end;      /* the records, from start to end */
    } out;                      /* the records to send */
    int read_errno;             /* the error that a wait found, for the next
                                   read; or 0 */
    int handshakes;             /* see sslb_transport_handshakes_nogil() */
    size_t least;               /* see sslb_transport_look_ahead_nogil() */
    unsigned char header[SSL3_RT_HEADER_LENGTH];  /* of the next record */
    size_t held;                /* bytes in `header`, not yet given to
                                   OpenSSL */
    size_t given;               /* bytes of the current record that OpenSSL has
                                   read; 0 between records */
    size_t record_size;         /* of the current record, with its header */
    int record_type;
    int lost_count;             /* the three fields above are invalid */
} sslb_transport;

/* The result of a wait in recv() for the header of a record, or a part of
   it. */
typedef struct {
    unsigned char header[SSL3_RT_HEADER_LENGTH];
    ssize_t size;               /* recv()'s result */
    int sys_errno;              /* recv()'s errno, or 0 */
} sslb_arrival;

/* The most plaintext that one send() transmits: as many full records as the
   buffer has room for. */
#define SSLB_GATHER_PLAINTEXT ((size_t)4 * SSL3_RT_MAX_PLAIN_LENGTH)

int sslb_transport_module_init(void);

/* Creates a BIO over a descriptor, which the caller still owns.  Returns NULL
   when out of memory.  `*transport` lives as long as the BIO.  With
   `kernel_tls`, the BIO never blocks only if the descriptor does not. */
BIO *sslb_transport_new(int fd, int kernel_tls, sslb_transport **transport);

/* Prepares the transport for a step.  `waits`: the operation waits when it
   needs more input, so the step need not try to read again.  `may_read`: the
   step may read from the socket. */
void sslb_transport_begin_nogil(sslb_transport *transport, int waits,
                                int may_read);

/* Switches the collecting of records on or off. */
void sslb_transport_gather_nogil(sslb_transport *transport, int on);

/* Sends the collected records.  Returns 1 if all are sent, 0 if the socket is
   full, -1 with `sys_errno` set on an error. */
int sslb_transport_flush_nogil(sslb_transport *transport);

/* For this step: read the header of the next record together with the end of a
   record, which saves a system call.  The rest of the next record stays in the
   kernel, where select() sees it.  The transport does so only after records
   that are surely data.  Their type is application data, which TLS 1.3 uses
   for other records too (RFC 8446, 5.2), so their body must also have at least
   `least` bytes. */
void sslb_transport_look_ahead_nogil(sslb_transport *transport,
                                     size_t least);

/* For this step of a handshake: the same after all records but alerts.  After
   an alert the peer may end TLS and send plain text. */
void sslb_transport_handshakes_nogil(sslb_transport *transport);

/* Whether OpenSSL reads the header of a record next, and none of it is
   here. */
int sslb_transport_awaits_record_nogil(const sslb_transport *transport);

/* Waits in recv() for a header; the caller does not hold the lock.  Returns 1
   if data, the end or an error has arrived, 0 if the descriptor does not
   block, -1 if a signal interrupted the wait.  No other thread may read from
   the socket until the caller's next step, which passes the arrival to
   sslb_transport_arrived_nogil(). */
int sslb_transport_await_nogil(int fd, sslb_arrival *arrival);
void sslb_transport_arrived_nogil(sslb_transport *transport,
                                  const sslb_arrival *arrival);

/* If the header of the next record is here and the record is surely data (as
   above): the count of bytes in its body; else 0. */
size_t sslb_transport_next_data_nogil(const sslb_transport *transport);

/* The descriptor, or -1 after sslb_transport_forget_nogil().  The caller need
   not hold the lock. */
int sslb_transport_descriptor_nogil(const sslb_transport *transport);

/* Makes the transport stop using the descriptor, and returns it.  The caller
   holds the lock, so that no step is in send() or recv() on the descriptor;
   another thread may still wait for it (see sslb_polling_begin_nogil()). */
int sslb_transport_forget_nogil(sslb_transport *transport);

#endif
