/* sslb.h: the structs of the extension on one page, and the functions that
   cross files.

   Suffixes are contracts: `_nogil` may be called without the GIL and touches
   no Python object, `_locked` wants the connection's lock held.  Otherwise
   the GIL is held.  `PyObject *` is a new reference, or NULL with an
   exception set; `int` is 0, or -1 with an exception set, unless a comment
   says otherwise. */

#ifndef SSLB_H
#define SSLB_H

#include "pycompat.h"
#include "opensslcompat.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* -- structs ---------------------------------------------------------- */

/* An absolute point of the monotonic clock, in nanoseconds. */
typedef int64_t sslb_deadline;
#define SSLB_NO_DEADLINE INT64_MAX  /* wait for ever */
#define SSLB_NEVER_WAIT INT64_MIN   /* a non-blocking socket */

typedef enum {SSLB_READING, SSLB_WRITING} sslb_direction;

/* First come, first served. */
typedef struct {
    unsigned int next;          /* the ticket that the next one draws */
    unsigned int serving;
} sslb_tickets;

/* The number of a thread: 0 is nobody's, and no two threads ever have the
   same one, which a pthread_t may. */
typedef unsigned long sslb_thread;

/* What keeps the threads of one connection apart (lock.c). */
typedef struct {
    pthread_mutex_t mutex;      /* guards the fields below; never held long */
    pthread_cond_t changed;
    sslb_tickets looks;
    sslb_thread owner;
    unsigned int depth;         /* how often the owner holds it */
    sslb_tickets steps;
    sslb_thread stepper;
    sslb_thread turns[2];       /* who has it, by sslb_direction */
    sslb_thread taker;          /* who alone may read from the socket */
    unsigned int followers;     /* threads that wait for what it reads */
    unsigned int news;          /* how many steps have read something */
    unsigned int polling;       /* threads that wait for the descriptor */
    int closed;                 /* nobody waits any more */
    unsigned int fork_count;    /* of the process that initialised this */
} sslb_lock;

/* What keeps the threads of one context's handshakes from the one that
   changes it (lock.c). */
typedef struct {
    pthread_rwlock_t lock;
    unsigned int fork_count;    /* of the process that initialised this */
} sslb_guard;

/* Memory that goes from one user to the next (buffers.c). */
typedef struct {
    unsigned char *data;        /* NULL: none */
    size_t size;
} sslb_buffer;

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

/* What one SSL_* call came to, captured at once so that it outlives the
   lock, the GIL and other calls of the thread (errors.c). */
typedef struct {
    int ssl_error;              /* SSL_ERROR_* */
    int sys_errno;              /* the transport's, or 0 */
    int eof;                    /* the peer hung up without close_notify */
    long verify;                /* X509_V_* */
    unsigned long code;         /* of the error queue, or 0 */
    int of_shutdown;            /* the call was a shutdown */
} sslb_outcome;

/* A SHA-256 of what has come together so far; at first all zeros
   (parameters.c). */
typedef struct {
    unsigned char bytes[32];
} sslb_digest;

/* What a handshake verifies the peer by (verification.c). */
typedef struct {
    int mode;                   /* SSL_VERIFY_* */
    unsigned long flags;        /* X509_V_FLAG_* */
    sslb_digest trust;          /* the context's */
} sslb_checks;

/* Bytes that somebody else owns. */
typedef struct {
    const unsigned char *data;  /* NULL: none */
    size_t length;
} sslb_bytes;

/* Certificates and CRLs that were loaded together (bundle.c). */
typedef struct sslb_bundle sslb_bundle;

/* How a private key is unlocked (password.c). */
typedef struct {
    PyObject *source;           /* text, bytes, callable or None; borrowed */
    int failed;                 /* an exception is waiting */
    sslb_exception exception;
    PyThreadState *thread;      /* of who loads, without the GIL */
} sslb_password;

/* Where certificates or a key come from (source.c). */
typedef struct {
    const char *name;           /* of the argument */
    PyObject *path;             /* bytes; NULL: an object is read */
    PyObject *read;             /* its method; NULL for a path */
    unsigned char *data;        /* what it gave, or NULL */
    int length;
    char buffer[4096];          /* of a file while it is read */
} sslb_source;

/* What we show of ourselves. */
typedef struct {
    X509 *leaf;
    STACK_OF(X509) *chain;
    EVP_PKEY *key;
} sslb_identity;

/* Callbacks that decide whether a peer is accepted (judges.c): a connection
   goes by those that its context had when it was made. */
typedef struct {
    PyObject *verify;           /* or NULL */
    PyObject *ocsp;             /* or NULL */
} sslb_judges;

/* Of a certificate that was refused, for SSLError.hint (hints.c). */
typedef struct {
    X509 *leaf;                 /* or NULL */
    X509 *culprit;              /* of the chain, or NULL */
    int depth;                  /* of the culprit */
    int sent;                   /* how many certificates the peer sent */
} sslb_refusal;

/* What hints tell of a connection that failed. */
typedef struct {
    int in_handshake;
    int minimum_version;        /* 0: none, as for the next one */
    int maximum_version;
    uint64_t options;
    int security_level;
    int has_certificate;        /* of its own */
    int was_asked;              /* for it, by the server */
    sslb_refusal refusal;
} sslb_situation;

