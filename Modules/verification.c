/* verification.c: how a connection verifies its peer: the host name, the
   verify mode, the flags and the trust store.

   A full handshake verifies the peer.  A resumed handshake relies on the
   checks that were made when its session was created.  This file ensures that
   resumption accepts no peer that a full handshake would reject: a connection
   resumes only a session with the same checks.  This file also rejects the
   keys of distrusted.h. */

#include "verification.h"
#include "errors.h"
#include "host.h"
#include "pycompat_values.h"
#include "distrusted.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

/* Flags that make OpenSSL accept more certificates. */
#define LENIENT_FLAGS \
    (X509_V_FLAG_USE_CHECK_TIME | X509_V_FLAG_IGNORE_CRITICAL \
     | X509_V_FLAG_ALLOW_PROXY_CERTS | X509_V_FLAG_PARTIAL_CHAIN \
     | X509_V_FLAG_NO_CHECK_TIME)
#define LENIENT_HOST_FLAGS \
    (X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT \
     | X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS)

/* -- the name of the peer --------------------------------------------- */

/* Makes OpenSSL verify the certificate for that host: 1 or 0.  If OpenSSL 4.0
   rejects the name itself, it leaves the error queue empty. */
static int
check_for_host(sslb_connection *self, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(self->ssl);
    int ok = sslb_host_is_address(name)
        ? X509_VERIFY_PARAM_set1_ip_asc(param, name)
        : X509_VERIFY_PARAM_set1_host(param, name, strlen(name));

    self->checks_host |= ok;
    return ok;
}

/* Sends the host in server_name, and makes OpenSSL verify the host if
   check_hostname is set: 0, or -1 with an exception.  RFC 6066 allows no
   addresses in server_name. */
static int
use_host(sslb_connection *self, const char *name)
{
    ERR_clear_error();
    if ((!sslb_host_is_address(name)
         && !SSL_set_tlsext_host_name(self->ssl, name))
        || (self->context->check_hostname && !check_for_host(self, name))) {
#ifdef SSLB_HAVE_CHECKED_HOST
        if (ERR_peek_error() == 0) {
            return sslb_host_refuse();
        }
#endif
        sslb_queue_raise("server_hostname", __LINE__);
        return -1;
    }
    return 0;
}

int
sslb_verification_set_host(sslb_connection *self, PyObject *argument)
{
    PyObject *host = sslb_host_as_ascii(argument);
    int rc = -1;

    if (host == NULL) {
        return -1;
    }
    if (sslb_host_check(host) == 0
        && use_host(self, PyBytes_AS_STRING(host)) == 0) {
        self->server_hostname = sslb_text_new(PyBytes_AS_STRING(host),
                                              PyBytes_GET_SIZE(host));
        rc = self->server_hostname != NULL ? 0 : -1;
    }
    Py_DECREF(host);
    return rc;
}

/* -- distrusted keys --------------------------------------------------- */

int
sslb_verification_distrusts_nogil(const X509 *x509)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
    int ok = length > 0
        && EVP_Digest(der, (size_t)length, digest, NULL, EVP_sha256(), NULL);
    size_t i;

    OPENSSL_free(der);
    for (i = 0; ok && i < sizeof(distrusted_keys) / sizeof(distrusted_keys[0]);
         i++) {
        if (memcmp(digest, distrusted_keys[i],
                   sizeof(distrusted_keys[0])) == 0) {
            return 1;
        }
    }
    return ok ? 0 : -1;
}

/* -- the checks of a handshake ----------------------------------------- */

/* If the context's trust has changed since the connection was created, the new
   trust may have accepted the peer, but `checks` has the old trust.  Then no
   connection that verifies may resume the session; a server's session gets an
   ID context that no connection has. */
void
sslb_verification_note_trust_locked(sslb_connection *self)
{
    SSL_SESSION *session = SSL_get_session(self->ssl);
    sslb_digest nobody = {{0}};

    if (sslb_digest_equal_nogil(&self->checks.trust, &self->context->trust)) {
        return;
    }
    self->trusted_more = 1;
    if (self->server_side && session != NULL) {
        sslb_digest_make_unique_nogil(&nobody);
        SSL_SESSION_set1_id_context(session, nobody.bytes,
                                    sizeof(nobody.bytes));
    }
}

static void
note_checks(sslb_connection *self)
{
    self->checks.mode = SSL_get_verify_mode(self->ssl);
    self->checks.flags =
        X509_VERIFY_PARAM_get_flags(SSL_get0_param(self->ssl));
    self->checks.trust = self->context->trust;
    if (!self->server_side
        && (self->judges.verify != NULL || self->judges.ocsp != NULL)) {
        self->checks.mode |= SSL_VERIFY_PEER;   /* the callbacks decide even
                                                   with CERT_NONE */
    }
    self->settings = self->context->settings;
    self->knows_names |= self->context->sni_callback != NULL;
}

/* A server requests a certificate only if its verify mode includes
   SSL_VERIFY_PEER.  On a client the attribute must not switch verification on
   (bpo-37428). */
