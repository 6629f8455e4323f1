/* parameters.c: digests of the settings that a session depends on.

   Owns the comparison of contexts.  Another context, in this process or
   another one, may use a session only if its handshakes would require the same
   of the peer and offer it the same: that is, if both contexts have the same
   digest.  The code reads settings from OpenSSL when it computes the digest.
   For settings that OpenSSL cannot return (trusted certificates, own
   certificates, lists of groups) each context keeps a running digest.  A
   setting that no other context can have, such as a callback, makes the
   running digest unique. */

#include "parameters.h"

#include <stdint.h>
#include <string.h>

/* Change the label whenever the input of the digest changes. */
static const char label[] = "_ssl_backport session parameters 1";

void
sslb_settings_add(sslb_context *context, const char *name, const void *data,
                  size_t length)
{
    if (!sslb_digest_add_nogil(&context->settings, name, strlen(name) + 1)
        || !sslb_digest_add_nogil(&context->settings, data, length)) {
        sslb_digest_make_unique_nogil(&context->settings);
    }
    ERR_clear_error();
}

void
sslb_settings_make_unique(sslb_context *context)
{
    sslb_digest_make_unique_nogil(&context->settings);
}

void
sslb_parameters_trust_grew(sslb_context *context, const sslb_digest *by)
{
    if (!sslb_digest_add_nogil(&context->trust, by->bytes,
                               sizeof(by->bytes))) {
        ERR_clear_error();
        sslb_digest_make_unique_nogil(&context->trust);
    }
}

void
sslb_parameters_trust_changed(sslb_context *context)
{
    sslb_digest_make_unique_nogil(&context->trust);
}

/* -- of a connection --------------------------------------------------- */

static int
add_number(EVP_MD_CTX *state, uint64_t number)
{
    unsigned char bytes[8];

    sslb_number_write_nogil(bytes, number);
    return EVP_DigestUpdate(state, bytes, sizeof(bytes));
}

static int
add_ciphers(EVP_MD_CTX *state, const SSL *ssl)
{
    STACK_OF(SSL_CIPHER) *ciphers = SSL_get_ciphers(ssl);
    int i, ok = add_number(state, (uint64_t)sk_SSL_CIPHER_num(ciphers));

    for (i = 0; ok && i < sk_SSL_CIPHER_num(ciphers); i++) {
        ok = add_number(state, SSL_CIPHER_get_id(sk_SSL_CIPHER_value(ciphers,
                                                                     i)));
    }
    return ok;
}

int
sslb_parameters_digest_nogil(SSL *ssl, const sslb_checks *checks,
                             const sslb_digest *settings, int checks_host,
                             sslb_digest *result)
{
    const uint64_t numbers[] = {
        (uint64_t)checks->mode, checks->flags, (uint64_t)checks_host,
        X509_VERIFY_PARAM_get_hostflags(SSL_get0_param(ssl)),
        SSL_get_options(ssl), (uint64_t)SSL_get_min_proto_version(ssl),
        (uint64_t)SSL_get_max_proto_version(ssl),
        (uint64_t)SSL_get_security_level(ssl),
    };
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    size_t i;
    int ok = state != NULL && EVP_DigestInit_ex(state, EVP_sha256(), NULL)
        && EVP_DigestUpdate(state, label, sizeof(label))
        && EVP_DigestUpdate(state, &checks->trust, sizeof(checks->trust))
        && EVP_DigestUpdate(state, settings, sizeof(*settings));

    for (i = 0; ok && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ok = add_number(state, numbers[i]);
    }
    ok = ok && add_ciphers(state, ssl)
        && EVP_DigestFinal_ex(state, result->bytes, NULL);
    EVP_MD_CTX_free(state);
    return ok;
}

int
sslb_parameters_of_context(sslb_context *context, sslb_checks *checks,
                           sslb_digest *result)
{
    SSL *ssl;
    int ok = 0;

    ERR_clear_error();
    ssl = SSL_new(context->ctx);
    if (ssl != NULL) {
        checks->mode = SSL_get_verify_mode(ssl);
        checks->flags = X509_VERIFY_PARAM_get_flags(SSL_get0_param(ssl));
        checks->trust = context->trust;
        if (context->judges.verify != NULL || context->judges.ocsp != NULL) {
            checks->mode |= SSL_VERIFY_PEER;    /* as verification.c does */
        }
        ok = sslb_parameters_digest_nogil(ssl, checks, &context->settings,
                                          context->check_hostname, result);
        SSL_free(ssl);
    }
    if (!ok) {
        ERR_clear_error();
        PyErr_NoMemory();
    }
    return ok ? 0 : -1;
}