/* The lists of OpenSSL's that it tells nobody (context_ciphers.c). */
typedef enum {
    SSLB_CIPHERSUITES, SSLB_GROUPS, SSLB_CLIENT_SIGALGS, SSLB_SERVER_SIGALGS,
    SSLB_LIST_COUNT
} sslb_list;

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
    sslb_bundle *bundle;        /* of CA certificates: the first, or NULL */
    int bundle_is_lazy;         /* they get into the store when needed */
    STACK_OF(OPENSSL_STRING) *folders;  /* each capath, or NULL */
    PyObject *places;           /* list of where trust is from, or NULL */
    PyObject *ech_config_list;  /* of clients: bytes, or NULL */
    OSSL_ECHSTORE *ech_keys;    /* of servers, or NULL */
    PyObject *weakrefs;
} sslb_context;

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

typedef struct {
    PyObject_HEAD
    BIO *bio;                   /* owns the buffer */
} sslb_membio;

typedef struct {
    PyObject_HEAD
    X509 *x509;
} sslb_certificate;

typedef struct {
    PyObject_HEAD
    SSL_SESSION *session;
    sslb_context *context;      /* where it may be used again */
    sslb_checks checks;         /* that the peer has passed */
    sslb_digest parameters;     /* of contexts that may have its bytes */
    const char *stays;          /* why none may, or NULL */
} sslb_session;

/* -- errors.c --------------------------------------------------------- */

typedef struct {
    PyObject *error;
    PyObject *zero_return;
    PyObject *want_read;
    PyObject *want_write;
    PyObject *syscall;
    PyObject *eof;
    PyObject *verification;
} sslb_error_types;

extern sslb_error_types sslb_errors;

/* The functions that raise take the line of their caller, for the text: it
   tells where the error comes from. */

/* Reads and empties the thread's error queue; `rc` is what the SSL_* call
   returned.  The newest entry counts that tells a cause. */
void sslb_outcome_capture_nogil(sslb_outcome *outcome, SSL *ssl, int rc,
                                const sslb_transport *transport);

/* Whether it says that the peer hung up without a close_notify. */
int sslb_outcome_is_eof_nogil(const sslb_outcome *outcome);

/* Raise what the outcome says: SSLError or a subclass, or, for a failed
   system call, an OSError (socket.error on 2.7) with its errno. */
void sslb_outcome_raise(const sslb_outcome *outcome, PyObject *hostname,
                        int line);

/* Empties the thread's error queue, which nearly always is. */
static inline void
sslb_queue_clear_nogil(void)
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

/* Raise SSLError of the newest entry of the error queue, and empty it;
   `detail` (or NULL) is added to the text. */
void sslb_queue_raise(const char *detail, int line);

/* Raise for a file that could not be read (OSError, on 2.7 IOError, with
   errno and filename) or understood: SSLError with the library and reason of
   `code`, or of the newest entry where it is 0; the text says what is wrong
   with which file (path NULL: of what is no file `what` says all).  Empties
   the error queue. */
void sslb_file_raise(unsigned long code, PyObject *path, const char *what,
                     int line);

/* Whether the newest entry says only that there is no more PEM to read; it
   is taken off the queue then. */
int sslb_queue_take_end_of_pem_nogil(void);

/* Raise one of the classes above with a number and a text of ours. */
void sslb_error_raise(PyObject *type, int number, const char *text, int line);

/* What every setter starts with: AttributeError for `del`, whose value is
   NULL. */
int sslb_refuse_deletion(PyObject *value, const char *name);

int sslb_errors_init(PyObject *module);

/* -- files.c ---------------------------------------------------------- */

/* The bytes of a path argument, NULL for None: 0, or -1 with a TypeError that
   names the argument. */
int sslb_path_argument(PyObject *value, const char *name, PyObject **path);

/* Opens a file for reading; `identity` (or NULL) is filled with what it is.
   NULL with the error queue filled. */
struct stat;
BIO *sslb_file_open_nogil(const char *path, struct stat *identity);

/* When a file was changed. */
struct timespec sslb_file_modified(const struct stat *status);

/* -- password.c ------------------------------------------------------- */

/* A password of the wrong type is refused before any file is opened: 0, or -1
   with a TypeError.  One that is too long matters only when it is asked
   for. */
int sslb_password_check(PyObject *source);

/* Copies it to a buffer, which the caller wipes: its length, or -1 with an
   exception. */
int sslb_password_ask(sslb_password *self, char *buffer, int size);

/* OpenSSL's pem_password_cb; its argument is an sslb_password.  Runs without
   the GIL, inside the gate, and takes the GIL. */
int sslb_password_callback(char *buffer, int size, int writing,
                           void *argument);

/* Gives up bytes (or NULL) of a secret, wiped unless others have them too. */
void sslb_secret_drop(PyObject *bytes);

/* -- source.c --------------------------------------------------------- */

/* To an empty source: what `value` is, a path or an object with read(); `name`
   is the argument's.  Nothing is opened or read.  0, or -1 with a TypeError
   that names the argument. */
int sslb_source_find(sslb_source *self, PyObject *value, const char *name);

/* Calls read(), of an object: 0, or -1 with an exception, its own or one that
   names the argument.  `is_binary`: text is refused. */
int sslb_source_read(sslb_source *self, int is_binary);

/* What an object gave, as a string; NULL if there is a NUL in it, or none was
   read. */
const char *sslb_source_text_nogil(const sslb_source *self);

/* What it has, from the beginning: NULL with the error queue filled.  Nobody
   else may open the same source before the BIO is freed. */
BIO *sslb_source_open_nogil(sslb_source *self);

