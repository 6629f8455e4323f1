/* ech.c: Encrypted Client Hello (RFC 9849), if OpenSSL supports it.

   Owns a context's keys for servers and its configuration list for clients.
   The SSL_CTX does not get the keys: its clients would use them as their
   configuration list. */

#include "ech.h"
#include "errors.h"
#include "lock.h"
#include "pycompat_values.h"
#include "source.h"

#include <limits.h>

#ifdef SSLB_HAVE_ECH

/* The largest key file (bytes); OpenSSL accepts a list of up to 1.5 KB. */
#define LONGEST ((size_t)1024 * 1024)

/* -- errors ----------------------------------------------------------- */

/* Raises SSLError for input that OpenSSL cannot decode: its own reason is
   mostly an internal error. */
static void
raise_undecodable(const char *what, int line)
{
    if (ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE) {
        ERR_clear_error();
        PyErr_NoMemory();
        return;
    }
    ERR_clear_error();
    ERR_raise(ERR_LIB_SSL, SSL_R_ECH_DECODE_ERROR);
    sslb_queue_raise(what, line);
}

/* -- stores ----------------------------------------------------------- */

/* Creates OpenSSL's object from a list, which must have at least one usable
   configuration.  Returns NULL with an exception on failure. */
static OSSL_ECHSTORE *
store_from_list(PyObject *bytes)
{
    Py_ssize_t length = PyBytes_GET_SIZE(bytes);
    OSSL_ECHSTORE *store = NULL;
    BIO *bio = NULL;
    int count = 0;

    ERR_clear_error();
    if (length <= INT_MAX) {
        bio = BIO_new_mem_buf(PyBytes_AS_STRING(bytes), (int)length);
        store = OSSL_ECHSTORE_new(NULL, NULL);
    }
    /* OpenSSL silently skips configurations of unknown versions. */
    if (bio == NULL || store == NULL
        || !OSSL_ECHSTORE_read_echconfiglist(store, bio)
        || !OSSL_ECHSTORE_num_entries(store, &count) || count == 0) {
        raise_undecodable("ech_config_list", __LINE__);
        OSSL_ECHSTORE_free(store);
        store = NULL;
    }
    BIO_free(bio);
    return store;
}

/* Returns a copy of a store, or a new store for NULL; NULL with the error
   queue filled on failure.  OpenSSL copies a store only into an SSL_CTX, so
   this one goes through the context's for a moment. */
static OSSL_ECHSTORE *
store_duplicate(SSL_CTX *ctx, OSSL_ECHSTORE *store)
{
    OSSL_ECHSTORE *result = NULL;

    if (store == NULL) {
        return OSSL_ECHSTORE_new(NULL, NULL);
    }
    if (SSL_CTX_set1_echstore(ctx, store)) {
        result = SSL_CTX_get1_echstore(ctx);
    }
    SSL_CTX_set1_echstore(ctx, NULL);
    return result;
}

/* Reads a private key and its list (RFC 9934).  Returns 1, or 0 with the error
   queue filled, also for an encrypted key. */
static int
store_read_keys(OSSL_ECHSTORE *store, BIO *bio, int for_retry)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
    int ok = key != NULL
        && OSSL_ECHSTORE_set1_key_and_read_pem(store, key, bio, for_retry);

    EVP_PKEY_free(key);
    return ok;
}

/* -- the keys of servers ---------------------------------------------- */

/* Reads a file into a memory BIO, which wipes its contents when freed.
   Returns NULL with the error queue filled on failure. */
static BIO *
read_file_nogil(sslb_source *source)
{
    BIO *file = sslb_source_open_nogil(source);
    BIO *memory = file != NULL ? BIO_new(BIO_s_mem()) : NULL;
    unsigned char block[4096];
    size_t total = 0;
    int count = 1, ok = memory != NULL;

    while (ok && total <= LONGEST
           && (count = BIO_read(file, block, sizeof(block))) > 0) {
        total += (size_t)count;
        ok = BIO_write(memory, block, count) == count;
    }
    OPENSSL_cleanse(block, sizeof(block));
    BIO_free(file);
    if (!ok || count < 0 || total > LONGEST) {
        BIO_free(memory);
        return NULL;
    }
    return memory;
}

