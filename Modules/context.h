/* context.h: the struct of a context, its guard, and small queries.

   A thread may read the fields while it holds the GIL.  A handshake, which
   does not hold the GIL, shares the guard to read the fields that the guard
   protects.  The methods of SSLContext are in files of higher layers;
   context_type.c has the type's tables. */

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

/* Callbacks that decide whether a peer is accepted (judges.c).  A connection
   uses those that its context had when the connection was created. */
typedef struct {
    PyObject *verify;           /* or NULL */
    PyObject *ocsp;             /* or NULL */
} sslb_judges;

/* The lists of an SSL_CTX that OpenSSL cannot return (context_ciphers.c). */
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
    sslb_guard guard;           /* protects the lists, the ALPN names, the
                                   staple, the key log and `trust`: see
                                   sslb_context_take() */
    int protocol;               /* PROTOCOL_*, as passed by the program */
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
    char *ciphers;              /* as set; NULL: SSLB_DEFAULT_CIPHERS */
    char *lists[SSLB_LIST_COUNT];   /* as set; NULL: OpenSSL's default */
    int curve;                  /* NID from set_ecdh_curve(), or 0 */
    EVP_PKEY *dh;               /* parameters, or NULL */
    int has_trust;              /* something was loaded into the trust store */
    sslb_digest trust;          /* of everything that was loaded into it */
    sslb_digest settings;       /* of settings that OpenSSL cannot return: own
                                   certificates, lists of groups, ... */
    struct sslb_ticket_keys *ticket_keys;   /* NULL: OpenSSL's own keys */
    struct sslb_client_sessions *sessions;  /* NULL: keep no sessions */
    struct sslb_bundle *bundle; /* the first CA bundle, or NULL */
    int bundle_is_lazy;         /* add its certificates to the store only when
                                   needed */
    STACK_OF(OPENSSL_STRING) *folders;  /* each capath, or NULL */
    PyObject *places;           /* list of the sources of trust, or NULL */
    PyObject *ech_config_list;  /* of clients: bytes, or NULL */
    OSSL_ECHSTORE *ech_keys;    /* of servers, or NULL */
    PyObject *weakrefs;
} sslb_context;

/* Each initialisation of the module registers the type SSLContext with
   sslb_context_introduce(); sslb_context_check() tests whether an object is an
   SSLContext. */
void sslb_context_introduce(PyTypeObject *type);
int sslb_context_check(PyObject *object);

/* Makes the SSL_CTX of a new context refer to the context.  Returns 1, or 0
   with the error queue filled. */
int sslb_context_attach(sslb_context *self);

/* The current context of an SSL: borrowed, and alive while the caller holds
   the connection's lock or the GIL. */
sslb_context *sslb_context_of_nogil(const SSL *ssl);

/* Take, share and release the context's guard.  A thread takes it to change
   data that handshakes read without a lock of OpenSSL: the lists of cipher
   suites and of lookups, the ALPN names, the staple, the key log, the digest
   `trust`; a thread that only reads shares it.  The caller holds the GIL.
   sslb_context_take() and sslb_context_share() release the GIL while they
   wait, and empty the error queue; sslb_context_release() leaves the queue for
   its caller to report.  Code that holds the guard must not run Python code or
   allocate objects that the garbage collector tracks.  A thread inside a step
   must not call these functions, unless it runs a callback. */
void sslb_context_take(sslb_context *context);
void sslb_context_share(sslb_context *context);
void sslb_context_release(sslb_context *context);

/* Whether the context cannot make connections of that side. */
int sslb_context_lacks_side(const sslb_context *context, int server_side);

#endif
