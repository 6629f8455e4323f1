/* context_load.c: our own certificate, key and DH parameters.

   Owns the code that reads them as PEM and sets them on a context.  It parses
   everything, and asks for the password, before it changes the context: the
   context gets certificate, chain and key together or not at all. */

#include "context_load.h"
#include "errors.h"
#include "files.h"
#include "lock.h"
#include "opensslcompat.h"
#include "parameters.h"
#include "password.h"
#include "pkcs12.h"
#include "pycompat_values.h"
#include "source.h"

#include <string.h>

/* The error code that stock ssl reports for a file that OpenSSL cannot
   parse. */
#define PEM_LIB ERR_PACK(ERR_LIB_SSL, 0, ERR_R_PEM_LIB)

/* -- reading ---------------------------------------------------------- */

static void
identity_free(sslb_identity *self)
{
    EVP_PKEY_free(self->key);
    sk_X509_pop_free(self->chain, X509_free);
    X509_free(self->leaf);
}

/* Reads the leaf and the certificates after it: 1, or 0 with the error queue
   filled. */
static int
read_certificates_nogil(sslb_identity *self, sslb_source *source)
{
    BIO *bio = sslb_source_open_nogil(source);
    X509 *x509;
    int rc = 0;

    if (bio == NULL) {
        return 0;
    }
    self->leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, (void *)"");
    self->chain = sk_X509_new_null();
    if (self->leaf == NULL || self->chain == NULL
        || (X509_get_extension_flags(self->leaf) & EXFLAG_INVALID)) {
        goto exit;      /* EXFLAG_INVALID: an extension is malformed */
    }
    while ((x509 = PEM_read_bio_X509(bio, NULL, NULL, (void *)"")) != NULL) {
        if (!sk_X509_push(self->chain, x509)) {
            X509_free(x509);
            goto exit;
        }
    }
    rc = sslb_queue_take_end_of_pem_nogil();
exit:
    BIO_free(bio);
    return rc;
}

/* Without a password OpenSSL asks the user at the terminal, as the
   documentation of Python 3.6 says. */
static int
read_key_nogil(sslb_identity *self, sslb_source *source,
               sslb_password *secret)
{
    BIO *bio = sslb_source_open_nogil(source);
    int is_known = secret->source != Py_None;

    if (bio != NULL) {
        self->key = PEM_read_bio_PrivateKey(
            bio, NULL, is_known ? sslb_password_callback : NULL,
            is_known ? secret : NULL);
        BIO_free(bio);
    }
    return self->key != NULL;
}

/* -- load_cert_chain -------------------------------------------------- */

/* Reads the certificates and the key, without the GIL; `certs` and `key` may
   be the same source.  0, or -1 with an exception. */
static int
identity_read(sslb_identity *self, sslb_source *certs, sslb_source *key,
              sslb_password *secret)
{
    int cert_ok, key_ok;

    ERR_clear_error();
    secret->thread = PyEval_SaveThread();
    sslb_gate_enter_nogil();
    cert_ok = read_certificates_nogil(self, certs);
    key_ok = cert_ok && read_key_nogil(self, key, secret);
    sslb_gate_leave_nogil();
    PyEval_RestoreThread(secret->thread);
    if (secret->failed) {
        ERR_clear_error();
        sslb_exception_raise(&secret->exception);
        return -1;
    }
    if (!cert_ok) {
        sslb_source_raise(self->leaf == NULL ? PEM_LIB : 0, certs,
                          "certificate file", __LINE__);
    }
    else if (!key_ok) {
        sslb_source_raise(PEM_LIB, key, "private key file", __LINE__);
    }
    return cert_ok && key_ok ? 0 : -1;
}

/* Adds the certificate to the digest of the settings: when a client resumes a
   session, the server identifies it by the certificate of the first
   handshake. */
static void
identity_note(const sslb_identity *self, sslb_context *context)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    if (X509_digest(self->leaf, EVP_sha256(), digest, &length)) {
        sslb_settings_add(context, "certificate", digest, length);
    }
    else {
        ERR_clear_error();
        sslb_settings_make_unique(context);
    }
}