/* Wipes what was read and gives up the rest; an empty one too. */
void sslb_source_close(sslb_source *self);

/* The path, or the argument's name: for messages. */
const char *sslb_source_shown(const sslb_source *self);

/* sslb_file_raise() for a source. */
void sslb_source_raise(unsigned long code, const sslb_source *self,
                       const char *what, int line);

/* -- pkcs12.c --------------------------------------------------------- */

/* Reads a leaf, its key and its chain, to an empty identity: 0, or -1 with an
   exception. */
int sslb_pkcs12_read(sslb_identity *self, sslb_source *source,
                     sslb_password *password);

/* -- lock.c ----------------------------------------------------------- */

int sslb_lock_init(sslb_lock *lock);
void sslb_lock_destroy(sslb_lock *lock);

/* Make the lock usable after fork(): to be called with the GIL held before
   each acquisition. */
void sslb_lock_check_fork(sslb_lock *lock);

/* The lock is recursive and fair.  Never wait for it with the GIL held. */
void sslb_lock_acquire_nogil(sslb_lock *lock);
int sslb_lock_try(sslb_lock *lock);     /* 1 if it was free or ours */
void sslb_lock_release_nogil(sslb_lock *lock);

/* A step of an operation holds the lock, and keeps other steps away also
   while it lends the lock: for as long as a callback runs Python, so that
   others may look at the connection.  Acquiring tells whether the step may
   read from the socket; releasing, which is told whether it did, returns the
   count of such steps. */
int sslb_step_acquire_nogil(sslb_lock *lock);
unsigned int sslb_step_release_nogil(sslb_lock *lock, int took);
void sslb_step_lend_nogil(sslb_lock *lock);
void sslb_step_reclaim_nogil(sslb_lock *lock);
int sslb_step_is_mine_nogil(sslb_lock *lock);
int sslb_step_is_wanted_nogil(sslb_lock *lock);  /* does somebody wait? */

/* Handshakes share the guard, a change wants it alone.  Never wait for it
   with the GIL held; a callback must not hold it while it runs Python. */
int sslb_guard_init(sslb_guard *guard);
void sslb_guard_destroy(sslb_guard *guard);
void sslb_guard_check_fork(sslb_guard *guard);
void sslb_guard_share_nogil(sslb_guard *guard);
void sslb_guard_take_nogil(sslb_guard *guard);
void sslb_guard_release_nogil(sslb_guard *guard);

/* The turns of readers and of writers, each held for a whole operation.
   sslb_turn_try says SSLB_TURN_MINE when this thread held it before, which
   then is not to be given twice. */
typedef enum {SSLB_TURN_BUSY, SSLB_TURN_TAKEN, SSLB_TURN_MINE} sslb_turn;
sslb_turn sslb_turn_try(sslb_lock *lock, sslb_direction direction);
void sslb_turn_give(sslb_lock *lock, sslb_direction direction);

/* Wait until the turn is free or the connection closed, but not past the
   deadline; where signal handlers run, not for more than a tenth of a second.
   A non-blocking operation waits that tenth: another one does not keep the
   turn for longer. */
void sslb_turn_await_nogil(sslb_lock *lock, sslb_direction direction,
                           sslb_deadline deadline);

/* One thread at a time reads from the socket or waits for it to become
   readable; the others that want input follow it, so that no step reads what
   another thread sleeps for.  sslb_input_await_nogil() says SSLB_INPUT_MINE
   to the one that is to poll, and to tell whether there was something:
   its next step comes first then.  The others wait there until a step has
   read something since the count of `news`, or the connection is closed, or
   until the limit (where signal handlers run, a tenth of a second). */
typedef enum {SSLB_INPUT_MINE, SSLB_INPUT_NEWS, SSLB_INPUT_LATE} sslb_input;
sslb_input sslb_input_await_nogil(sslb_lock *lock, unsigned int news,
                                  sslb_deadline limit);
void sslb_input_polled_nogil(sslb_lock *lock, int ready);

/* From now on nobody waits for a turn or for what others read. */
void sslb_lock_close_nogil(sslb_lock *lock);

/* Count the threads in poll() or recv().  Who begins looks after that whether
   there is still something to wait for; who takes it away looks after that
   whether somebody waits.  sslb_polling_drain waits until there are none. */
void sslb_polling_begin_nogil(sslb_lock *lock);
void sslb_polling_end_nogil(sslb_lock *lock);
int sslb_polling_any_nogil(sslb_lock *lock);
void sslb_polling_drain_nogil(sslb_lock *lock);

/* Around whatever works with OpenSSL without the GIL: fork() waits for those
   inside.  Never wait for the GIL there, nor for a lock that is held by who
   waits for the GIL: it comes last. */
void sslb_gate_enter_nogil(void);
void sslb_gate_leave_nogil(void);

/* Before fork() and exit(), which other threads do not survive: keeps those
   out and waits, but not for long. */
void sslb_gate_close_nogil(void);

/* Whether signal handlers may run in this thread. */
int sslb_runs_handlers_nogil(void);

int sslb_lock_module_init(void);

/* -- wait.c ----------------------------------------------------------- */

/* The timeout of a socket as gettimeout() gives it (seconds, None, 0). */
int sslb_deadline_from_timeout(PyObject *timeout, sslb_deadline *deadline);
int64_t sslb_now_nogil(void);

/* Wait until the descriptor is ready for `events` (POLLIN, POLLOUT): 1 when
   ready, 0 at the deadline, -1 when a signal came. */