static void
use_post_handshake_auth(sslb_connection *self)
{
    int mode = SSL_get_verify_mode(self->ssl);

    self->verifies_late = 1;
    if (!self->server_side) {
        SSL_set_post_handshake_auth(self->ssl, 1);
    }
    else if (mode & SSL_VERIFY_PEER) {
        SSL_set_verify(self->ssl, mode | SSL_VERIFY_POST_HANDSHAKE, NULL);
    }
}

int
sslb_verification_begin(sslb_connection *self)
{
    X509_VERIFY_PARAM_set_hostflags(SSL_get0_param(self->ssl),
                                    self->context->host_flags);
    if (self->context->post_handshake_auth) {
        use_post_handshake_auth(self);
    }
    note_checks(self);
    if (self->server_side
        && !sslb_verification_name_sessions_nogil(self, NULL, 0)) {
        sslb_queue_raise("session id context", __LINE__);
        return -1;
    }
    return 0;
}

/* -- another context --------------------------------------------------- */

int
sslb_verification_host_to_adopt(sslb_connection *self,
                                const sslb_context *context, PyObject **host)
{
    int adopts;

    *host = NULL;
    if (self->server_side || self->checks_host || !context->check_hostname) {
        return 0;
    }
    sslb_connection_enter(self);
    adopts = sslb_verification_can_adopt_locked(self);
    sslb_connection_leave(self);
    if (!adopts) {
        return 0;
    }
    if (self->server_hostname == NULL) {
        PyErr_SetString(PyExc_ValueError,
                        "check_hostname requires server_hostname");
        return -1;
    }
    *host = sslb_text_encode(self->server_hostname, "ascii");
    return *host != NULL ? 0 : -1;
}

/* Removes the previous context's request for a certificate after the
   handshake, unless the new context makes such a request, too. */
static void
adopt_mode(sslb_connection *self, const sslb_context *context)
{
    int mode = SSL_get_verify_mode(self->ssl);
    int asked = SSL_CTX_get_verify_mode(context->ctx);

    if (asked & SSL_VERIFY_PEER) {
        if (!context->post_handshake_auth) {
            mode &= ~SSL_VERIFY_POST_HANDSHAKE;
        }
        SSL_set_verify(self->ssl, mode | asked, NULL);
    }
}

static void
adopt_flags(sslb_connection *self, const sslb_context *context)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(self->ssl);
    unsigned long flags = X509_VERIFY_PARAM_get_flags(
        SSL_CTX_get0_param(context->ctx));
    unsigned int host_flags = X509_VERIFY_PARAM_get_hostflags(param);

    X509_VERIFY_PARAM_set_flags(param, flags & ~LENIENT_FLAGS);
    X509_VERIFY_PARAM_set_hostflags(
        param, host_flags | (context->host_flags & ~LENIENT_HOST_FLAGS));
}

/* The oldest version that the context allows, as TLS1_2_VERSION. */
static int
oldest_version(SSL_CTX *ctx)
{
    static const struct {
        int version;
        unsigned long no;       /* the option that disables it */
    } versions[] = {
        {TLS1_VERSION, SSL_OP_NO_TLSv1},
        {TLS1_1_VERSION, SSL_OP_NO_TLSv1_1},
        {TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
    };
    int minimum = SSL_CTX_get_min_proto_version(ctx);
    size_t i;

    for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (versions[i].version >= minimum
            && !(SSL_CTX_get_options(ctx) & versions[i].no)) {
            return versions[i].version;
        }
    }
    return TLS1_3_VERSION;
}

/* A switch replaces the ciphers and the security level but not the version
   bounds.  A version below the new context's minimum must not use ciphers that
   the context allows for newer versions.  When the SNI callback runs, OpenSSL
   has already chosen the version. */
static int
adopt_version(sslb_connection *self, const sslb_context *context)
{
    int oldest = oldest_version(context->ctx);

    if (self->is_named) {
        self->is_too_old |= SSL_version(self->ssl) < oldest;
        return 1;
    }
    return SSL_get_min_proto_version(self->ssl) >= oldest
        || SSL_set_min_proto_version(self->ssl, oldest);
}

/* Returns 1: no session.  OpenSSL looks up a session before the SNI callback
   chooses the context, so the session may lack the checks of that context. */
static int
no_session(SSL *ssl, int forward_secure)
{
    (void)ssl;
    (void)forward_secure;
    return 1;
}

int
sslb_verification_can_adopt_locked(const sslb_connection *self)
{
    return SSL_in_before(self->ssl) || self->is_named;
}

int
sslb_verification_adopt_locked(sslb_connection *self,
                               const sslb_context *context, PyObject *host)
{
    adopt_mode(self, context);
    adopt_flags(self, context);
    return adopt_version(self, context)
        && (host == NULL || check_for_host(self, PyBytes_AS_STRING(host)));
}

int
sslb_verification_adopted_locked(sslb_connection *self)
{
    note_checks(self);
    if (self->is_named) {
        if (self->checks.mode & SSL_VERIFY_PEER) {
            self->makes_no_session = 1;
            SSL_set_num_tickets(self->ssl, 0);
            SSL_set_not_resumable_session_callback(self->ssl, no_session);
        }
        return 1;
    }
    return self->server_side
        ? sslb_verification_name_sessions_nogil(self, NULL, 0)
        : SSL_set_session(self->ssl, NULL);
}

