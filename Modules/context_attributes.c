/* context_attributes.c: simple attributes of SSLContext: settings of the
   SSL_CTX, or numbers in the context.

   A setter that fails has changed nothing. */

#include "context_attributes.h"
#include "context.h"
#include "errors.h"
#include "opensslcompat.h"
#include "pycompat_values.h"

#include <limits.h>

/* CERT_NONE, CERT_OPTIONAL and CERT_REQUIRED as OpenSSL's flags. */
static const int verify_modes[] = {
    SSL_VERIFY_NONE,
    SSL_VERIFY_PEER,
    SSLB_VERIFY_REQUIRED,
};

enum { CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED };

static SSL_CTX *
ctx_of(PyObject *self)
{
    return ((sslb_context *)self)->ctx;
}

/* -- protocol, options, verification ----------------------------------- */

PyObject *
sslb_context_get_options(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_from_unsigned(SSL_CTX_get_options(ctx_of(self)));
}

/* OpenSSL 1.1.1 has 32 bits of options, 3.0 and later have 64. */
int
sslb_context_set_options(PyObject *self, PyObject *value, void *closure)
{
    SSL_CTX *ctx = ctx_of(self);
    unsigned long long wanted, current;

    (void)closure;
    if (sslb_refuse_deletion(value, "options") < 0
        || sslb_int_as_unsigned(value, &wanted) < 0) {
        return -1;
    }
    current = SSL_CTX_get_options(ctx);     /* read it after the conversion,
                                               which may run Python code */
    SSL_CTX_clear_options(ctx, current & ~wanted);
    SSL_CTX_set_options(ctx, wanted & ~current);
    return 0;
}

PyObject *
sslb_context_get_verify_flags(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_from_unsigned(
        X509_VERIFY_PARAM_get_flags(SSL_CTX_get0_param(ctx_of(self))));
}

int
sslb_context_set_verify_flags(PyObject *self, PyObject *value, void *closure)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx_of(self));
    unsigned long long wanted;
    unsigned long current;

    (void)closure;
    if (sslb_refuse_deletion(value, "verify_flags") < 0
        || sslb_int_as_unsigned(value, &wanted) < 0) {
        return -1;
    }
    if (wanted > ULONG_MAX) {
        PyErr_SetString(PyExc_OverflowError, "verify_flags is too large");
        return -1;
    }
    current = X509_VERIFY_PARAM_get_flags(param);   /* likewise */
    X509_VERIFY_PARAM_clear_flags(param, current & ~(unsigned long)wanted);
    X509_VERIFY_PARAM_set_flags(param, (unsigned long)wanted & ~current);
    return 0;
}

static int
current_verify_mode(PyObject *self)
{
    int mode = SSL_CTX_get_verify_mode(ctx_of(self));

    if (!(mode & SSL_VERIFY_PEER)) {
        return CERT_NONE;
    }
    return mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT ? CERT_REQUIRED
                                                  : CERT_OPTIONAL;
}

PyObject *
sslb_context_get_verify_mode(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_new(current_verify_mode(self));
}

int
sslb_context_set_verify_mode(PyObject *self, PyObject *value, void *closure)
{
    int mode;

    (void)closure;
    if (sslb_refuse_deletion(value, "verify_mode") < 0
        || sslb_int_as_int(value, &mode) < 0) {
        return -1;
    }
    if (mode < CERT_NONE || mode > CERT_REQUIRED) {
        PyErr_SetString(PyExc_ValueError, "invalid value for verify_mode");
        return -1;
    }
    if (mode == CERT_NONE && ((sslb_context *)self)->check_hostname) {
        PyErr_SetString(PyExc_ValueError, "Cannot set verify_mode to "
                        "CERT_NONE when check_hostname is enabled.");
        return -1;
    }
    SSL_CTX_set_verify(ctx_of(self), verify_modes[mode], NULL);
    return 0;
}

PyObject *
sslb_context_get_check_hostname(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(((sslb_context *)self)->check_hostname);
}