int sslb_wait_nogil(int fd, short events, sslb_deadline deadline);

/* -- sockets.c -------------------------------------------------------- */

/* For each interpreter that imports us: 0, or -1 with an exception. */
int sslb_sockets_module_init(void);

/* Whether it is a `socket` of the C module _socket, as this interpreter has
   it: 1 or 0, or -1 with an exception. */
int sslb_socket_check(PyObject *object);

/* What its fileno() says: 0, or -1 with an exception. */
int sslb_socket_descriptor(PyObject *socket, long *fd);

/* What its gettimeout() says: see sslb_deadline_from_timeout().  New
   reference. */
PyObject *sslb_socket_timeout(PyObject *socket);

/* -- buffers.c -------------------------------------------------------- */

/* One of at least `size` bytes; its data is NULL when out of memory. */
sslb_buffer sslb_buffer_lend_nogil(size_t size);
void sslb_buffer_take_back_nogil(sslb_buffer *buffer);  /* which may be none */

/* -- transport.c ------------------------------------------------------ */

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

/* -- membio.c --------------------------------------------------------- */

extern PyTypeObject sslb_membio_type;
int sslb_membio_module_init(void);

/* Makes room for so many bytes at once, if there is memory: for the BIO of a
   MemoryBIO. */
void sslb_membio_reserve_nogil(BIO *bio, size_t length);

/* -- x509.c ----------------------------------------------------------- */

/* The dict of getpeercert(), or the DER bytes, of a certificate. */
PyObject *sslb_x509_as_dict(X509 *x509);
PyObject *sslb_x509_as_der(X509 *x509);

/* The subject, as OpenSSL prints it in one line (RFC 2253). */
PyObject *sslb_x509_subject_as_text(X509 *x509);

/* The PEM text of a certificate, as native str. */
PyObject *sslb_x509_as_pem(X509 *x509);

/* (nid, short name, long name, OID) */
PyObject *sslb_asn1_object_as_tuple(const ASN1_OBJECT *object);

/* -- pem.c ------------------------------------------------------------ */

/* Writes the bytes of the next certificate, which are fewer than its text has
   characters, and moves behind that.  The count; 0 when there is no more PEM;
   -1 if the text has another form than the usual one. */
long sslb_pem_next_nogil(const char **text, unsigned char *der);

/* -- der.c ------------------------------------------------------------ */

/* Takes the next element off the rest, if it has that tag and its length is in
   the shortest form, of at most three bytes; an object identifier: 1 or 0. */
int sslb_der_take(sslb_bytes *rest, int tag, sslb_bytes *contents);
int sslb_der_take_id(sslb_bytes *rest, sslb_bytes *id);

/* Whether OpenSSL takes it for a certificate, surely, as long as it takes both
   names: 1 or 0. */
int sslb_der_is_certificate(sslb_bytes der, sslb_bytes *issuer,
                            sslb_bytes *subject);

/* -- name.c ----------------------------------------------------------- */

/* The number that tells a name from others: 1, or 0 when out of memory.  Of an
   encoded one also 0 if it is not of the kind that nearly all are; if it is,
   OpenSSL surely takes it for a name. */
int sslb_name_number_nogil(const X509_NAME *name, uint32_t *number);
int sslb_name_number_of_der(sslb_bytes der, uint32_t *number);

/* -- bundle.c --------------------------------------------------------- */

/* A bundle never changes for its users.  Sharing and dropping (which may be
   told NULL) want the GIL, unless nobody else has it yet. */
sslb_bundle *sslb_bundle_share(sslb_bundle *self);
void sslb_bundle_drop(sslb_bundle *self);

/* Of what OpenSSL has read, which is taken over; NULL with the error queue
   filled. */
sslb_bundle *sslb_bundle_from_entries_nogil(STACK_OF(X509_INFO) *found);

/* Of a text; NULL if it has another form than the usual one, or when out of
   memory.  The error queue may have something then. */
sslb_bundle *sslb_bundle_from_text_nogil(const char *text);

int sslb_bundle_is_empty(const sslb_bundle *self);
const sslb_digest *sslb_bundle_digest(const sslb_bundle *self);
int sslb_bundle_has_crls(const sslb_bundle *self);

/* Add all, or the certificates that have their subject in common with others:
   1, or 0 with the error queue filled.  What the store has is no error. */
int sslb_bundle_fill_store_nogil(const sslb_bundle *self, X509_STORE *store);
int sslb_bundle_add_namesakes_nogil(const sslb_bundle *self,
                                    X509_STORE *store);

/* A certificate of that subject, borrowed; NULL if there is none, or when out
   of memory. */
X509 *sslb_bundle_find_nogil(const sslb_bundle *self, const X509_NAME *name);

/* -- bundle_load.c ---------------------------------------------------- */

/* The bundle of a PEM file (a path as bytes), from the cache or read, or of
   cadata.  A reference, or NULL with an exception; it is one as well if there
   is no certificate.  The source may be an object, which is read. */
sslb_bundle *sslb_bundle_from_file(PyObject *path);
sslb_bundle *sslb_bundle_from_source(sslb_source *source);
sslb_bundle *sslb_bundle_from_data(PyObject *cadata);

/* -- certificate.c ---------------------------------------------------- */

extern PyTypeObject sslb_certificate_type;
PyObject *sslb_certificate_new(X509 *x509);

/* A list of Certificate objects, or None for NULL; the chain stays the
   caller's. */
PyObject *sslb_certificate_list(STACK_OF(X509) *chain);

