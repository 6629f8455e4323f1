/* context_load.c: our own certificate, key and DH parameters.

   Owns reading them from files.  Everything is parsed, and the password
   asked for, before the context is touched: a set of certificate, chain and
   key goes in as a whole or not at all. */

#include "sslb.h"

#include <stdio.h>
#include <string.h>

/* What a file that OpenSSL cannot understand has always been reported as. */
#define PEM_LIB ERR_PACK(ERR_LIB_SSL, 0, ERR_R_PEM_LIB)

/* -- passwords -------------------------------------------------------- */

typedef struct {
    PyObject *source;           /* text, bytes or callable; borrowed */
    int failed;                 /* an exception is waiting */
    sslb_exception exception;
    PyThreadState *thread;      /* of who loads, without the GIL */
} password;

/* Copies one given as text or bytes to OpenSSL's buffer: its length, or -1
   with an exception. */
static int
password_copy(PyObject *value, char *buffer, int size, const char *complaint)
{
    PyObject *bytes = NULL;
    Py_buffer view;
    int length = -1;

    if (sslb_is_unicode(value)) {
        bytes = PyObject_CallMethod(value, "encode", "s", "utf-8");
        if (bytes == NULL) {
            return -1;
        }
        value = bytes;
    }
    if (!PyBytes_Check(value) && !PyByteArray_Check(value)) {
        PyErr_SetString(PyExc_TypeError, complaint);
    }
    else if (sslb_buffer_get(value, &view) == 0) {
        if (view.len > size) {
            PyErr_Format(PyExc_ValueError, "password cannot be longer than "
                         "%d bytes", size);
        }
        else {
            memcpy(buffer, view.buf, (size_t)view.len);
            length = (int)view.len;
        }
        PyBuffer_Release(&view);
    }
    if (bytes != NULL && Py_REFCNT(bytes) == 1) {
        /* nobody else's, as those of one character are */
        OPENSSL_cleanse(PyBytes_AS_STRING(bytes),
                        (size_t)PyBytes_GET_SIZE(bytes));
    }
    Py_XDECREF(bytes);
    return length;
}

static int
password_ask(password *self, char *buffer, int size)
{
    PyObject *value;
    int length;

    if (!PyCallable_Check(self->source)) {
        return password_copy(self->source, buffer, size,
                             "password should be a string or callable");
    }
    value = PyObject_CallFunctionObjArgs(self->source, NULL);
    if (value == NULL) {
        return -1;
    }
    length = password_copy(value, buffer, size,
                           "password callback must return a string");
    Py_DECREF(value);
    return length;
}

/* OpenSSL's pem_password_cb.  OpenSSL 3 asks again after a refusal: once the
   caller has raised, he is left alone (bpo-43789). */
static int
password_callback(char *buffer, int size, int writing, void *argument)
{
    password *self = argument;
    int length;

    (void)writing;
    if (self->failed) {
        return -1;
    }
    sslb_gate_leave_nogil();
    PyEval_RestoreThread(self->thread);
    length = password_ask(self, buffer, size);
    if (length < 0) {
        self->failed = 1;
        sslb_exception_keep(&self->exception);
    }
    self->thread = PyEval_SaveThread();
    sslb_gate_enter_nogil();
    return length;
}

/* A password of the wrong type is refused before any file is opened.  One
   that is too long matters only when it is asked for. */
static int
password_check(PyObject *source)
{
    if (source == Py_None || PyCallable_Check(source)
        || sslb_is_unicode(source) || PyBytes_Check(source)
        || PyByteArray_Check(source)) {
        return 0;
    }
    PyErr_SetString(PyExc_TypeError,
                    "password should be a string or callable");
    return -1;
}

/* -- files ------------------------------------------------------------ */

typedef struct {
    X509 *leaf;
    STACK_OF(X509) *chain;
    EVP_PKEY *key;
    char text[4096];            /* of the file, which may have the key */
} identity;

static void
identity_free(identity *self)
{
    OPENSSL_cleanse(self->text, sizeof(self->text));
    EVP_PKEY_free(self->key);
    sk_X509_pop_free(self->chain, X509_free);
    X509_free(self->leaf);
}

/* Has it read by way of memory that is wiped; the C library's is not. */
static BIO *
identity_open_nogil(identity *self, const char *path)
{
    BIO *bio = sslb_file_open_nogil(path, NULL);
    FILE *stream = NULL;

    if (bio != NULL && BIO_get_fp(bio, &stream) > 0) {
        (void)setvbuf(stream, self->text, _IOFBF, sizeof(self->text));
    }
    return bio;
}