/* -- sessions ---------------------------------------------------------- */

/* A server resumes a session only on a connection with the same checks, the
   same security level, and pre-shared keys enabled or not as before; with an
   SNI callback also only for the same host (RFC 6066, 3).  Processes with the
   same settings compute the same ID context, so that they can share
   ticket_keys.  Without an ID context OpenSSL refuses to resume a session on a
   connection that verifies: SSL_CTX_set_session_id_context(3).  A client must
   not have one: the session of a pre-shared key has none, and the two must be
   equal. */
int
sslb_verification_name_sessions_nogil(sslb_connection *self,
                                      const unsigned char *host,
                                      size_t length)
{
    static const sslb_checks none;
    const sslb_checks *checks = self->checks.mode & SSL_VERIFY_PEER
        ? &self->checks : &none;
    sslb_digest name = checks->trust;
    unsigned char numbers[4 * 8];

    sslb_number_write_nogil(numbers, (uint64_t)checks->mode);
    sslb_number_write_nogil(numbers + 8, checks->flags);
    sslb_number_write_nogil(numbers + 16,
                            self->context->psk_server_callback != NULL);
    sslb_number_write_nogil(numbers + 24,
                            (uint64_t)SSL_get_security_level(self->ssl));
    return sslb_digest_add_nogil(&name, numbers, sizeof(numbers))
        && (length == 0 || sslb_digest_add_nogil(&name, host, length))
        && SSL_set_session_id_context(self->ssl, name.bytes,
                                      sizeof(name.bytes));
}

int
sslb_verification_allows_locked(const sslb_connection *self, int *alert)
{
    if (self->is_too_old) {
        *alert = SSL_AD_PROTOCOL_VERSION;
        return 0;
    }
    if (self->makes_no_session && SSL_session_reused(self->ssl)) {
        *alert = SSL_AD_HANDSHAKE_FAILURE;
        return 0;
    }
    return 1;
}

/* Whether the certificate is valid for the host: 1, 0, or -1 with an
   exception. */
static int
is_for_host(X509 *x509, PyObject *server_hostname, unsigned int flags)
{
    PyObject *host = sslb_text_encode(server_hostname, "ascii");
    const char *name;
    int rc;

    if (host == NULL) {
        return -1;
    }
    name = PyBytes_AS_STRING(host);
    rc = sslb_host_is_address(name) ? X509_check_ip_asc(x509, name, flags)
                          : X509_check_host(x509, name, strlen(name), flags,
                                            NULL);
    ERR_clear_error();
    Py_DECREF(host);
    return rc == 1;
}

static int
is_expired(const X509 *x509)
{
    return ASN1_TIME_cmp_time_t(X509_get0_notAfter(x509), time(NULL)) <= 0;
}

sslb_checks
sslb_verification_of_session_locked(const sslb_connection *self)
{
    static const sslb_checks none;

    return SSL_is_init_finished(self->ssl) && !self->trusted_more
        ? self->checks : none;
}

int
sslb_verification_still_accepts_nogil(const sslb_checks *checks,
                                      SSL_SESSION *session)
{
    X509 *x509 = SSL_SESSION_get0_peer(session);

    return !(checks->mode & SSL_VERIFY_PEER)
        || (x509 != NULL && (!is_expired(x509)
                             || checks->flags & X509_V_FLAG_NO_CHECK_TIME));
}

int
sslb_verification_accepts(sslb_connection *self, SSL_SESSION *session,
                          const sslb_checks *then)
{
    const sslb_checks *now = &self->checks;
    unsigned int host_flags;

    if (!(now->mode & SSL_VERIFY_PEER)) {
        return 1;
    }
    if (!(then->mode & SSL_VERIFY_PEER) || then->flags != now->flags
        || !sslb_digest_equal_nogil(&then->trust, &now->trust)
        || !sslb_verification_still_accepts_nogil(now, session)) {
        return 0;
    }
    if (!self->checks_host) {
        return 1;
    }
    sslb_connection_enter(self);
    host_flags = X509_VERIFY_PARAM_get_hostflags(SSL_get0_param(self->ssl));
    sslb_connection_leave(self);
    return is_for_host(SSL_SESSION_get0_peer(session), self->server_hostname,
                       host_flags);
}

/* A connection that switched contexts has settings of both, which no digest
   describes. */
const char *
sslb_verification_parameters_locked(const sslb_connection *self,
                                    sslb_digest *result)
{
    if (self->server_side) {
        return "it belongs to a server";
    }
    if (self->moved) {
        return "its connection switched to another context";
    }
    if (self->trusted_more) {
        return "the trust of its context changed before the handshake";
    }
    if (!sslb_parameters_digest_nogil(self->ssl, &self->checks,
                                      &self->settings, self->checks_host,
                                      result)) {
        ERR_clear_error();
        return "the process ran out of memory";
    }
    return NULL;
}