/* -- parameters.c ------------------------------------------------------ */

int sslb_digest_equal_nogil(const sslb_digest *a, const sslb_digest *b);

/* Makes it the digest of itself and what follows: 1, or 0 with the error
   queue filled. */
int sslb_digest_add_nogil(sslb_digest *digest, const void *data,
                          size_t length);
void sslb_digest_make_unique(sslb_digest *digest);

/* As eight bytes, the highest first. */
void sslb_number_write_nogil(unsigned char *bytes, uint64_t number);

/* When something is set that OpenSSL does not tell: what, and its value; or
   what no other context can have. */
void sslb_settings_add(sslb_context *context, const char *name,
                       const void *data, size_t length);
void sslb_settings_make_unique(sslb_context *context);

/* Of a client whose handshake verifies by `checks`: 1, or 0 with the error
   queue filled. */
int sslb_parameters_digest_nogil(SSL *ssl, const sslb_checks *checks,
                                 const sslb_digest *settings, int checks_host,
                                 sslb_digest *result);

/* Of a connection that such a context makes now, and what it will verify
   by. */
int sslb_parameters_of_context(sslb_context *context, sslb_checks *checks,
                               sslb_digest *result);

/* -- session.c -------------------------------------------------------- */

extern PyTypeObject sslb_session_type;

/* Takes ownership of `session`, also when it fails. */
PyObject *sslb_session_new(SSL_SESSION *session, sslb_context *context,
                           sslb_checks checks, sslb_digest parameters,
                           const char *stays);

/* SSLContext.session_from_bytes() */
PyObject *sslb_session_from_bytes(PyObject *self, PyObject *data);

/* -- session_bytes.c --------------------------------------------------- */

/* The bytes of a session that contexts with these parameters may have; and
   a session of a client, new, of what may be such bytes: NULL with a
   ValueError about `data` where they are not. */
PyObject *sslb_session_bytes_write(SSL_SESSION *session,
                                   const sslb_digest *parameters);
SSL_SESSION *sslb_session_bytes_read(const unsigned char *bytes,
                                     size_t length,
                                     const sslb_digest *parameters);

/* -- ticket_keys.c ----------------------------------------------------- */

typedef struct sslb_ticket_keys sslb_ticket_keys;

PyObject *sslb_context_get_ticket_keys(PyObject *self, void *closure);
int sslb_context_set_ticket_keys(PyObject *self, PyObject *value,
                                 void *closure);

/* For a new SSL of the context. 1, or 0 with the error queue filled. */
int sslb_ticket_keys_attach(SSL *ssl, const sslb_context *context);
void sslb_ticket_keys_drop(sslb_ticket_keys *keys);     /* or NULL */
int sslb_ticket_keys_module_init(void);

/* -- client_sessions.c ------------------------------------------------- */

typedef struct sslb_client_sessions sslb_client_sessions;

PyObject *sslb_context_get_client_sessions(PyObject *self, void *closure);
int sslb_context_set_client_sessions(PyObject *self, PyObject *value,
                                     void *closure);
PyObject *sslb_share_client_sessions(PyObject *module, PyObject *number);

/* A reference to those that all new contexts of clients have, or NULL; and
   the end of a reference. */
sslb_client_sessions *sslb_client_sessions_shared(void);
void sslb_client_sessions_drop(sslb_client_sessions *cache);

/* For a client: when it is made, which changes nothing where it cannot;
   before its first step, which is offered a session; after a step, where one
   was; and at the end. */
void sslb_client_sessions_begin(sslb_connection *self);
void sslb_client_sessions_offer_locked(sslb_connection *self);
void sslb_client_sessions_settle_locked(sslb_connection *self, int failed);
void sslb_client_sessions_end(sslb_connection *self);

int sslb_client_sessions_module_init(void);

/* -- context.c and its parts: context_ciphers.c, context_load.c, trust.c - */

extern PyTypeObject sslb_context_type;

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

/* What every context starts with, as since 3.10 (bpo-43998): forward secrecy,
   authenticated or at least SHA-2, and keys of 112 bits and more. */
#define SSLB_DEFAULT_CIPHERS \
    "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:" \
    "!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"

PyObject *sslb_context_set_ciphers(PyObject *self, PyObject *args);
PyObject *sslb_context_get_ciphers(PyObject *self, PyObject *none);
PyObject *sslb_context_set_ciphersuites(PyObject *self, PyObject *names);

PyObject *sslb_context_set_ecdh_curve(PyObject *self, PyObject *name);
PyObject *sslb_context_set_groups(PyObject *self, PyObject *names);
PyObject *sslb_context_get_groups(PyObject *self, PyObject *args,
                                  PyObject *kwargs);
PyObject *sslb_context_set_client_sigalgs(PyObject *self, PyObject *names);
PyObject *sslb_context_set_server_sigalgs(PyObject *self, PyObject *names);

PyObject *sslb_context_load_cert_chain(PyObject *self, PyObject *args,
                                       PyObject *kwargs);
PyObject *sslb_context_load_pkcs12(PyObject *self, PyObject *args,
                                   PyObject *kwargs);
PyObject *sslb_context_load_dh_params(PyObject *self, PyObject *path);

PyObject *sslb_context_load_verify_locations(PyObject *self, PyObject *args,
                                             PyObject *kwargs);
PyObject *sslb_context_set_default_verify_paths(PyObject *self,
                                                PyObject *none);