int
sslb_context_set_check_hostname(PyObject *self, PyObject *value, void *closure)
{
    int wanted;

    (void)closure;
    if (sslb_refuse_deletion(value, "check_hostname") < 0) {
        return -1;
    }
    wanted = PyObject_IsTrue(value);
    if (wanted < 0) {
        return -1;
    }
    /* A matching name proves nothing if nobody verified the certificate
       (3.7). */
    if (wanted && current_verify_mode(self) == CERT_NONE) {
        SSL_CTX_set_verify(ctx_of(self), verify_modes[CERT_REQUIRED], NULL);
    }
    ((sslb_context *)self)->check_hostname = wanted;
    return 0;
}

PyObject *
sslb_context_get_protocol(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_new(((sslb_context *)self)->protocol);
}

PyObject *
sslb_context_get_post_handshake_auth(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(((sslb_context *)self)->post_handshake_auth);
}

/* New connections apply the value: on a client's SSL_CTX it must not switch
   verification on (bpo-37428). */
int
sslb_context_set_post_handshake_auth(PyObject *self, PyObject *value,
                                     void *closure)
{
    int wanted;

    (void)closure;
    if (sslb_refuse_deletion(value, "post_handshake_auth") < 0
        || (wanted = PyObject_IsTrue(value)) < 0) {
        return -1;
    }
    ((sslb_context *)self)->post_handshake_auth = wanted;
    return 0;
}

PyObject *
sslb_context_get_host_flags(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_from_unsigned(((sslb_context *)self)->host_flags);
}

int
sslb_context_set_host_flags(PyObject *self, PyObject *value, void *closure)
{
    unsigned long long flags;

    (void)closure;
    if (sslb_refuse_deletion(value, "_host_flags") < 0
        || sslb_int_as_unsigned(value, &flags) < 0) {
        return -1;
    }
    if (flags > UINT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "_host_flags is too large");
        return -1;
    }
    ((sslb_context *)self)->host_flags = (unsigned int)flags;
    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(ctx_of(self)),
                                    (unsigned int)flags);
    return 0;
}

/* -- version bounds --------------------------------------------------- */

/* The two ends of TLSVersion; OpenSSL's value for both is 0. */
enum {
    MINIMUM_SUPPORTED = -2,
    MAXIMUM_SUPPORTED = -1,
};

/* Whether the context has version bounds.  A protocol of a single version has
   none, as with OpenSSL's methods of one version. */
static int
has_bounds(PyObject *self)
{
    int protocol = ((sslb_context *)self)->protocol;

    return protocol == SSLB_PROTOCOL_TLS
        || protocol == SSLB_PROTOCOL_TLS_CLIENT
        || protocol == SSLB_PROTOCOL_TLS_SERVER;
}

PyObject *
sslb_context_get_minimum_version(PyObject *self, void *closure)
{
    long version = SSL_CTX_get_min_proto_version(ctx_of(self));

    (void)closure;
    return sslb_int_new(version != 0 && has_bounds(self) ? version
                                                         : MINIMUM_SUPPORTED);
}

PyObject *
sslb_context_get_maximum_version(PyObject *self, void *closure)
{
    long version = SSL_CTX_get_max_proto_version(ctx_of(self));

    (void)closure;
    return sslb_int_new(version != 0 && has_bounds(self) ? version
                                                         : MAXIMUM_SUPPORTED);
}

/* Both ends are valid for both bounds.  OpenSSL's 0 means the end that fits
   the bound; the other end is set as a version. */