/* Adds the keys of a BIO (NULL after an error) to a copy of the context's
   store, which then replaces the store.  Returns 0, or -1 with the error queue
   filled. */
static int
add_keys(sslb_context *context, BIO *bio, int for_retry)
{
    OSSL_ECHSTORE *store = bio != NULL
        ? store_duplicate(context->ctx, context->ech_keys) : NULL;

    if (store == NULL || !store_read_keys(store, bio, for_retry)) {
        OSSL_ECHSTORE_free(store);
        return -1;
    }
    OSSL_ECHSTORE_free(context->ech_keys);
    context->ech_keys = store;
    return 0;
}

/* Opens a source, likewise. */
static BIO *
source_open(sslb_source *source)
{
    BIO *bio;

    ERR_clear_error();
    if (source->path == NULL) {
        return (size_t)source->length <= LONGEST
            ? sslb_source_open_nogil(source) : NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    sslb_gate_enter_nogil();
    bio = read_file_nogil(source);
    sslb_gate_leave_nogil();
    Py_END_ALLOW_THREADS
    return bio;
}

static int
load_keys(sslb_context *context, sslb_source *source, int for_retry)
{
    BIO *bio = source_open(source);
    int rc = add_keys(context, bio, for_retry);

    BIO_free(bio);
    if (rc < 0 && source->path == NULL) {
        raise_undecodable("source", __LINE__);
    }
    else if (rc < 0) {
        sslb_source_raise(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_ECH_DECODE_ERROR),
                          source, "file of ECH keys", __LINE__);
    }
    return rc;
}

PyObject *
sslb_context_load_ech_keys(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"source", "for_retry", NULL};
    sslb_context *context = (sslb_context *)self;
    PyObject *value, *flag = Py_True, *result = NULL;
    sslb_source source = {.path = NULL};
    int for_retry;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:load_ech_keys",
                                     keywords, &value, &flag)
        || (for_retry = PyObject_IsTrue(flag)) < 0) {
        return NULL;
    }
    if (sslb_source_find(&source, value, "source") == 0
        && sslb_source_read(&source, 0) == 0
        && load_keys(context, &source, for_retry) == 0) {
        result = Py_NewRef(Py_None);
    }
    sslb_source_close(&source);
    return result;
}

/* -- the list of clients ---------------------------------------------- */

int
sslb_ech_list_parse(PyObject *value, sslb_ech_list *list)
{
    Py_buffer view;

    list->store = NULL;
    list->bytes = NULL;
    if (sslb_buffer_get(value, &view) < 0) {
        return -1;
    }
    list->bytes = PyBytes_FromStringAndSize(view.buf, view.len);
    PyBuffer_Release(&view);
    if (list->bytes != NULL) {
        list->store = store_from_list(list->bytes);
    }
    if (list->store == NULL) {
        Py_CLEAR(list->bytes);
    }
    return list->store != NULL ? 0 : -1;
}

void
sslb_ech_list_clear(sslb_ech_list *list)
{
    OSSL_ECHSTORE_free(list->store);
    Py_CLEAR(list->bytes);
    list->store = NULL;
}

PyObject *
sslb_context_get_ech_config_list(PyObject *self, void *closure)
{
    PyObject *list = ((sslb_context *)self)->ech_config_list;

    (void)closure;
    return Py_NewRef(list != NULL ? list : Py_None);
}

int
sslb_context_set_ech_config_list(PyObject *self, PyObject *value,
                                 void *closure)
{
    sslb_context *context = (sslb_context *)self;
    sslb_ech_list list = {NULL, NULL};
    PyObject *old;

    (void)closure;
    if (sslb_refuse_deletion(value, "ech_config_list") < 0
        || (value != Py_None && sslb_ech_list_parse(value, &list) < 0)) {
        return -1;
    }
    old = context->ech_config_list;     /* read it after parsing, which may
                                           have run Python code */
    context->ech_config_list = list.bytes;
    list.bytes = old;
    sslb_ech_list_clear(&list);
    return 0;
}

