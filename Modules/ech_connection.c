/* ech_connection.c: Encrypted Client Hello in one connection.

   Owns the ECH settings of a new connection, the result of ECH, and the retry
   configurations in a client's exception. */

#include "ech_connection.h"

#include <string.h>

#ifdef SSLB_HAVE_ECH

/* -- connections ------------------------------------------------------ */

int
sslb_ech_use_list_locked(sslb_connection *self, sslb_ech_list *list)
{
    PyObject *old = self->ech_config_list;

    ERR_clear_error();
    if (!SSL_set1_echstore(self->ssl, list->store)) {
        return 0;
    }
    self->ech_config_list = list->bytes;
    list->bytes = old;
    return 1;
}

/* Callers check this first: without TLS 1.3 OpenSSL would fail while it builds
   the ClientHello. */
int
sslb_ech_has_version_locked(const SSL *ssl)
{
    long maximum = SSL_get_max_proto_version((SSL *)ssl);

    return (maximum == 0 || maximum >= TLS1_3_VERSION)
        && !(SSL_get_options(ssl) & SSL_OP_NO_TLSv1_3);
}

static int
use_list_of_context(sslb_connection *self)
{
    sslb_ech_list list;
    int ok;

    if (self->context->ech_config_list == NULL) {
        return 1;
    }
    if (!sslb_ech_has_version_locked(self->ssl)) {
        PyErr_SetString(PyExc_ValueError, SSLB_ECH_NEEDS_TLS13);
        return -1;
    }
    if (sslb_ech_list_parse(self->context->ech_config_list, &list) < 0) {
        return -1;
    }
    ok = sslb_ech_use_list_locked(self, &list);
    sslb_ech_list_clear(&list);
    return ok;
}

static int
use_keys_of_context(sslb_connection *self)
{
    OSSL_ECHSTORE *keys = self->context->ech_keys;

    return keys == NULL || SSL_set1_echstore(self->ssl, keys);
}

int
sslb_ech_begin(sslb_connection *self)
{
    int ok;

    ERR_clear_error();
    ok = self->server_side ? use_keys_of_context(self)
                           : use_list_of_context(self);
    if (ok == 0) {
        ERR_clear_error();
        PyErr_NoMemory();
    }
    return ok > 0 ? 0 : -1;
}

const char *
sslb_ech_status_locked(SSL *ssl, char **outer_name)
{
    static const struct {
        int status;
        const char *name;
    } names[] = {
        {SSL_ECH_STATUS_SUCCESS, "success"},
        {SSL_ECH_STATUS_BAD_NAME, "success-unverified"},
        {SSL_ECH_STATUS_FAILED_ECH, "rejected"},
        {SSL_ECH_STATUS_FAILED_ECH_BAD_NAME, "rejected-unverified"},
        {SSL_ECH_STATUS_GREASE, "grease"},
        {SSL_ECH_STATUS_GREASE_ECH, "grease-answered"},
        {SSL_ECH_STATUS_NOT_TRIED, "not-tried"},
        {SSL_ECH_STATUS_NOT_CONFIGURED, "not-configured"},
        {SSL_ECH_STATUS_BACKEND, "backend"},
    };
    char *inner_name = NULL;
    int status = SSL_ech_get1_status(ssl, &inner_name, outer_name);
    size_t i;

    ERR_clear_error();
    OPENSSL_free(inner_name);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].status == status) {
            return names[i].name;
        }
    }
    return "failed";
}

void
sslb_ech_fallback_locked(SSL *ssl, char **outer_name)
{
    const char *status = sslb_ech_status_locked(ssl, outer_name);

    if (strncmp(status, "success", strlen("success")) == 0) {
        OPENSSL_free(*outer_name);
        *outer_name = NULL;
    }
}

/* A client must ignore the retry configurations of a server that it did not
   verify (RFC 9849, 6.1.6).  With CERT_NONE the status claims a verified
   server, so this function checks the verify mode as well. */
int
sslb_ech_retry_configs_locked(SSL *ssl, sslb_ech_data *configs)
{
    char *outer_name = NULL;
    const char *status = sslb_ech_status_locked(ssl, &outer_name);

    OPENSSL_free(outer_name);
    if ((strcmp(status, "rejected") == 0
         || strcmp(status, "grease-answered") == 0)
        && (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER)
        && !SSL_ech_get1_retry_config(ssl, &configs->bytes,
                                      &configs->length)) {
        configs->bytes = NULL;
    }
    ERR_clear_error();
    return 0;
}

int
sslb_ech_is_required(const sslb_outcome *outcome)
{
    return ERR_GET_LIB(outcome->code) == ERR_LIB_SSL
        && ERR_GET_REASON(outcome->code) == SSL_R_ECH_REQUIRED;
}

#else   /* OpenSSL without ECH */

int
sslb_ech_begin(sslb_connection *self)
{
    (void)self;
    return 0;
}

int
sslb_ech_use_list_locked(sslb_connection *self, sslb_ech_list *list)
{
    (void)self;
    (void)list;
    return 0;
}

int
sslb_ech_has_version_locked(const SSL *ssl)
{
    (void)ssl;
    return 0;
}

const char *
sslb_ech_status_locked(SSL *ssl, char **outer_name)
{
    (void)ssl;
    (void)outer_name;
    return NULL;
}

void
sslb_ech_fallback_locked(SSL *ssl, char **outer_name)
{
    (void)ssl;
    (void)outer_name;
}

int
sslb_ech_retry_configs_locked(SSL *ssl, sslb_ech_data *configs)
{
    (void)ssl;
    (void)configs;
    return -1;
}

int
sslb_ech_is_required(const sslb_outcome *outcome)
{
    (void)outcome;
    return 0;
}

#endif

/* -- values for Python -------------------------------------------------- */

PyObject *
sslb_ech_data_as_bytes(sslb_ech_data *data)
{
    PyObject *result = data->bytes != NULL
        ? PyBytes_FromStringAndSize((const char *)data->bytes,
                                    (Py_ssize_t)data->length)
        : Py_NewRef(Py_None);

    OPENSSL_free(data->bytes);
    data->bytes = NULL;
    return result;
}

void
sslb_ech_explain(sslb_ech_data *configs)
{
    sslb_exception exception;
    PyObject *bytes;

    if (configs->bytes == NULL) {
        return;
    }
    sslb_exception_keep(&exception);
    bytes = sslb_ech_data_as_bytes(configs);
    if (bytes == NULL || PyObject_SetAttrString(
            exception.value, "ech_retry_configs", bytes) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(bytes);
    sslb_exception_raise(&exception);
}
