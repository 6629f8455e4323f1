/* context.h: what a context is: the struct, and the small questions that
   are asked of it.

   Whoever holds the GIL may read the fields; a handshake, which does not hold
   it, shares the guard to read those that the guard keeps.  The methods of
   SSLContext are in the rooms above, its tables in context_type.c. */

#ifndef SSLB_CONTEXT_H
#define SSLB_CONTEXT_H

#include "pycompat.h"
#include "digest.h"
#include "lock.h"
#include "opensslcompat.h"

/* The numbers of the PROTOCOL_* constants; SSLv2 and SSLv3 are gone. */
enum {
    SSLB_PROTOCOL_TLS = 2,
    SSLB_PROTOCOL_TLSV1 = 3,
    SSLB_PROTOCOL_TLSV1_1 = 4,
    SSLB_PROTOCOL_TLSV1_2 = 5,
    SSLB_PROTOCOL_TLS_CLIENT = 16,
    SSLB_PROTOCOL_TLS_SERVER = 17,
};

/* Callbacks that decide whether a peer is accepted (judges.c): a connection
   goes by those that its context had when it was made. */
typedef struct {
    PyObject *verify;           /* or NULL */
    PyObject *ocsp;             /* or NULL */
} sslb_judges;

/* The lists of OpenSSL's that it tells nobody (context_ciphers.c). */
typedef enum {
    SSLB_CIPHERSUITES, SSLB_GROUPS, SSLB_CLIENT_SIGALGS, SSLB_SERVER_SIGALGS,
    SSLB_LIST_COUNT
} sslb_list;

struct sslb_bundle;
struct sslb_client_sessions;
struct sslb_ticket_keys;

typedef struct sslb_context {
    PyObject_HEAD
    SSL_CTX *ctx;
    sslb_guard guard;           /* of its lists, the ALPN names, the staple
                                   and the key log: see
                                   sslb_context_take() */
    int protocol;               /* PROTOCOL_* as given */
    int check_hostname;
    int post_handshake_auth;
    unsigned int host_flags;    /* X509_CHECK_FLAG_* */
    PyObject *sni_callback;     /* or NULL */
    PyObject *msg_callback;     /* or NULL */
    PyObject *psk_client_callback;  /* or NULL */
    PyObject *psk_server_callback;  /* or NULL */
    sslb_judges judges;
    PyObject *psk_hint;         /* bytes, or NULL */
    PyObject *keylog_filename;  /* or NULL */
    int keylog_fd;              /* or -1 */
    unsigned char *alpn;        /* wire format, or NULL */
    unsigned int alpn_length;
    unsigned char *ocsp_staple; /* DER, or NULL */
    size_t ocsp_staple_length;
    char *ciphers;              /* as set; NULL for the default ones */
    char *lists[SSLB_LIST_COUNT];   /* as set; NULL for OpenSSL's own */
    int curve;                  /* set in place of groups, or 0 */
    EVP_PKEY *dh;               /* parameters, or NULL */
    int has_trust;              /* something was loaded into the store */
    sslb_digest trust;          /* of all that was loaded into it */
    sslb_digest settings;       /* of what OpenSSL does not tell: our own
                                   certificates, lists of groups, ... */
    struct sslb_ticket_keys *ticket_keys;   /* or NULL: OpenSSL's own */
    struct sslb_client_sessions *sessions;  /* or NULL: none are kept */
    struct sslb_bundle *bundle; /* of CA certificates: the first, or NULL */
    int bundle_is_lazy;         /* they get into the store when needed */
    STACK_OF(OPENSSL_STRING) *folders;  /* each capath, or NULL */
    PyObject *places;           /* list of where trust is from, or NULL */
    PyObject *ech_config_list;  /* of clients: bytes, or NULL */
    OSSL_ECHSTORE *ech_keys;    /* of servers, or NULL */
    PyObject *weakrefs;
} sslb_context;

/* Makes the type known, once; and whether an object is an SSLContext. */
void sslb_context_introduce(PyTypeObject *type);
int sslb_context_check(PyObject *object);

/* For a new context: its SSL_CTX knows it from now on.  1, or 0 with the error
   queue filled. */
int sslb_context_attach(sslb_context *self);

/* The context that an SSL belongs to now: borrowed, alive while the
   connection's lock or the GIL is held. */
sslb_context *sslb_context_of_nogil(const SSL *ssl);

/* Around a change of what handshakes look at without a lock of OpenSSL's: the
   lists of cipher suites and of lookups, the ALPN names, the staple, the key
   log.  The error queue is empty at first.  Nothing in between may run Python
   code or allocate what the garbage collector knows.  Not for a step's own
   thread, unless it runs a callback.  Who only looks shares the context. */
void sslb_context_take(sslb_context *context);
void sslb_context_share(sslb_context *context);
void sslb_context_release(sslb_context *context);

/* Whether it is a context for clients (servers) only, when asked about
   servers (clients). */
int sslb_context_lacks_side(const sslb_context *context, int server_side);

#endif
