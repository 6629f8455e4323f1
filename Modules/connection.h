/* connection.h: what a connection is: the struct, and the small questions
   that are asked of it.

   Whoever uses the SSL holds the connection's lock; the fields are for who
   holds that or the GIL, as each room says.  The methods of _SSLSocket are in
   the rooms above, its tables in connection_type.c. */

#ifndef SSLB_CONNECTION_H
#define SSLB_CONNECTION_H

#include "pycompat.h"
#include "context.h"
#include "digest.h"
#include "errors.h"
#include "lock.h"
#include "opensslcompat.h"
#include "parameters.h"
#include "transport.h"

#include <stdint.h>

/* Of a certificate that was refused, for SSLError.hint (hints.c). */
typedef struct {
    X509 *leaf;                 /* or NULL */
    X509 *culprit;              /* of the chain, or NULL */
    int depth;                  /* of the culprit */
    int sent;                   /* how many certificates the peer sent */
} sslb_refusal;

typedef struct {
    PyObject_HEAD
    SSL *ssl;
    sslb_transport *transport;  /* of the socket; NULL over MemoryBIOs */
    PyObject *socket;           /* sslb_reference; NULL over MemoryBIOs, and
                                   where a strong one was given up */
    PyObject *owner;            /* weak reference, or NULL */
    sslb_context *context;      /* the one in use */
    PyObject *server_hostname;  /* text, or NULL */
    int server_side;
    sslb_checks checks;
    sslb_judges judges;
    sslb_digest settings;       /* of the context, when this was made */
    int checks_host;            /* the certificate must name the host */
    int moved;                  /* it went over to another context */
    int trusted_more;           /* the peer was verified by another trust than
                                   that of `checks` */
    int knows_names;            /* a callback is told what host is wanted */
    int is_named;               /* that callback runs */
    int makes_no_session;       /* and none must have been resumed */
    int is_too_old;             /* the version, for the host's context */
    int closed;                 /* forgotten by close(); guarded by lock */
    int has_lock;               /* lock is initialised */
    sslb_exception *kept;       /* where the callbacks of a step that runs
                                   leave their exception; NULL without one */
    sslb_guard *guard;          /* that the step holds, or NULL */
    PyThreadState *thread;      /* of the step, for its callbacks */
    size_t handed;              /* of an unfinished write, to the kernel ... */
    size_t ahead;               /* ... and encrypted, but not handed over */
    int untold;                 /* the end was met behind data ... */
    sslb_outcome deferred;      /* ... and was this, unless in good order */
    int alerted;                /* by a fatal alert of the peer's */
    int hung_up;                /* the peer did, and a call has told so */
    int verifies_late;          /* certificates come after the handshake */
    int64_t asked_at;           /* the time of a write that no read followed
                                   yet, or 0 */
    unsigned char *client_ciphers;  /* suites of the ClientHello, or NULL */
    size_t client_ciphers_length;
    int client_version;         /* the newest of the ClientHello, or 0 */
    sslb_refusal refusal;       /* of the peer's certificate */
    PyObject *ech_config_list;  /* bytes, or NULL */
    struct sslb_client_sessions *sessions;  /* that keeps this client's, or
                                               NULL */
    sslb_digest kept_as;        /* ... under this name ... */
    int is_kept;                /* ... from its first step on, if it can */
    int has_session;            /* one was given */
    int sought;                 /* one was looked for there ... */
    SSL_SESSION *offered;       /* ... and found, until it is known how that
                                   went; or NULL */
    sslb_lock lock;
    PyObject *weakrefs;
} sslb_connection;

int sslb_connection_module_init(void);

/* For a new connection: its SSL knows it from now on.  1, or 0 with the error
   queue filled. */
int sslb_connection_attach(sslb_connection *self);

/* The connection of an SSL: borrowed, alive while one of its operations
   runs.  Callbacks run in those alone. */
sslb_connection *sslb_connection_of_nogil(const SSL *ssl);

/* Hold the connection's lock around a look at its SSL.  Called with the GIL,
   which is let go where somebody else has the lock. */
void sslb_connection_enter(sslb_connection *self);
void sslb_connection_leave(sslb_connection *self);

/* Takes the lock by itself. */
int sslb_connection_handshake_is_done(sslb_connection *self);

/* Lets go of a socket that the connection keeps (2.7). */
void sslb_connection_give_up_socket(sslb_connection *self);

#endif
