/* connection.h: the struct of a connection, and small queries.

   A thread holds the connection's lock while it uses the SSL.  It holds that
   lock or the GIL while it uses the fields; each file says which.  The methods
   of _SSLSocket are in files of higher layers; connection_type.c has the
   type's tables. */

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

/* Facts about a refused certificate, for SSLError.hint (hints.c). */
typedef struct {
    X509 *leaf;                 /* or NULL */
    X509 *culprit;              /* the refused certificate, or NULL */
    int depth;                  /* of the culprit in the chain */
    int sent;                   /* count of certificates from the peer */
} sslb_refusal;

typedef struct {
    PyObject_HEAD
    SSL *ssl;
    sslb_transport *transport;  /* of the socket; NULL for MemoryBIOs */
    PyObject *socket;           /* see sslb_reference_new(); NULL for
                                   MemoryBIOs and after
                                   sslb_connection_give_up_socket() */
    PyObject *owner;            /* weak reference to the SSLSocket or
                                   SSLObject, or NULL */
    sslb_context *context;      /* the current context */
    PyObject *server_hostname;  /* text, or NULL */
    int server_side;
    sslb_checks checks;
    sslb_judges judges;
    sslb_digest settings;       /* of the context, when it became current */
    int checks_host;            /* the certificate must match the host */
    int moved;                  /* the program has set another context */
    int trusted_more;           /* the context's trust had changed since
                                   `checks` when it verified the peer */
    int knows_names;            /* a context had an SNI callback */
    int is_named;               /* the SNI callback runs */
    int makes_no_session;       /* the handshake must not create or resume a
                                   session */
    int is_too_old;             /* the version is too old for the context that
                                   the SNI callback set */
    int closed;                 /* after close(); guarded by lock */
    int has_lock;               /* lock is initialised */
    sslb_exception *kept;       /* the callbacks of the current step store
                                   their exception here; NULL outside a step */
    sslb_guard *guard;          /* that the current step shares, or NULL */
    PyThreadState *thread;      /* of the current step, for its callbacks */
    size_t handed;              /* of an unfinished write: bytes of plaintext
                                   that the kernel has ... */
    size_t ahead;               /* ... and bytes that are encrypted but not
                                   sent */
    int untold;                 /* a read met the end or an error after data:
                                   the next read reports it ... */
    sslb_outcome deferred;      /* ... and this is the error, if any */
    int alerted;                /* the peer has sent a fatal alert */
    int hung_up;                /* a call has reported that the peer closed the
                                   transport */
    int verifies_late;          /* post-handshake authentication is possible */
    int64_t asked_at;           /* time of the last write, if no read followed
                                   it; or 0 */
    unsigned char *client_ciphers;  /* cipher suites of the ClientHello, or
                                       NULL */
    size_t client_ciphers_length;
    int client_version;         /* newest version of the ClientHello, or 0 */
    sslb_refusal refusal;       /* why the peer's certificate was refused */
    PyObject *ech_config_list;  /* bytes, or NULL */
    struct sslb_client_sessions *sessions;  /* the store for this client's
                                               sessions, or NULL */
    sslb_digest kept_as;        /* the key of its sessions in the store */
    int is_kept;                /* its sessions go to the store */
    int has_session;            /* the program has set a session */
    int sought;                 /* the first step has searched the store */
    SSL_SESSION *offered;       /* the session from the store, until the
                                   handshake has ended; or NULL */
    sslb_lock lock;
    PyObject *weakrefs;
} sslb_connection;

int sslb_connection_module_init(void);

/* Makes the SSL of a new connection refer to the connection.  Returns 1, or 0
   with the error queue filled. */
int sslb_connection_attach(sslb_connection *self);

/* The connection of an SSL: borrowed, and alive while one of its operations
   runs.  OpenSSL calls callbacks only during operations. */
sslb_connection *sslb_connection_of_nogil(const SSL *ssl);

/* Acquire and release the connection's lock, to read from its SSL.  The caller
   holds the GIL; sslb_connection_enter() releases the GIL while it waits for
   another thread. */
void sslb_connection_enter(sslb_connection *self);
void sslb_connection_leave(sslb_connection *self);

/* Whether the handshake is done.  Acquires the lock itself. */
int sslb_connection_handshake_is_done(sslb_connection *self);

/* Releases a socket that the connection owns (2.7). */
void sslb_connection_give_up_socket(sslb_connection *self);

#endif