int
sslb_ech_copy(sslb_context *copy, sslb_context *original)
{
    ERR_clear_error();
    copy->ech_config_list = Py_XNewRef(original->ech_config_list);
    if (original->ech_keys == NULL) {
        return 0;
    }
    copy->ech_keys = store_duplicate(copy->ctx, original->ech_keys);
    if (copy->ech_keys == NULL) {
        sslb_queue_raise("ECH keys", __LINE__);
        return -1;
    }
    return 0;
}

void
sslb_ech_forget(sslb_context *context)
{
    OSSL_ECHSTORE_free(context->ech_keys);
    context->ech_keys = NULL;
    Py_CLEAR(context->ech_config_list);
}

/* -- new keys --------------------------------------------------------- */

/* Creates new keys as PEM in a BIO.  Returns NULL with the error queue filled
   on failure. */
static BIO *
new_keys_nogil(const char *public_name)
{
    OSSL_HPKE_SUITE suite = OSSL_HPKE_SUITE_DEFAULT;
    OSSL_ECHSTORE *store = OSSL_ECHSTORE_new(NULL, NULL);
    BIO *bio = BIO_new(BIO_s_mem());

    if (store == NULL || bio == NULL
        || !OSSL_ECHSTORE_new_config(store, OSSL_ECH_CURRENT_VERSION, 0,
                                     public_name, suite)
        || !OSSL_ECHSTORE_write_pem(store, OSSL_ECHSTORE_LAST, bio)) {
        BIO_free(bio);
        bio = NULL;
    }
    OSSL_ECHSTORE_free(store);
    return bio;
}

PyObject *
sslb_ech_generate_keys(PyObject *module, PyObject *public_name)
{
    PyObject *host = sslb_host_as_ascii(public_name);
    PyObject *result = NULL;
    char *pem;
    long length;
    BIO *bio;

    (void)module;
    if (host == NULL) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_SetString(PyExc_TypeError, "public_name must be a str");
        }
        return NULL;
    }
    ERR_clear_error();
    Py_BEGIN_ALLOW_THREADS
    sslb_gate_enter_nogil();
    bio = new_keys_nogil(PyBytes_AS_STRING(host));
    sslb_gate_leave_nogil();
    Py_END_ALLOW_THREADS
    if (bio != NULL) {
        length = BIO_get_mem_data(bio, &pem);
        result = sslb_text_new(pem, (Py_ssize_t)length);
        BIO_free(bio);
    }
    else if (ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE) {
        PyErr_NoMemory();
    }
    else {
        sslb_value_error_raise("public_name is not a DNS name for ECH:",
                               public_name);
    }
    ERR_clear_error();
    Py_DECREF(host);
    return result;
}

#else   /* without ECH */

static PyObject *
refuse(const char *name)
{
    PyErr_Format(PyExc_NotImplementedError,
                 "%s needs OpenSSL 4.0 or later, built with ECH", name);
    return NULL;
}

PyObject *
sslb_context_load_ech_keys(PyObject *self, PyObject *args, PyObject *kwargs)
{
    (void)self;
    (void)args;
    (void)kwargs;
    return refuse("load_ech_keys()");
}

PyObject *
sslb_context_get_ech_config_list(PyObject *self, void *closure)
{
    (void)self;
    (void)closure;
    Py_RETURN_NONE;
}

int
sslb_context_set_ech_config_list(PyObject *self, PyObject *value,
                                 void *closure)
{
    (void)self;
    (void)closure;
    if (sslb_refuse_deletion(value, "ech_config_list") < 0) {
        return -1;
    }
    if (value != Py_None) {
        refuse("ech_config_list");
        return -1;
    }
    return 0;   /* None is the present value */
}

int
sslb_ech_copy(sslb_context *copy, sslb_context *original)
{
    (void)copy;
    (void)original;
    return 0;
}

void
sslb_ech_forget(sslb_context *context)
{
    (void)context;
}

int
sslb_ech_list_parse(PyObject *value, sslb_ech_list *list)
{
    (void)value;
    (void)list;
    refuse("ech_config_list");
    return -1;
}

void
sslb_ech_list_clear(sslb_ech_list *list)
{
    (void)list;
}

PyObject *
sslb_ech_generate_keys(PyObject *module, PyObject *public_name)
{
    (void)module;
    (void)public_name;
    return refuse("generate_ech_keys()");
}

#endif
