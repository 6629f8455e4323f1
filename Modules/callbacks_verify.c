/* callbacks_verify.c: how OpenSSL verifies a peer's chain.

   Owns the function that OpenSSL calls to verify a chain, which also rejects
   distrusted keys.  Owns SSLContext.verify_callback, a Python function that
   gets called for each accepted certificate and for each error.  Its answer
   decides, also with CERT_NONE. */

#include "callbacks_verify.h"
#include "callbacks.h"
#include "certificate.h"
#include "connection.h"
#include "hints.h"
#include "judges.h"
#include "opensslcompat.h"
#include "verification.h"

/* OpenSSL verifies the chain of a CRL's issuer in a nested X509_STORE_CTX. */
static SSL *
ssl_of_nogil(X509_STORE_CTX *attempt)
{
    X509_STORE_CTX *parent = X509_STORE_CTX_get0_parent_ctx(attempt);

    if (parent != NULL) {
        attempt = parent;
    }
    return X509_STORE_CTX_get_ex_data(attempt,
                                      SSL_get_ex_data_X509_STORE_CTX_idx());
}

/* An error of the certificate policies belongs to the whole chain and has no
   current certificate: use the leaf. */
static X509 *
certificate_of(X509_STORE_CTX *attempt)
{
    X509 *x509 = X509_STORE_CTX_get_current_cert(attempt);

    return x509 != NULL ? x509 : X509_STORE_CTX_get0_cert(attempt);
}

/* Calls Python: 1 for True, 0 for False, or -1 with the exception stored for
   the operation. */
static int
ask(const SSL *ssl, X509_STORE_CTX *attempt, int ok)
{
    static const char name[] = "verify_callback";
    PyObject *callback = sslb_connection_of_nogil(ssl)->judges.verify;
    PyObject *owner = sslb_judge_owner(ssl);
    PyObject *result = NULL;

    if (owner != NULL) {
        Py_INCREF(callback);
        result = PyObject_CallFunction(
            callback, "ONiiN", owner,
            sslb_certificate_new(certificate_of(attempt)),
            X509_STORE_CTX_get_error(attempt),
            X509_STORE_CTX_get_error_depth(attempt), PyBool_FromLong(ok));
        Py_DECREF(callback);
        Py_DECREF(owner);
    }
    return sslb_judge_verdict(ssl, result, name);
}

/* Takes the GIL for ask().  After an exception it does not call Python again,
   so that the exception ends the handshake. */
static int
ask_nogil(SSL *ssl, X509_STORE_CTX *attempt, int ok)
{
    int verdict = -1;

    if (sslb_connection_of_nogil(ssl)->kept->type == NULL) {
        sslb_callback_begin_nogil(ssl);
        verdict = ask(ssl, attempt, ok);
        sslb_callback_end(ssl);
    }
    return verdict;
}

/* OpenSSL calls this for each certificate and each error.  The error that this
   sets selects the alert; after an exception the alert is internal_error. */
static int
step_callback(int ok, X509_STORE_CTX *attempt)
{
    int verdict = ask_nogil(ssl_of_nogil(attempt), attempt, ok);

    if (verdict > 0) {
        X509_STORE_CTX_set_error(attempt, X509_V_OK);
    }
    else if (verdict < 0) {
        X509_STORE_CTX_set_error(attempt, X509_V_ERR_UNSPECIFIED);
    }
    else if (X509_STORE_CTX_get_error(attempt) == X509_V_OK) {
        X509_STORE_CTX_set_error(attempt,
                                 X509_V_ERR_APPLICATION_VERIFICATION);
    }
    return verdict > 0;
}

/* Rejects a distrusted key, as an error that step_callback() may override: 1
   if the certificate is accepted, else 0. */
static int
check_key_nogil(X509_STORE_CTX *attempt, X509 *x509, int depth)
{
    int found = sslb_verification_distrusts_nogil(x509);

    if (found == 0) {
        return 1;
    }
    X509_STORE_CTX_set_error(attempt, found > 0 ? X509_V_ERR_CERT_REJECTED
                                                : X509_V_ERR_OUT_OF_MEM);
    X509_STORE_CTX_set_error_depth(attempt, depth);
    X509_STORE_CTX_set_current_cert(attempt, x509);
    return found > 0 && X509_STORE_CTX_get_verify_cb(attempt)(0, attempt);
}

/* Runs OpenSSL's verification, then checks the chain for distrusted keys. */
static int
verify_chain_nogil(X509_STORE_CTX *attempt)
{
    int rc = X509_verify_cert(attempt);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(attempt);
    int i;

    for (i = 0; rc > 0 && i < sk_X509_num(chain); i++) {
        rc = check_key_nogil(attempt, sk_X509_value(chain, i), i);
    }
    return rc;
}

/* Verifies the chain, and notes a rejected certificate for SSLError.hint. */
static int
judge_chain_nogil(X509_STORE_CTX *attempt, SSL *ssl)
{
    int rc = verify_chain_nogil(attempt);

    sslb_verification_note_trust_locked(sslb_connection_of_nogil(ssl));
    if (rc <= 0) {
        sslb_hints_note_refusal_nogil(
            &sslb_connection_of_nogil(ssl)->refusal, attempt);
    }
    return rc;
}

/* OpenSSL calls this to verify a chain.  With CERT_NONE a client ignores the
   result, so a rejection by verify_callback switches verification on. */
static int
chain_callback(X509_STORE_CTX *attempt, void *argument)
{
    SSL *ssl = ssl_of_nogil(attempt);
    int rc;

    (void)argument;
    if (sslb_connection_of_nogil(ssl)->judges.verify == NULL) {
        return judge_chain_nogil(attempt, ssl);
    }
    X509_STORE_CTX_set_verify_cb(attempt, step_callback);
    rc = judge_chain_nogil(attempt, ssl);
    if (rc <= 0) {
        SSL_set_verify(ssl, SSL_get_verify_mode(ssl) | SSL_VERIFY_PEER, NULL);
    }
    return rc;
}

void
sslb_callbacks_verify_attach(sslb_context *context)
{
    SSL_CTX_set_cert_verify_callback(context->ctx, chain_callback, NULL);
}

PyObject *
sslb_context_get_verify_callback(PyObject *self, void *closure)
{
    PyObject *callback = ((sslb_context *)self)->judges.verify;

    (void)closure;
    return Py_NewRef(callback != NULL ? callback : Py_None);
}

int
sslb_context_set_verify_callback(PyObject *self, PyObject *value,
                                 void *closure)
{
    sslb_context *context = (sslb_context *)self;

    (void)closure;
    return sslb_judge_set(context, &context->judges.verify, value,
                          "verify_callback");
}
