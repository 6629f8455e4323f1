/* transport.h: our socket BIO, which never blocks.

   The connection's lock is held around every call but those that say
   otherwise.  No Python object is touched. */

#ifndef SSLB_TRANSPORT_H
#define SSLB_TRANSPORT_H

#include "pycompat.h"
#include "buffers.h"
#include "opensslcompat.h"

#include <sys/types.h>

/* Our socket BIO's state (transport.c). */
typedef struct {
    int fd;                     /* -1 once forgotten */
    int sys_errno;              /* of the last failed system call, or 0 */
    int eof;                    /* the peer has hung up */
    int is_kernel_tls;          /* OpenSSL's socket BIO is below */
    int waits;                  /* who needs more waits for it */
    int drained;                /* nothing more is read in this step: it
                                   cannot have come, or is another's */
    int took;                   /* this step read something, or the end */
    int gathering;              /* collect records instead of sending each */
    struct {
        sslb_buffer buffer;     /* lent while something is in it */
        size_t start, end;      /* the part that is in use */
    } out;                      /* records not sent yet */
    int read_errno;             /* what a wait met, for the next read; or 0 */
    int handshakes;             /* see sslb_transport_handshakes_nogil() */
    size_t least;               /* see sslb_transport_look_ahead_nogil() */
    unsigned char header[SSL3_RT_HEADER_LENGTH];  /* of the next record */
    size_t held;                /* so much of it was taken ahead */
    size_t given;               /* bytes of the current record that OpenSSL
                                   has got; 0 at a record's end */
    size_t record_size;         /* of the current record, with its header */
    int record_type;
    int lost_count;             /* these three mean nothing */
} sslb_transport;

/* What recv() waited for: the header of a record, or a part of it. */
typedef struct {
    unsigned char header[SSL3_RT_HEADER_LENGTH];
    ssize_t size;               /* as recv() said */
    int sys_errno;              /* where it said -1 */
} sslb_arrival;

/* The plaintext that is encrypted before it is sent in one call: as many
   full records as the buffer has room for. */
#define SSLB_GATHER_PLAINTEXT ((size_t)4 * SSL3_RT_MAX_PLAIN_LENGTH)

int sslb_transport_module_init(void);

/* A BIO over a descriptor that it does not own; NULL when out of memory.
   `*transport` lives as long as the BIO.  With kernel_tls nothing waits only
   if the descriptor does not block. */
BIO *sslb_transport_new(int fd, int kernel_tls, sslb_transport **transport);

/* Before each step: what the one before met is over.  An operation that waits
   for more does so without another try; and the step may read from the socket,
   or not. */
void sslb_transport_begin_nogil(sslb_transport *transport, int waits,
                                int may_read);

/* From now on: collect what is written, or send at once. */
void sslb_transport_gather_nogil(sslb_transport *transport, int on);

/* Send what was gathered: 1 when all is sent, 0 when the socket is full, -1
   with sys_errno on an error. */
int sslb_transport_flush_nogil(sslb_transport *transport);

/* For this step: the header that follows a record is taken along with its end,
   which saves a system call; all else of the next record stays where select()
   sees it.  This holds for records that are surely data: of that type (which
   in TLS 1.3 others have as well: RFC 8446, 5.2) and with a body of at least
   so many bytes. */
void sslb_transport_look_ahead_nogil(sslb_transport *transport,
                                     size_t least);

/* For this step, which is one of a handshake: the same for all records but
   alerts.  Who says goodbye before the handshake is over says nothing more in
   plain text. */
void sslb_transport_handshakes_nogil(sslb_transport *transport);

/* Whether the next that OpenSSL reads is the header of a record. */
int sslb_transport_awaits_record_nogil(const sslb_transport *transport);

/* Wait in recv() for a header, without the lock: 1 when something has arrived
   (also the end or an error), 0 where the descriptor does not block, -1 when a
   signal came.  Nobody else may read from the socket until the next step,
   which is told of the arrival when it begins. */
int sslb_transport_await_nogil(int fd, sslb_arrival *arrival);
void sslb_transport_arrived_nogil(sslb_transport *transport,
                                  const sslb_arrival *arrival);

/* How many bytes the body of the next record has, if it is such a one and its
   header was taken along; or 0. */
size_t sslb_transport_next_data_nogil(const sslb_transport *transport);

/* The descriptor, or -1 once forgotten: may be asked without the lock. */
int sslb_transport_descriptor_nogil(const sslb_transport *transport);

/* Never use the descriptor again; returns it. */
int sslb_transport_forget_nogil(sslb_transport *transport);

#endif