static int
identity_use(const sslb_identity *self, PyObject *context,
             const sslb_source *certs, const sslb_source *key)
{
    SSL_CTX *ctx = ((sslb_context *)context)->ctx;
    /* An empty chain would keep OpenSSL from building one from the trust
       store: SSL_CTX_build_cert_chain(3). */
    STACK_OF(X509) *chain = sk_X509_num(self->chain) > 0 ? self->chain
                                                         : NULL;
    PyObject *detail;

    ERR_clear_error();
    if (X509_check_private_key(self->leaf, self->key)
        && SSL_CTX_use_cert_and_key(ctx, self->leaf, self->key, chain, 1)) {
        identity_note(self, (sslb_context *)context);
        return 0;
    }
    detail = PyBytes_FromFormat(
        "certificate '%.400s' with private key '%.400s'",
        sslb_source_shown(certs), sslb_source_shown(key));
    if (detail != NULL) {
        sslb_queue_raise(PyBytes_AS_STRING(detail), __LINE__);
        Py_DECREF(detail);
    }
    return -1;
}

/* -- load_cert_chain and load_pkcs12 ---------------------------------- */

/* Finds the sources of the certificates and of the key.  `*key` becomes
   `certs` if one source has both, else `own`.  0, or -1 with TypeError before
   anything is read. */
static int
find_pem(sslb_source *certs, PyObject *certfile, sslb_source *own,
         PyObject *keyfile, sslb_source **key)
{
    *key = keyfile == Py_None || keyfile == certfile ? certs : own;
    return sslb_source_find(certs, certfile, "certfile") < 0
        || (*key == own && sslb_source_find(own, keyfile, "keyfile") < 0)
        ? -1 : 0;
}

PyObject *
sslb_context_load_cert_chain(PyObject *self, PyObject *args,
                             PyObject *kwargs)
{
    static char *keywords[] = {"certfile", "keyfile", "password", NULL};
    PyObject *certfile, *keyfile = Py_None, *result = NULL;
    sslb_password secret = {.source = Py_None};
    sslb_source certs = {.path = NULL}, own = {.path = NULL}, *key;
    sslb_identity ours = {.leaf = NULL};

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OO:load_cert_chain",
                                     keywords, &certfile, &keyfile,
                                     &secret.source)) {
        return NULL;
    }
    if (find_pem(&certs, certfile, &own, keyfile, &key) == 0
        && sslb_password_check(secret.source) == 0
        && sslb_source_read(&certs, 0) == 0
        && sslb_source_read(&own, 0) == 0
        && identity_read(&ours, &certs, key, &secret) == 0
        && identity_use(&ours, self, &certs, key) == 0) {
        result = Py_NewRef(Py_None);
    }
    identity_free(&ours);
    sslb_source_close(&own);
    sslb_source_close(&certs);
    return result;
}

PyObject *
sslb_context_load_pkcs12(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"source", "password", NULL};
    PyObject *value, *result = NULL;
    sslb_password secret = {.source = Py_None};
    sslb_source source = {.path = NULL};
    sslb_identity ours = {.leaf = NULL};

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:load_pkcs12",
                                     keywords, &value, &secret.source)) {
        return NULL;
    }
    if (sslb_source_find(&source, value, "source") == 0
        && sslb_password_check(secret.source) == 0
        && sslb_source_read(&source, 1) == 0
        && sslb_pkcs12_read(&ours, &source, &secret) == 0
        && identity_use(&ours, self, &source, &source) == 0) {
        result = Py_NewRef(Py_None);
    }
    identity_free(&ours);
    sslb_source_close(&source);
    return result;
}

/* Copies each certificate with its key and chain.  `source` is an SSL only so
   that it has its own copy of the context's list: the iteration changes the
   list's current entry, and handshakes use the context's list.  1, or 0 with
   the error queue filled. */
