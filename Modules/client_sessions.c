/* client_sessions.c: the sessions that clients keep to resume them.

   Owns the stores, and the choice of the session that a client gets: one from
   a connection with the same parameters (parameters.c) to the same host and
   port.  A client that gets a TLS 1.3 ticket is the only one to use it (RFC
   8446, C.4).  A TLS 1.2 session stays in the store until a server does not
   resume it.  OpenSSL delivers a session when a handshake ends or, in TLS 1.3,
   when a ticket arrives.

   A thread that holds a mutex waits for nothing, so another thread may wait
   for the mutex with the GIL held.  A thread holds a mutex only with the GIL
   or inside the gate, so fork() finds it free. */

#include "client_sessions.h"
#include "digest.h"
#include "errors.h"
#include "opensslcompat.h"
#include "pycompat_values.h"
#include "verification.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_SESSIONS 10000

/* The limit for a host and port: browsers open as many connections at once. */
#define MOST_OF_ONE 6

typedef struct {
    sslb_digest name;
    SSL_SESSION *session;
    uint64_t used;              /* the value of `now` at the last use */
} item;

struct sslb_client_sessions {
    int users;                  /* references; changed with the GIL held */
    size_t limit;
    pthread_mutex_t mutex;      /* guards the fields below */
    pid_t process;              /* the sessions belong to this process */
    uint64_t now;
    size_t count;
    item items[];               /* unordered */
};

static int ex_data_index = -1;
static sslb_client_sessions *shared = NULL;