PyObject *sslb_context_cert_store_stats(PyObject *self, PyObject *none);
PyObject *sslb_context_get_ca_certs(PyObject *self, PyObject *args,
                                    PyObject *kwargs);

/* When a context is gone, after its SSL_CTX. */
void sslb_ciphers_forget(sslb_context *context);
void sslb_trust_forget(sslb_context *context);
int sslb_trust_module_init(void);

/* -- context_copy.c ----------------------------------------------------- */

/* Sets all that was set on the original for a context that is new: 0, or -1
   with an exception, and then it is good for nothing.  The original's
   protocol is the new one's too. */
int sslb_context_copy(sslb_context *copy, sslb_context *original);

/* What it asks the owners of a part to do; each is told of a new context, and
   returns 0, or -1 with an exception.  But for the first two they never let go
   of the GIL, and run no Python code. */
int sslb_hints_copy(sslb_context *copy, sslb_context *original);
int sslb_trust_copy(sslb_context *copy, sslb_context *original);
int sslb_identities_copy(sslb_context *copy, sslb_context *original);
int sslb_dh_copy(sslb_context *copy, sslb_context *original);
int sslb_ciphers_copy(sslb_context *copy, sslb_context *original);
int sslb_sni_copy(sslb_context *copy, sslb_context *original);
int sslb_alpn_copy(sslb_context *copy, sslb_context *original);
int sslb_msg_copy(sslb_context *copy, sslb_context *original);
int sslb_keylog_copy(sslb_context *copy, sslb_context *original);
int sslb_psk_copy(sslb_context *copy, sslb_context *original);
int sslb_ocsp_copy(sslb_context *copy, sslb_context *original);
int sslb_ech_copy(sslb_context *copy, sslb_context *original);
int sslb_ticket_keys_copy(sslb_context *copy, sslb_context *original);
int sslb_client_sessions_copy(sslb_context *copy, sslb_context *original);

/* -- connection.c ----------------------------------------------------- */

extern PyTypeObject sslb_connection_type;
int sslb_connection_module_init(void);

/* Over a socket, or (socket NULL) over two MemoryBIOs.  The others may be
   NULL or None. */
PyObject *sslb_connection_new(sslb_context *context, PyObject *socket,
                              PyObject *incoming, PyObject *outgoing,
                              int server_side, PyObject *server_hostname,
                              PyObject *owner, PyObject *session);

/* The connection of an SSL: borrowed, alive while one of its operations
   runs.  Callbacks run in those alone. */
sslb_connection *sslb_connection_of_nogil(const SSL *ssl);

/* Hold the connection's lock around a look at its SSL. */
void sslb_connection_enter(sslb_connection *self);

/* Lets go of a socket that the connection keeps (2.7). */
void sslb_connection_give_up_socket(sslb_connection *self);

void sslb_connection_leave(sslb_connection *self);

/* -- verification.c --------------------------------------------------- */

/* A host name as A-labels, native str: what server_hostname becomes. */
PyObject *sslb_verification_encode_host(PyObject *module, PyObject *name);

/* Whether the certificate has a key that nobody may trust: 1, 0, or -1 when
   out of memory. */
int sslb_verification_distrusts_nogil(const X509 *x509);

/* When something is added to the context's trust store, with a digest of it;
   or when it verifies by what no other context can have. */
void sslb_verification_trust_grew(sslb_context *context,
                                  const sslb_digest *by);
void sslb_verification_trust_changed(sslb_context *context);

/* When a chain was verified, by the context of now. */
void sslb_verification_note_trust_locked(sslb_connection *self);

/* For a new connection: as its context wants it; then the host, if any. */
int sslb_verification_begin(sslb_connection *self);
int sslb_verification_set_host(sslb_connection *self, PyObject *argument);

/* Before and after it goes over to another context, if it is early enough for
   the handshake: it then verifies what both ask for.  First, without the lock,
   the host (bytes) that the certificate has to name from now on, or NULL for
   no change: 0, or -1 with an exception.  The last two: 1, or 0 with the error
   queue filled. */
int sslb_verification_host_to_adopt(sslb_connection *self,
                                    const sslb_context *context,
                                    PyObject **host);
int sslb_verification_can_adopt_locked(const sslb_connection *self);
int sslb_verification_adopt_locked(sslb_connection *self,
                                   const sslb_context *context,
                                   PyObject *host);
int sslb_verification_adopted_locked(sslb_connection *self);

/* Of a server: gives its sessions a name, without which none is resumed, of
   how it verifies and of a host: 1, or 0 with the error queue filled. */
int sslb_verification_name_sessions_nogil(sslb_connection *self,
                                          const unsigned char *host,
                                          size_t length);

/* Of a server that knows its context by now: whether the handshake may be
   what it is: 1, or 0 with the alert for the client. */
int sslb_verification_allows_locked(const sslb_connection *self, int *alert);

/* What the peer of the connection's session has passed. */
sslb_checks sslb_verification_of_session_locked(const sslb_connection *self);

/* Of a client: whether a full handshake would accept the session's peer, as
   far as can be known: 1, 0, or -1 with an exception. */
int sslb_verification_accepts(sslb_connection *self, SSL_SESSION *session,
                              const sslb_checks *then);

/* Whether a session of the very same parameters is good enough still. */
int sslb_verification_still_accepts_nogil(const sslb_checks *checks,
                                          SSL_SESSION *session);

/* The parameters of the connection's session: NULL, or why it has none. */
const char *sslb_verification_parameters_locked(const sslb_connection *self,
                                                sslb_digest *result);