static int
copy_identities(SSL_CTX *ctx, SSL *source)
{
    X509 *current = SSL_get_certificate(source);
    int more = SSL_set_current_cert(source, SSL_CERT_SET_FIRST);

    while (more) {
        STACK_OF(X509) *chain = NULL;

        if (!SSL_get0_chain_certs(source, &chain)
            || !SSL_CTX_use_cert_and_key(ctx, SSL_get_certificate(source),
                                         SSL_get_privatekey(source), chain,
                                         1)) {
            return 0;
        }
        more = SSL_set_current_cert(source, SSL_CERT_SET_NEXT);
    }
    ERR_clear_error();      /* the error means the end of the list */
    return SSL_CTX_select_current_cert(ctx, current);
}

int
sslb_identities_copy(sslb_context *copy, sslb_context *original)
{
    SSL *source;
    int ok;

    if (SSL_CTX_get0_certificate(original->ctx) == NULL) {
        return 0;
    }
    ERR_clear_error();
    source = SSL_new(original->ctx);
    ok = source != NULL && copy_identities(copy->ctx, source);
    SSL_free(source);
    if (!ok) {
        sslb_queue_raise("certificate chain", __LINE__);
        return -1;
    }
    return 0;
}

/* -- load_dh_params --------------------------------------------------- */

/* Sets the parameters, and keeps a reference for copies, because OpenSSL has
   no getter.  The caller keeps its own reference.  1, or 0 with the error
   queue filled. */
static int
use_dh(sslb_context *context, EVP_PKEY *parameters)
{
    if (!EVP_PKEY_up_ref(parameters)) {
        return 0;
    }
    if (!SSL_CTX_set0_tmp_dh_pkey(context->ctx, parameters)) {
        EVP_PKEY_free(parameters);
        return 0;
    }
    (void)EVP_PKEY_up_ref(parameters);
    EVP_PKEY_free(context->dh);
    context->dh = parameters;
    return 1;
}

int
sslb_dh_copy(sslb_context *copy, sslb_context *original)
{
    if (original->dh == NULL) {
        return 0;
    }
    ERR_clear_error();
    if (!use_dh(copy, original->dh)) {
        sslb_queue_raise("DH parameters", __LINE__);
        return -1;
    }
    return 0;
}

/* Returns a new reference, or NULL with the error queue filled. */
static EVP_PKEY *
read_dh_nogil(const char *path)
{
    BIO *bio = sslb_file_open_nogil(path, NULL);
    EVP_PKEY *parameters = NULL;
    unsigned char *der;
    char *name = NULL;
    const unsigned char *next;
    long length;

    if (bio == NULL) {
        return NULL;
    }
    /* accepts the X9.42 format as well */
    if (PEM_bytes_read_bio(&der, &length, &name, PEM_STRING_DHPARAMS, bio,
                           NULL, (void *)"")) {
        next = der;
        parameters = d2i_KeyParams(
            strcmp(name, PEM_STRING_DHXPARAMS) == 0 ? EVP_PKEY_DHX
                                                    : EVP_PKEY_DH,
            NULL, &next, length);
        OPENSSL_free(name);
        OPENSSL_free(der);
    }
    BIO_free(bio);
    return parameters;
}

PyObject *
sslb_context_load_dh_params(PyObject *self, PyObject *argument)
{
    PyObject *path = sslb_path_as_bytes(argument);
    EVP_PKEY *parameters;
    PyObject *result = NULL;

    if (path == NULL) {
        return NULL;
    }
    ERR_clear_error();
    Py_BEGIN_ALLOW_THREADS
    sslb_gate_enter_nogil();
    parameters = read_dh_nogil(PyBytes_AS_STRING(path));
    sslb_gate_leave_nogil();
    Py_END_ALLOW_THREADS
    if (parameters != NULL && use_dh((sslb_context *)self, parameters)) {
        result = Py_NewRef(Py_None);
    }
    else {
        sslb_file_raise(0, path, "DH parameter file", __LINE__);
    }
    EVP_PKEY_free(parameters);
    Py_DECREF(path);
    return result;
}