static int
context_set_bound(PyObject *self, PyObject *value, int is_minimum)
{
    sslb_context *context = (sslb_context *)self;
    int version, rc;

    if (sslb_refuse_deletion(value, is_minimum ? "minimum_version"
                                          : "maximum_version") < 0
        || sslb_int_as_int(value, &version) < 0) {
        return -1;
    }
    if (!has_bounds(self)) {
        PyErr_SetString(PyExc_ValueError, "The context's protocol does not "
                        "support modification of highest and lowest "
                        "version.");
        return -1;
    }
    if (version == (is_minimum ? MINIMUM_SUPPORTED : MAXIMUM_SUPPORTED)) {
        version = 0;
    }
    else if (version == MINIMUM_SUPPORTED) {
        version = TLS1_VERSION;
    }
    else if (version == MAXIMUM_SUPPORTED) {
        version = TLS1_3_VERSION;
    }
    else if (version != SSL3_VERSION && version != TLS1_VERSION
             && version != TLS1_1_VERSION && version != TLS1_2_VERSION
             && version != TLS1_3_VERSION) {
        PyErr_Format(PyExc_ValueError,
                     "Unsupported TLS/SSL version 0x%x",
                     (unsigned int)version);
        return -1;
    }
    ERR_clear_error();
    rc = is_minimum
        ? SSL_CTX_set_min_proto_version(context->ctx, version)
        : SSL_CTX_set_max_proto_version(context->ctx, version);
    if (!rc) {
        ERR_clear_error();
        PyErr_Format(PyExc_ValueError, "Unsupported protocol version 0x%x",
                     (unsigned int)version);
        return -1;
    }
    return 0;
}

int
sslb_context_set_minimum_version(PyObject *self, PyObject *value,
                                 void *closure)
{
    (void)closure;
    return context_set_bound(self, value, 1);
}

int
sslb_context_set_maximum_version(PyObject *self, PyObject *value,
                                 void *closure)
{
    (void)closure;
    return context_set_bound(self, value, 0);
}

/* -- tickets, sessions, the security level ------------------------------ */

PyObject *
sslb_context_get_num_tickets(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_from_unsigned(SSL_CTX_get_num_tickets(ctx_of(self)));
}

int
sslb_context_set_num_tickets(PyObject *self, PyObject *value, void *closure)
{
    long count;

    (void)closure;
    if (sslb_refuse_deletion(value, "num_tickets") < 0
        || sslb_int_as_long(value, &count) < 0) {
        return -1;
    }
    if (count < 0) {
        PyErr_SetString(PyExc_ValueError, "value must be non-negative");
        return -1;
    }
    if (((sslb_context *)self)->protocol != SSLB_PROTOCOL_TLS_SERVER) {
        PyErr_SetString(PyExc_ValueError,
                        "SSLContext is not a server context.");
        return -1;
    }
    if (!SSL_CTX_set_num_tickets(ctx_of(self), (size_t)count)) {
        PyErr_SetString(PyExc_ValueError, "failed to set num tickets.");
        return -1;
    }
    return 0;
}

PyObject *
sslb_context_get_security_level(PyObject *self, void *closure)
{
    (void)closure;
    return sslb_int_new(SSL_CTX_get_security_level(ctx_of(self)));
}

PyObject *
sslb_context_session_stats(PyObject *self, PyObject *none)
{
    SSL_CTX *ctx = ctx_of(self);

    (void)none;
    return Py_BuildValue(
        "{sN sN sN sN sN sN sN sN sN sN sN}",
        "number", sslb_int_new(SSL_CTX_sess_number(ctx)),
        "connect", sslb_int_new(SSL_CTX_sess_connect(ctx)),
        "connect_good", sslb_int_new(SSL_CTX_sess_connect_good(ctx)),
        "connect_renegotiate",
        sslb_int_new(SSL_CTX_sess_connect_renegotiate(ctx)),
        "accept", sslb_int_new(SSL_CTX_sess_accept(ctx)),
        "accept_good", sslb_int_new(SSL_CTX_sess_accept_good(ctx)),
        "accept_renegotiate",
        sslb_int_new(SSL_CTX_sess_accept_renegotiate(ctx)),
        "hits", sslb_int_new(SSL_CTX_sess_hits(ctx)),
        "misses", sslb_int_new(SSL_CTX_sess_misses(ctx)),
        "timeouts", sslb_int_new(SSL_CTX_sess_timeouts(ctx)),
        "cache_full", sslb_int_new(SSL_CTX_sess_cache_full(ctx)));
}