int
sslb_client_sessions_module_init(void)
{
    if (ex_data_index < 0) {
        ex_data_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }
    if (ex_data_index < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* -- the store ---------------------------------------------------------- */

static void
remove_locked(sslb_client_sessions *self, size_t place)
{
    SSL_SESSION_free(self->items[place].session);
    self->items[place] = self->items[--self->count];
}

/* Empties the store in a child of fork(): parent and child must not use the
   same ticket. */
static void
store_enter(sslb_client_sessions *self)
{
    pid_t process = getpid();

    pthread_mutex_lock(&self->mutex);
    while (self->process != process && self->count > 0) {
        remove_locked(self, 0);
    }
    self->process = process;
}

static void
store_leave(sslb_client_sessions *self)
{
    pthread_mutex_unlock(&self->mutex);
}

static sslb_client_sessions *
store_new(size_t limit)
{
    sslb_client_sessions *self = OPENSSL_zalloc(
        sizeof(*self) + limit * sizeof(self->items[0]));

    if (self == NULL || pthread_mutex_init(&self->mutex, NULL) != 0) {
        OPENSSL_free(self);
        ERR_clear_error();
        PyErr_NoMemory();
        return NULL;
    }
    self->users = 1;
    self->limit = limit;
    self->process = getpid();
    return self;
}

static sslb_client_sessions *
store_share(sslb_client_sessions *self)
{
    if (self != NULL) {
        self->users++;
    }
    return self;
}

void
sslb_client_sessions_drop(sslb_client_sessions *self)
{
    if (self == NULL || --self->users > 0) {
        return;
    }
    while (self->count > 0) {
        remove_locked(self, 0);
    }
    pthread_mutex_destroy(&self->mutex);
    OPENSSL_free(self);
}

static int
is_expired(const SSL_SESSION *session)
{
    return (int64_t)SSL_SESSION_get_time_ex(session)
        + SSL_SESSION_get_timeout(session) < (int64_t)time(NULL);
}

/* Returns the index of the newest or the oldest session of that name, or of
   all sessions if `name` is NULL; `count` if there is none. */
static size_t
find_locked(const sslb_client_sessions *self, const sslb_digest *name,
            int newest)
{
    size_t i, found = self->count;

    for (i = 0; i < self->count; i++) {
        if ((name == NULL
             || sslb_digest_equal_nogil(&self->items[i].name, name))
            && (found == self->count
                || (self->items[i].used > self->items[found].used)
                    == newest)) {
            found = i;
        }
    }
    return found;
}

static size_t
count_locked(const sslb_client_sessions *self, const sslb_digest *name)
{
    size_t i, count = 0;

    for (i = 0; i < self->count; i++) {
        count += (size_t)sslb_digest_equal_nogil(&self->items[i].name, name);
    }
    return count;
}

/* Consumes the reference to the session. */
static void
store_put(sslb_client_sessions *self, const sslb_digest *name,
          SSL_SESSION *session)
{
    store_enter(self);
    if (count_locked(self, name) == MOST_OF_ONE) {
        remove_locked(self, find_locked(self, name, 0));
    }
    else if (self->count == self->limit) {
        remove_locked(self, find_locked(self, NULL, 0));
    }
    self->items[self->count].name = *name;
    self->items[self->count].session = session;
    self->items[self->count].used = ++self->now;
    self->count++;
    store_leave(self);
}

/* Returns a reference to the newest session of that name, or NULL.  Removes a
   TLS 1.3 session from the store. */
static SSL_SESSION *
store_take(sslb_client_sessions *self, const sslb_digest *name)
{
    SSL_SESSION *session = NULL;
    size_t place;

    store_enter(self);
    place = find_locked(self, name, 1);
    while (place < self->count && is_expired(self->items[place].session)) {
        remove_locked(self, place);
        place = find_locked(self, name, 1);
    }
    if (place < self->count) {
        session = self->items[place].session;
        SSL_SESSION_up_ref(session);
        self->items[place].used = ++self->now;
        if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION) {
            remove_locked(self, place);
        }
    }
    store_leave(self);
    return session;
}

static void
store_forget(sslb_client_sessions *self, const SSL_SESSION *session)
{
    size_t i;

    store_enter(self);
    for (i = 0; i < self->count && self->items[i].session != session; i++) {
    }
    if (i < self->count) {
        remove_locked(self, i);
    }
    store_leave(self);
}

/* -- a connection ------------------------------------------------------- */

/* Stores a copy: a connection that fails makes its own session unusable. */
static void
keep_locked(sslb_connection *self, SSL_SESSION *session)
{
    SSL_SESSION *copy;

    if (self->moved || self->trusted_more || !self->is_kept
        || !SSL_SESSION_is_resumable(session)) {
        return;
    }
    copy = SSL_SESSION_dup(session);
    if (copy != NULL) {
        store_put(self->sessions, &self->kept_as, copy);
    }
    else {
        ERR_clear_error();
    }
}

/* OpenSSL calls this for each new session.  Returns 0: OpenSSL keeps its
   reference. */
static int
session_callback(SSL *ssl, SSL_SESSION *session)
{
    sslb_connection *self = SSL_get_ex_data(ssl, ex_data_index);

    if (self != NULL) {
        keep_locked(self, session);
    }
    return 0;
}

/* Makes OpenSSL call session_callback().  Disables OpenSSL's own store, which
   would hold up to 20,000 sessions that nothing uses.  A server of the same
   context then resumes sessions only from tickets. */
static void
ask_for_sessions(SSL_CTX *ctx)
{
    long modes = SSL_CTX_get_session_cache_mode(ctx);
    long wanted = modes | SSL_SESS_CACHE_CLIENT
        | SSL_SESS_CACHE_NO_INTERNAL_STORE;

    if (modes != wanted || SSL_CTX_sess_get_new_cb(ctx) != session_callback) {
        SSL_CTX_sess_set_new_cb(ctx, session_callback);
        SSL_CTX_set_session_cache_mode(ctx, wanted);
    }
}

void
sslb_client_sessions_begin(sslb_connection *self)
{
    PyObject *host = NULL;
    int ok = 1;

    if (self->context->sessions == NULL) {
        return;
    }
    if (self->server_hostname != NULL) {
        host = sslb_text_encode(self->server_hostname, "ascii");
        ok = host != NULL
            && sslb_digest_add_nogil(&self->kept_as, PyBytes_AS_STRING(host),
                                     (size_t)PyBytes_GET_SIZE(host));
        Py_XDECREF(host);
    }
    if (ok && SSL_set_ex_data(self->ssl, ex_data_index, self)) {
        ask_for_sessions(self->context->ctx);
        self->sessions = store_share(self->context->sessions);
    }
    PyErr_Clear();
    ERR_clear_error();
}

/* Adds the peer's port to the name, and the IP address if the connection has
   no host name; for another address family, the whole address.  1 or 0. */
static int
name_by_address(sslb_connection *self)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    sslb_digest *name = &self->kept_as;
    const struct sockaddr_in *four = (struct sockaddr_in *)&address;
    const struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
    int has_host = self->server_hostname != NULL;

    if (self->transport == NULL) {
        return has_host;
    }
    memset(&address, 0, sizeof(address));
    if (getpeername(self->transport->fd, (struct sockaddr *)&address,
                    &length) != 0) {
        return 0;
    }
    switch (address.ss_family) {
    case AF_INET:
        return sslb_digest_add_nogil(name, &four->sin_port,
                                     sizeof(four->sin_port))
            && (has_host
                || sslb_digest_add_nogil(name, &four->sin_addr,
                                         sizeof(four->sin_addr)));
    case AF_INET6:
        return sslb_digest_add_nogil(name, &six->sin6_port,
                                     sizeof(six->sin6_port))
            && (has_host
                || sslb_digest_add_nogil(name, &six->sin6_addr,
                                         sizeof(six->sin6_addr)));
    default:
        return sslb_digest_add_nogil(name, &address, length);
    }
}

static int
name_locked(sslb_connection *self)
{
    sslb_digest parameters;

    return !self->moved
        && name_by_address(self)
        && sslb_verification_parameters_locked(self, &parameters) == NULL
        && sslb_digest_add_nogil(&self->kept_as, parameters.bytes,
                                 sizeof(parameters.bytes));
}