/* -- hints.c ---------------------------------------------------------- */

/* Note what a hint may tell: a chain that was refused, the hello of a client,
   where a context's trust comes from (a path in bytes, or NULL for data). */
void sslb_hints_note_refusal_nogil(sslb_refusal *refusal,
                                   X509_STORE_CTX *attempt);
void sslb_hints_note_hello_nogil(sslb_connection *self);
void sslb_hints_note_place(sslb_context *context, PyObject *path);
void sslb_hints_forget(sslb_refusal *refusal);

/* Whether the current exception, of that outcome, is one that may have a
   hint; what there is to know of the connection, which hands over its refusal;
   and the exception, which stays, gets that.  `host` is what was verified, or
   NULL. */
int sslb_hints_are_wanted(const sslb_outcome *outcome);
void sslb_hints_look_locked(sslb_connection *self, sslb_situation *found);
void sslb_hints_explain(const sslb_connection *self, PyObject *host,
                        sslb_situation *found);

/* -- ech.c, ech_connection.c ------------------------------------------- */

/* An ECHConfigList, as it was given and as OpenSSL has it. */
typedef struct {
    PyObject *bytes;
    OSSL_ECHSTORE *store;
} sslb_ech_list;

/* Bytes of OpenSSL's; NULL for none. */
typedef struct {
    unsigned char *bytes;
    size_t length;
} sslb_ech_data;

/* Of any buffer: 0, or -1 with an exception and nothing to clear. */
int sslb_ech_list_parse(PyObject *value, sslb_ech_list *list);
void sslb_ech_list_clear(sslb_ech_list *list);

/* For a new connection: the context's keys or list. */
int sslb_ech_begin(sslb_connection *self);

/* Whether the connection may speak TLS 1.3, and what to say if not. */
#define SSLB_ECH_NEEDS_TLS13 \
    "ech_config_list needs TLS 1.3, which the context does not allow"
int sslb_ech_has_version_locked(const SSL *ssl);

/* The list is this connection's, which gives its old one for it: 1, or 0 when
   out of memory.  Only before the handshake. */
int sslb_ech_use_list_locked(sslb_connection *self, sslb_ech_list *list);

/* A word for how it went, and the name that everybody could read (to be
   freed, or NULL); NULL where OpenSSL has no ECH. */
const char *sslb_ech_status_locked(SSL *ssl, char **outer_name);

/* The name that a server is verified by which did not decrypt, in place of the
   one that it was asked for (to be freed); NULL for no other. */
void sslb_ech_fallback_locked(SSL *ssl, char **outer_name);

/* What a server that was verified would rather have had, or no bytes: 0; -1
   where OpenSSL has no ECH. */
int sslb_ech_retry_configs_locked(SSL *ssl, sslb_ech_data *configs);

/* Whether a client gave up for it; the exception, which is set and stays, gets
   what the server sent, which is freed. */
int sslb_ech_is_required(const sslb_outcome *outcome);
void sslb_ech_explain(sslb_ech_data *configs);

/* The bytes, which are freed, or None. */
PyObject *sslb_ech_data_as_bytes(sslb_ech_data *data);

PyObject *sslb_context_load_ech_keys(PyObject *self, PyObject *args,
                                     PyObject *kwargs);
PyObject *sslb_context_get_ech_config_list(PyObject *self, void *closure);
int sslb_context_set_ech_config_list(PyObject *self, PyObject *value,
                                     void *closure);
PyObject *sslb_ech_generate_keys(PyObject *module, PyObject *public_name);

/* When a context is gone. */
void sslb_ech_forget(sslb_context *context);

/* -- negotiated.c ----------------------------------------------------- */

int sslb_connection_handshake_is_done(sslb_connection *self);

PyObject *sslb_connection_peer_certificate(PyObject *self, PyObject *args);
PyObject *sslb_connection_get_verified_chain(PyObject *self, PyObject *none);
PyObject *sslb_connection_get_unverified_chain(PyObject *self,
                                               PyObject *none);
PyObject *sslb_connection_cipher(PyObject *self, PyObject *none);
PyObject *sslb_connection_shared_ciphers(PyObject *self, PyObject *none);
PyObject *sslb_connection_group(PyObject *self, PyObject *none);
PyObject *sslb_connection_client_sigalg(PyObject *self, PyObject *none);
PyObject *sslb_connection_server_sigalg(PyObject *self, PyObject *none);
PyObject *sslb_connection_version(PyObject *self, PyObject *none);
PyObject *sslb_connection_compression(PyObject *self, PyObject *none);
PyObject *sslb_connection_selected_alpn_protocol(PyObject *self,
                                                 PyObject *none);
PyObject *sslb_connection_selected_npn_protocol(PyObject *self,
                                                PyObject *none);
PyObject *sslb_connection_pending(PyObject *self, PyObject *none);
PyObject *sslb_connection_uses_ktls_for_send(PyObject *self,
                                             PyObject *none);
PyObject *sslb_connection_uses_ktls_for_recv(PyObject *self,
                                             PyObject *none);
PyObject *sslb_connection_ech_status(PyObject *self, PyObject *none);
PyObject *sslb_connection_ech_outer_name(PyObject *self, PyObject *none);
PyObject *sslb_connection_ech_retry_configs(PyObject *self, PyObject *none);
PyObject *sslb_connection_tls_unique_cb(PyObject *self, PyObject *none);
PyObject *sslb_connection_get_channel_binding(PyObject *self,
                                              PyObject *args,
                                              PyObject *kwargs);