/* The leaf and what stands behind it: 1, or 0 with the error queue filled. */
static int
read_certificates_nogil(identity *self, const char *path)
{
    BIO *bio = identity_open_nogil(self, path);
    X509 *x509;
    int rc = 0;

    if (bio == NULL) {
        return 0;
    }
    self->leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, (void *)"");
    self->chain = sk_X509_new_null();
    if (self->leaf == NULL || self->chain == NULL
        || (X509_get_extension_flags(self->leaf) & EXFLAG_INVALID)) {
        goto exit;      /* the last: an extension cannot be decoded */
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

/* Without a password OpenSSL asks at the terminal, as 3.6 documents. */
static int
read_key_nogil(identity *self, const char *path, password *secret)
{
    BIO *bio = identity_open_nogil(self, path);

    if (bio != NULL) {
        self->key = PEM_read_bio_PrivateKey(
            bio, NULL, secret->source != Py_None ? password_callback : NULL,
            secret->source != Py_None ? secret : NULL);
        BIO_free(bio);
    }
    return self->key != NULL;
}

/* -- load_cert_chain -------------------------------------------------- */

/* Reads both files: 0, or -1 with an exception. */
static int
identity_read(identity *self, PyObject *certfile, PyObject *keyfile,
              password *secret)
{
    const char *cert_path = PyBytes_AS_STRING(certfile);
    const char *key_path = PyBytes_AS_STRING(keyfile);
    int cert_ok, key_ok;

    ERR_clear_error();
    secret->thread = PyEval_SaveThread();
    sslb_gate_enter_nogil();
    cert_ok = read_certificates_nogil(self, cert_path);
    key_ok = cert_ok && read_key_nogil(self, key_path, secret);
    sslb_gate_leave_nogil();
    PyEval_RestoreThread(secret->thread);
    if (secret->failed) {
        ERR_clear_error();
        sslb_exception_raise(&secret->exception);
        return -1;
    }
    if (!cert_ok) {
        sslb_file_raise(self->leaf == NULL ? PEM_LIB : 0, certfile,
                        "certificate file", __LINE__);
    }
    else if (!key_ok) {
        sslb_file_raise(PEM_LIB, keyfile, "private key file", __LINE__);
    }
    return cert_ok && key_ok ? 0 : -1;
}

static int
identity_use(identity *self, SSL_CTX *ctx, PyObject *certfile,
             PyObject *keyfile)
{
    /* An empty chain would keep OpenSSL from building one from the trust
       store: SSL_CTX_build_cert_chain(3). */
    STACK_OF(X509) *chain = sk_X509_num(self->chain) > 0 ? self->chain
                                                         : NULL;
    PyObject *detail;

    ERR_clear_error();
    if (X509_check_private_key(self->leaf, self->key)
        && SSL_CTX_use_cert_and_key(ctx, self->leaf, self->key, chain, 1)) {
        return 0;
    }
    detail = PyBytes_FromFormat(
        "certificate '%.400s' with private key '%.400s'",
        PyBytes_AS_STRING(certfile), PyBytes_AS_STRING(keyfile));
    if (detail != NULL) {
        sslb_queue_raise(PyBytes_AS_STRING(detail), __LINE__);
        Py_DECREF(detail);
    }
    return -1;
}

PyObject *
sslb_context_load_cert_chain(PyObject *self, PyObject *args,
                             PyObject *kwargs)
{
    static char *keywords[] = {"certfile", "keyfile", "password", NULL};
    PyObject *certfile, *keyfile = Py_None;
    PyObject *cert_path = NULL, *key_path = NULL, *result = NULL;
    password secret = {.source = Py_None};
    identity ours = {.leaf = NULL};

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OO:load_cert_chain",
                                     keywords, &certfile, &keyfile,
                                     &secret.source)) {
        return NULL;
    }
    if (sslb_path_argument(certfile, "certfile", &cert_path) < 0
        || sslb_path_argument(keyfile, "keyfile", &key_path) < 0) {
        goto exit;
    }
    if (cert_path == NULL) {
        PyErr_SetString(PyExc_TypeError,
                        "certfile should be a valid filesystem path");
        goto exit;
    }
    if (key_path == NULL) {
        key_path = Py_NewRef(cert_path);
    }
    if (password_check(secret.source) == 0
        && identity_read(&ours, cert_path, key_path, &secret) == 0
        && identity_use(&ours, ((sslb_context *)self)->ctx, cert_path,
                        key_path) == 0) {
        result = Py_NewRef(Py_None);
    }
exit:
    identity_free(&ours);
    Py_XDECREF(key_path);
    Py_XDECREF(cert_path);
    return result;
}

/* Of a connection that never is one: what OpenSSL goes through is its own
   list, not that of a context which others use.  1, or 0 with the error queue
   filled. */
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
    ERR_clear_error();      /* there is no next one */
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

/* OpenSSL does not give them back, so that they are kept here as well.  The
   parameters stay the caller's: 1, or 0 with the error queue filled. */
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

/* NULL with the error queue filled. */
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
    /* which takes those of X9.42 as well */
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