/* Offers a copy: a connection that fails makes its own session unusable. */
static void
offer_locked(sslb_connection *self, SSL_SESSION *session)
{
    SSL_SESSION *copy = NULL;

    if (sslb_verification_still_accepts_nogil(&self->checks, session)) {
        copy = SSL_SESSION_dup(session);
    }
    if (copy == NULL || !SSL_set_session(self->ssl, copy)) {
        store_forget(self->sessions, session);
        SSL_SESSION_free(session);
    }
    else {
        self->offered = session;
    }
    SSL_SESSION_free(copy);
}

void
sslb_client_sessions_offer_locked(sslb_connection *self)
{
    SSL_SESSION *session = NULL;

    self->sought = 1;
    self->is_kept = SSL_in_before(self->ssl) && name_locked(self);
    if (self->is_kept && !self->has_session) {
        session = store_take(self->sessions, &self->kept_as);
    }
    if (session != NULL) {
        offer_locked(self, session);
    }
    ERR_clear_error();
}

/* A server may renew a ticket when it resumes a TLS 1.2 session; OpenSSL does
   not call session_callback() then. */
void
sslb_client_sessions_settle_locked(sslb_connection *self, int failed)
{
    SSL_SESSION *offered = self->offered;
    int is_done = SSL_is_init_finished(self->ssl);
    int is_reused = is_done && SSL_session_reused(self->ssl);

    if (!is_done && !failed) {
        return;
    }
    self->offered = NULL;
    if (!is_reused || SSL_version(self->ssl) < TLS1_3_VERSION) {
        store_forget(self->sessions, offered);
    }
    if (is_reused && SSL_version(self->ssl) < TLS1_3_VERSION) {
        keep_locked(self, SSL_get_session(self->ssl));
    }
    SSL_SESSION_free(offered);
}

void
sslb_client_sessions_end(sslb_connection *self)
{
    if (self->sessions == NULL) {
        return;
    }
    if (self->offered != NULL) {
        store_forget(self->sessions, self->offered);
        SSL_SESSION_free(self->offered);
    }
    (void)SSL_set_ex_data(self->ssl, ex_data_index, NULL);
    sslb_client_sessions_drop(self->sessions);
}

/* -- settings ----------------------------------------------------------- */

sslb_client_sessions *
sslb_client_sessions_shared(void)
{
    return store_share(shared);
}

/* Reads a number of sessions: 0, or -1 with TypeError, OverflowError or
   ValueError. */
static int
read_limit(PyObject *value, int *limit)
{
    if (sslb_int_as_int(value, limit) < 0) {
        return -1;
    }
    if (*limit < 0 || *limit > MOST_SESSIONS) {
        PyErr_Format(PyExc_ValueError,
                     "client_sessions must be 0 to %d, not %d", MOST_SESSIONS,
                     *limit);
        return -1;
    }
    return 0;
}

/* Replaces the store in `*place` with a new one, or with none for a limit of
   0: 0, or -1 with an exception. */
static int
replace(sslb_client_sessions **place, int limit)
{
    sslb_client_sessions *fresh = NULL, *old = *place;

    if (limit > 0 && (fresh = store_new((size_t)limit)) == NULL) {
        return -1;
    }
    *place = fresh;
    sslb_client_sessions_drop(old);
    return 0;
}

PyObject *
sslb_share_client_sessions(PyObject *module, PyObject *number)
{
    int limit;

    (void)module;
    if (read_limit(number, &limit) < 0 || replace(&shared, limit) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *
sslb_context_get_client_sessions(PyObject *self, void *closure)
{
    const sslb_client_sessions *sessions = ((sslb_context *)self)->sessions;

    (void)closure;
    return sslb_int_new(sessions != NULL ? (long)sessions->limit : 0);
}

int
sslb_context_set_client_sessions(PyObject *self, PyObject *value,
                                 void *closure)
{
    sslb_context *context = (sslb_context *)self;
    int limit;

    (void)closure;
    if (sslb_refuse_deletion(value, "client_sessions") < 0
        || read_limit(value, &limit) < 0) {
        return -1;
    }
    if (limit > 0
        && SSL_CTX_get_ssl_method(context->ctx) == TLS_server_method()) {
        PyErr_SetString(PyExc_ValueError, "client_sessions cannot be set on "
                        "a server's SSLContext");
        return -1;
    }
    return replace(&context->sessions, limit);
}

/* The copy gets its own store, so that the two contexts share no session,
   unless the original uses the store that all contexts share. */
int
sslb_client_sessions_copy(sslb_context *copy, sslb_context *original)
{
    sslb_client_sessions *old = copy->sessions, *found = original->sessions;

    if (found != NULL && found != shared) {
        found = store_new(found->limit);
        if (found == NULL) {
            return -1;
        }
    }
    else {
        store_share(found);
    }
    copy->sessions = found;
    sslb_client_sessions_drop(old);
    return 0;
}