/* -- operations.c and its parts: reading.c, writing.c ------------------- */

PyObject *sslb_connection_do_handshake(PyObject *self, PyObject *none);
PyObject *sslb_connection_shutdown(PyObject *self, PyObject *none);
PyObject *sslb_connection_verify_client(PyObject *self, PyObject *none);
PyObject *sslb_connection_close(PyObject *self, PyObject *none);
PyObject *sslb_connection_read(PyObject *self, PyObject *args);
PyObject *sslb_connection_write(PyObject *self, PyObject *data);
PyObject *sslb_connection_sendfile(PyObject *self, PyObject *args);

/* -- callbacks.c and its parts: callbacks_log.c, callbacks_psk.c ------- */

/* Whatever the context's callbacks need of a new SSL_CTX (1, or 0 with the
   error queue filled), and of an SSL that goes over to it. */
int sslb_callbacks_attach(sslb_context *context);
void sslb_callbacks_switch_locked(sslb_context *context, SSL *ssl);

/* 0, or -1 with a TypeError for what is neither None nor callable. */
int sslb_callbacks_check_sni(PyObject *callback);
int sslb_callbacks_set_sni(sslb_context *context, PyObject *callback);
int sslb_callbacks_set_alpn(sslb_context *context, PyObject *protocols);

/* Around whatever a callback does in Python: takes the GIL and lends what the
   step holds, and back. */
void sslb_callback_begin_nogil(const SSL *ssl);
void sslb_callback_end(const SSL *ssl);

/* For the callbacks themselves.  The context that an SSL belongs to now; the
   object that Python knows the connection by (NULL, without an exception, when
   it is gone); and the way out for the current exception: the operation
   raises the first one. */
sslb_context *sslb_callbacks_context_nogil(const SSL *ssl);
PyObject *sslb_callbacks_owner(const SSL *ssl);
void sslb_callbacks_keep_exception(const SSL *ssl);

/* callbacks_log.c: the message callback and the key log. */
void sslb_callbacks_switch_msg_locked(sslb_context *context, SSL *ssl);
PyObject *sslb_context_get_msg_callback(PyObject *self, void *closure);
int sslb_context_set_msg_callback(PyObject *self, PyObject *value,
                                  void *closure);
PyObject *sslb_context_get_keylog_filename(PyObject *self, void *closure);
int sslb_context_set_keylog_filename(PyObject *self, PyObject *value,
                                     void *closure);

/* callbacks_psk.c: pre-shared keys. */
void sslb_callbacks_switch_psk_locked(sslb_context *context, SSL *ssl);
PyObject *sslb_context_set_psk_client_callback(PyObject *self,
                                               PyObject *args,
                                               PyObject *kwargs);
PyObject *sslb_context_set_psk_server_callback(PyObject *self,
                                               PyObject *args,
                                               PyObject *kwargs);

/* -- judges.c --------------------------------------------------------- */

/* Of a new connection, or of one that goes over to another context.  They run
   no Python code. */
static inline sslb_judges
sslb_judges_copy(const sslb_context *context)
{
    Py_XINCREF(context->judges.verify);
    Py_XINCREF(context->judges.ocsp);
    return context->judges;
}

int sslb_judges_traverse(const sslb_judges *judges, visitproc visit,
                         void *arg);
void sslb_judges_clear(sslb_judges *judges);

/* What a setter does for one of a context's judges: AttributeError for `del`,
   TypeError for what is neither None nor callable. */
int sslb_judge_set(sslb_context *context, PyObject **judge, PyObject *value,
                   const char *name);

/* The first argument of a judge, or NULL with an exception. */
PyObject *sslb_judge_owner(const SSL *ssl);

/* What a judge has said: 1 for True, 0 for False, and -1, with the exception
   kept, for anything else.  Takes the reference, which may be NULL. */
int sslb_judge_verdict(const SSL *ssl, PyObject *result, const char *name);

/* -- callbacks_verify.c ------------------------------------------------- */

/* For a new SSL_CTX: chains are verified there from now on. */
void sslb_callbacks_verify_attach(sslb_context *context);

PyObject *sslb_context_get_verify_callback(PyObject *self, void *closure);
int sslb_context_set_verify_callback(PyObject *self, PyObject *value,
                                     void *closure);

/* -- ocsp.c ----------------------------------------------------------- */

/* For a new SSL_CTX, for an SSL that goes over to another context, and when a
   context is gone. */
void sslb_ocsp_attach(sslb_context *context);
void sslb_ocsp_switch_locked(const sslb_context *context, SSL *ssl);
void sslb_ocsp_forget(sslb_context *context);

PyObject *sslb_context_get_ocsp_staple(PyObject *self, void *closure);
int sslb_context_set_ocsp_staple(PyObject *self, PyObject *value,
                                 void *closure);
PyObject *sslb_context_get_request_ocsp(PyObject *self, void *closure);
int sslb_context_set_request_ocsp(PyObject *self, PyObject *value,
                                  void *closure);
PyObject *sslb_context_get_ocsp_callback(PyObject *self, void *closure);
int sslb_context_set_ocsp_callback(PyObject *self, PyObject *value,
                                   void *closure);
PyObject *sslb_connection_ocsp_response(PyObject *self, PyObject *none);

/* -- constants.c, functions.c ----------------------------------------- */

int sslb_constants_init(PyObject *module);
extern PyMethodDef sslb_functions[];

#endif
