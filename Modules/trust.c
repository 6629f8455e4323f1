/* trust.c: trust stores: what is loaded into them, and what is in them.

   Owns the cache of parsed CA files.  OpenSSL 3 parses a bundle slowly, and
   programs make many contexts: a file is parsed once, and each context's own
   X509_STORE takes the certificates by reference, of its first bundle only
   those that a handshake asks for.  The cache is touched only with the GIL
   held, so neither threads nor fork() find it half changed; files are read
   and stores filled without the GIL. */

#include "sslb.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* How many files' certificates are kept. */
#define CACHE_SIZE 8

/* A file changed less than this long ago (seconds) may change again without
   its time stamp showing it: it is not kept. */
#define TOO_FRESH 2

/* Certificates and revocation lists, in the order of their file. */
typedef struct sslb_bundle {
    STACK_OF(X509_INFO) *entries;
    int users;                  /* the cache's reference, and others' */
    int has_crls;
    int has_namesakes;          /* several certificates of one subject */
    sslb_digest digest;         /* of all entries, in their order */
    struct stat identity;       /* of the file it was parsed from */
} bundle;

static bundle *cache[CACHE_SIZE];  /* the most recently used first */

static X509_STORE *
store_of(PyObject *self)
{
    return SSL_CTX_get_cert_store(((sslb_context *)self)->ctx);
}

/* -- bundles ---------------------------------------------------------- */

static void
bundle_drop(bundle *self)
{
    if (self != NULL && --self->users == 0) {
        sk_X509_INFO_pop_free(self->entries, X509_INFO_free);
        free(self);
    }
}

static int
compare_subjects(const X509 *const *a, const X509 *const *b)
{
    return X509_NAME_cmp(X509_get_subject_name(*a),
                         X509_get_subject_name(*b));
}

/* Out of memory: 1, which is never wrong. */
static int
has_namesakes_nogil(const STACK_OF(X509_INFO) *entries)
{
    STACK_OF(X509) *sorted = sk_X509_new(compare_subjects);
    int i, result = sorted == NULL;

    for (i = 0; !result && i < sk_X509_INFO_num(entries); i++) {
        X509 *x509 = sk_X509_INFO_value(entries, i)->x509;

        result = x509 != NULL && !sk_X509_push(sorted, x509);
    }
    if (!result) {
        sk_X509_sort(sorted);
    }
    for (i = 1; !result && i < sk_X509_num(sorted); i++) {
        const X509 *a = sk_X509_value(sorted, i - 1);
        const X509 *b = sk_X509_value(sorted, i);

        result = compare_subjects(&a, &b) == 0 && X509_cmp(a, b) != 0;
    }
    sk_X509_free(sorted);
    return result;
}

/* These two: 1, or 0 with the error queue filled. */

static int
digest_der_nogil(EVP_MD_CTX *state, unsigned char *der, int length)
{
    int ok = length > 0 && EVP_DigestUpdate(state, der, (size_t)length);

    OPENSSL_free(der);
    return ok;
}

static int
digest_entries_nogil(const STACK_OF(X509_INFO) *entries, sslb_digest *digest)
{
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    int ok = state != NULL && EVP_DigestInit_ex(state, EVP_sha256(), NULL);
    int i;

    for (i = 0; ok && i < sk_X509_INFO_num(entries); i++) {
        const X509_INFO *entry = sk_X509_INFO_value(entries, i);
        unsigned char *der = NULL;
        int length;

        if (entry->x509 != NULL) {
            /* with what the file says of the uses that it is for */
            length = i2d_X509_AUX(entry->x509, &der);
            ok = digest_der_nogil(state, der, length);
        }
        if (ok && entry->crl != NULL) {
            der = NULL;
            length = i2d_X509_CRL(entry->crl, &der);
            ok = digest_der_nogil(state, der, length);
        }
    }
    ok = ok && EVP_DigestFinal_ex(state, digest->bytes, NULL);
    EVP_MD_CTX_free(state);
    return ok;
}

/* Takes ownership of the entries; NULL with the error queue filled. */
static bundle *
bundle_new_nogil(STACK_OF(X509_INFO) *entries)
{
    bundle *self = calloc(1, sizeof(*self));
    int i;

    if (self == NULL) {
        sk_X509_INFO_pop_free(entries, X509_INFO_free);
        ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    self->entries = entries;
    self->users = 1;
    self->has_namesakes = has_namesakes_nogil(entries);
    for (i = 0; i < sk_X509_INFO_num(entries); i++) {
        self->has_crls |= sk_X509_INFO_value(entries, i)->crl != NULL;
    }
    if (!digest_entries_nogil(entries, &self->digest)) {
        bundle_drop(self);
        return NULL;
    }
    return self;
}

static int
bundle_count_nogil(const bundle *self)
{
    int i, count = 0;

    for (i = 0; i < sk_X509_INFO_num(self->entries); i++) {
        const X509_INFO *entry = sk_X509_INFO_value(self->entries, i);

        count += (entry->x509 != NULL) + (entry->crl != NULL);
    }
    return count;
}

/* 1, or 0 with the error queue filled; what is there already is no error. */
static int
bundle_fill_store_nogil(const bundle *self, X509_STORE *store)
{
    int i, rc = 1;

    for (i = 0; rc && i < sk_X509_INFO_num(self->entries); i++) {
        const X509_INFO *entry = sk_X509_INFO_value(self->entries, i);

        if (entry->x509 != NULL) {
            rc = X509_STORE_add_cert(store, entry->x509);
        }
        if (rc && entry->crl != NULL) {
            rc = X509_STORE_add_crl(store, entry->crl);
        }
    }
    return rc;
}

/* -- the cache -------------------------------------------------------- */

static struct timespec
modified(const struct stat *status)
{
#ifdef __APPLE__
    return status->st_mtimespec;
#else
    return status->st_mtim;
#endif
}

static struct timespec
changed(const struct stat *status)
{
#ifdef __APPLE__
    return status->st_ctimespec;
#else
    return status->st_ctim;
#endif
}

static int
same_moment(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static int
same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino
        && a->st_size == b->st_size
        && same_moment(modified(a), modified(b))
        && same_moment(changed(a), changed(b));
}

/* Moves it to the front, where a new one stands too. */
static void
cache_move_to_front(int position, bundle *found)
{
    memmove(&cache[1], &cache[0], (size_t)position * sizeof(cache[0]));
    cache[0] = found;
}

/* A reference to the bundle of that very file, or NULL. */
static bundle *
cache_find(const struct stat *identity)
{
    int i;

    for (i = 0; i < CACHE_SIZE && cache[i] != NULL; i++) {
        bundle *found = cache[i];

        if (same_file(&found->identity, identity)) {
            cache_move_to_front(i, found);
            found->users++;
            return found;
        }
    }
    return NULL;
}

static void
cache_keep(bundle *fresh)
{
    bundle *oldest = cache[CACHE_SIZE - 1];

    if (!S_ISREG(fresh->identity.st_mode)
        || time(NULL) - changed(&fresh->identity).tv_sec < TOO_FRESH) {
        return;
    }
    fresh->users++;
    cache_move_to_front(CACHE_SIZE - 1, fresh);
    bundle_drop(oldest);
}

/* -- files ------------------------------------------------------------ */

/* NULL with the error queue filled. */
static bundle *
bundle_parse_nogil(BIO *bio, const struct stat *identity)
{
    STACK_OF(X509_INFO) *entries = PEM_X509_INFO_read_bio(bio, NULL, NULL,
                                                          (void *)"");
    bundle *result = entries != NULL ? bundle_new_nogil(entries) : NULL;

    if (result != NULL) {
        result->identity = *identity;
    }
    return result;
}

/* The bundle of a PEM file, from the cache or parsed.  A reference, or NULL
   with an exception; a file without any certificate is an error as well. */
static bundle *
bundle_from_file(PyObject *path)
{
    unsigned long code = ERR_PACK(ERR_LIB_X509, 0, ERR_R_PEM_LIB);
    struct stat identity;
    bundle *result = NULL;
    BIO *bio;

    ERR_clear_error();
    Py_BEGIN_ALLOW_THREADS
    sslb_gate_enter_nogil();
    bio = sslb_file_open_nogil(PyBytes_AS_STRING(path), &identity);
    sslb_gate_leave_nogil();
    Py_END_ALLOW_THREADS
    if (bio != NULL) {
        result = cache_find(&identity);
        if (result != NULL) {
            BIO_free(bio);
            return result;
        }
        Py_BEGIN_ALLOW_THREADS
        sslb_gate_enter_nogil();
        result = bundle_parse_nogil(bio, &identity);
        BIO_free(bio);
        sslb_gate_leave_nogil();
        Py_END_ALLOW_THREADS
    }
    if (result != NULL && bundle_count_nogil(result) == 0) {
        bundle_drop(result);
        result = NULL;
        code = ERR_PACK(ERR_LIB_X509, 0, X509_R_NO_CERTIFICATE_OR_CRL_FOUND);
    }
    if (result == NULL) {
        sslb_file_raise(code, path, "CA file", __LINE__);
        return NULL;
    }
    cache_keep(result);
    return result;
}

/* -- data ------------------------------------------------------------- */

/* Appends a certificate, which it takes: 1, or 0 when out of memory. */
static int
push_certificate_nogil(STACK_OF(X509_INFO) *entries, X509 *x509)
{
    X509_INFO *entry = X509_INFO_new();

    if (entry != NULL) {
        entry->x509 = x509;
        if (sk_X509_INFO_push(entries, entry) > 0) {
            return 1;
        }
        X509_INFO_free(entry);
        return 0;
    }
    X509_free(x509);
    return 0;
}

/* Both parsers read all of the data: 1, or 0 with the error queue filled.
   They know the end by having read everything, not by an error code, which
   differs between OpenSSL's versions (gh-151504). */

static int
parse_pem_nogil(STACK_OF(X509_INFO) *entries, const void *data, int length)
{
    BIO *bio = BIO_new_mem_buf(data, length);
    X509 *x509;
    int rc = bio != NULL;

    while (rc && (x509 = PEM_read_bio_X509(bio, NULL, NULL,
                                           (void *)"")) != NULL) {
        rc = push_certificate_nogil(entries, x509);
    }
    if (rc) {
        rc = BIO_eof(bio) && sslb_queue_take_end_of_pem_nogil();
    }
    BIO_free(bio);
    return rc;
}

static int
parse_der_nogil(STACK_OF(X509_INFO) *entries, const unsigned char *data,
                long length)
{
    const unsigned char *end = data + length;
    X509 *x509;

    while (data < end) {
        x509 = d2i_X509(NULL, &data, (long)(end - data));
        if (x509 == NULL || !push_certificate_nogil(entries, x509)) {
            return 0;
        }
    }
    return 1;
}

static bundle *
bundle_from_buffer(const Py_buffer *view, int is_pem)
{
    STACK_OF(X509_INFO) *entries = sk_X509_INFO_new_null();
    bundle *result;
    int ok = 0, count;

    if (entries == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    ERR_clear_error();
    Py_BEGIN_ALLOW_THREADS
    sslb_gate_enter_nogil();
    ok = is_pem ? parse_pem_nogil(entries, view->buf, (int)view->len)
                : parse_der_nogil(entries, view->buf, (long)view->len);
    sslb_gate_leave_nogil();
    Py_END_ALLOW_THREADS
    count = sk_X509_INFO_num(entries);
    if (ok && count > 0) {
        result = bundle_new_nogil(entries);
        if (result == NULL) {
            sslb_queue_raise("cadata", __LINE__);
        }
        return result;
    }
    sk_X509_INFO_pop_free(entries, X509_INFO_free);
    if (count == 0) {
        ERR_clear_error();
        sslb_error_raise(sslb_errors.error, 0, is_pem
                         ? "no start line: cadata does not contain a "
                           "certificate"
                         : "not enough data: cadata does not contain a "
                           "certificate", __LINE__);
    }
    else {
        sslb_queue_raise("cadata goes wrong after its first certificates",
                         __LINE__);
    }
    return NULL;
}

/* 2.7's str may be either: PEM shows by its BEGIN line. */
static int
has_begin_line(const Py_buffer *view)
{
    static const char begin[] = "-----BEGIN";
    const char *data = view->buf;
    Py_ssize_t i, last = view->len - (Py_ssize_t)(sizeof(begin) - 1);

    for (i = 0; i <= last; i++) {
        if (memcmp(data + i, begin, sizeof(begin) - 1) == 0) {
            return 1;
        }
    }
    return 0;
}

static bundle *
bundle_from_data(PyObject *cadata)
{
    PyObject *ascii = NULL;
    bundle *result = NULL;
    int is_text = sslb_is_unicode(cadata);
    Py_buffer view;

    if (is_text) {
        cadata = ascii = sslb_text_encode(cadata, "ascii");
    }
    if (cadata == NULL || sslb_buffer_get(cadata, &view) < 0) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)
            || PyErr_ExceptionMatches(PyExc_UnicodeError)) {
            PyErr_SetString(PyExc_TypeError, "cadata should be an ASCII "
                            "string or a bytes-like object");
        }
        Py_XDECREF(ascii);
        return NULL;
    }
    if (view.len == 0) {
        PyErr_SetString(PyExc_ValueError, "Empty certificate data");
    }
    else if (view.len > INT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "cadata is longer than 2 GiB");
    }
    else {
        result = bundle_from_buffer(&view, is_text
                                    || (PyBytes_Check(cadata)
                                        && SSLB_BYTES_ARE_TEXT
                                        && has_begin_line(&view)));
    }
    PyBuffer_Release(&view);
    Py_XDECREF(ascii);
    return result;
}

/* -- the first bundle of a store --------------------------------------- */

/* Adds to the store the certificate that the bundle has of that name, and
   returns it (borrowed from the bundle), or NULL. */
static X509 *
find_by_subject_nogil(const bundle *self, const X509_NAME *name,
                      X509_STORE *store)
{
    int i;

    for (i = 0; i < sk_X509_INFO_num(self->entries); i++) {
        X509 *x509 = sk_X509_INFO_value(self->entries, i)->x509;

        if (x509 != NULL
            && X509_NAME_cmp(X509_get_subject_name(x509), name) == 0) {
            return X509_STORE_add_cert(store, x509) ? x509 : NULL;
        }
    }
    return NULL;
}

/* What OpenSSL calls for a name that the store does not have yet.  The
   reference that the result takes is one too many, for the caller takes
   another: X509_LOOKUP_meth_new(3). */
static int
lookup_by_subject(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type,
                  SSLB_LOOKUP_NAME *name, X509_OBJECT *result)
{
    X509 *found = type == X509_LU_X509
        ? find_by_subject_nogil(X509_LOOKUP_get_method_data(lookup), name,
                                X509_LOOKUP_get_store(lookup))
        : NULL;
    int rc = found != NULL && X509_OBJECT_set1_X509(result, found);

    X509_free(rc ? found : NULL);
    return rc;
}

static X509_LOOKUP_METHOD *lookup_method = NULL;

int
sslb_trust_module_init(void)
{
    if (lookup_method == NULL) {
        lookup_method = X509_LOOKUP_meth_new("_ssl_backport bundle");
    }
    if (lookup_method == NULL
        || !X509_LOOKUP_meth_set_get_by_subject(lookup_method,
                                                lookup_by_subject)) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* The bundle stays for the life of the context.  1, or 0 with the error queue
   filled, as the next two. */
static int
use_lazily(sslb_context *context, bundle *source)
{
    X509_LOOKUP *lookup = X509_STORE_add_lookup(
        SSL_CTX_get_cert_store(context->ctx), lookup_method);

    if (lookup == NULL || !X509_LOOKUP_set_method_data(lookup, source)) {
        return 0;
    }
    source->users++;
    context->bundle = source;
    context->bundle_is_lazy = 1;
    return 1;
}

void
sslb_trust_forget(sslb_context *context)
{
    bundle_drop(context->bundle);
    context->bundle = NULL;
}

/* -- loading ---------------------------------------------------------- */

/* Its files are read when a handshake wants them: for a digest it is the same
   as long as no file comes or goes. */
static int
digest_folder(const char *path, sslb_digest *digest)
{
    unsigned char numbers[4 * 8];
    struct stat status;
    int rc;

    Py_BEGIN_ALLOW_THREADS
    rc = stat(path, &status);
    Py_END_ALLOW_THREADS
    if (rc != 0) {
        return 0;
    }
    sslb_number_write_nogil(numbers, (uint64_t)status.st_dev);
    sslb_number_write_nogil(numbers + 8, (uint64_t)status.st_ino);
    sslb_number_write_nogil(numbers + 16,
                            (uint64_t)modified(&status).tv_sec);
    sslb_number_write_nogil(numbers + 24,
                            (uint64_t)modified(&status).tv_nsec);
    return sslb_digest_add_nogil(digest, numbers, sizeof(numbers));
}

static int
add_folder(PyObject *self, const char *path)
{
    sslb_context *context = (sslb_context *)self;
    sslb_digest digest = {{0}};
    int is_known = digest_folder(path, &digest);
    X509_LOOKUP *lookup;
    int ok;

    sslb_context_take(context);
    context->has_trust = 1;
    if (is_known) {
        sslb_verification_trust_grew(context, &digest);
    }
    else {
        sslb_verification_trust_changed(context);
    }
    lookup = X509_STORE_add_lookup(store_of(self), X509_LOOKUP_hash_dir());
    ok = lookup != NULL
        && X509_LOOKUP_add_dir(lookup, path, X509_FILETYPE_PEM);
    sslb_context_release(context);
    if (!ok) {
        sslb_queue_raise("capath", __LINE__);
        return -1;
    }
    return 0;
}

static int
fill_store(X509_STORE *store, const bundle *source)
{
    int rc;

    ERR_clear_error();
    Py_BEGIN_ALLOW_THREADS
    sslb_gate_enter_nogil();
    rc = bundle_fill_store_nogil(source, store);
    sslb_gate_leave_nogil();
    Py_END_ALLOW_THREADS
    return rc;
}

/* OpenSSL looks no further for a name that it has found in one place: where
   there are several, each bundle is wholly in the store, which comes first.
   So it is where several certificates have one name: their order counts, and
   another thread must not find some of them only.  For a CRL OpenSSL looks
   further than the store, and would find none but ours. */
static int
add_bundle_taken(sslb_context *context, bundle *source)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context->ctx);
    int is_first = !context->has_trust;

    context->has_trust = 1;
    sslb_verification_trust_grew(context, &source->digest);
    if (is_first && !source->has_crls && !source->has_namesakes) {
        return use_lazily(context, source);
    }
    if (context->bundle_is_lazy) {
        if (!fill_store(store, context->bundle)) {
            return 0;
        }
        context->bundle_is_lazy = 0;
    }
    return fill_store(store, source);
}

/* No handshake calls the lookup before it has its bundle. */
static int
add_bundle(PyObject *self, bundle *source)
{
    sslb_context *context = (sslb_context *)self;
    int ok;

    sslb_context_take(context);
    ok = add_bundle_taken(context, source);
    sslb_context_release(context);
    if (!ok) {
        sslb_queue_raise("trust store", __LINE__);
        return -1;
    }
    return 0;
}

/* Everything is parsed before anything is added. */
PyObject *
sslb_context_load_verify_locations(PyObject *self, PyObject *args,
                                   PyObject *kwargs)
{
    static char *keywords[] = {"cafile", "capath", "cadata", NULL};
    PyObject *cafile = Py_None, *capath = Py_None, *cadata = Py_None;
    PyObject *file = NULL, *folder = NULL, *result = NULL;
    bundle *from_file = NULL, *from_data = NULL;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs,
                                     "|OOO:load_verify_locations", keywords,
                                     &cafile, &capath, &cadata)) {
        return NULL;
    }
    if (cafile == Py_None && capath == Py_None && cadata == Py_None) {
        PyErr_SetString(PyExc_TypeError, "cafile, capath and cadata cannot "
                        "be all omitted");
        return NULL;
    }
    if (sslb_path_argument(cafile, "cafile", &file) < 0
        || sslb_path_argument(capath, "capath", &folder) < 0
        || (cadata != Py_None
            && (from_data = bundle_from_data(cadata)) == NULL)
        || (file != NULL && (from_file = bundle_from_file(file)) == NULL)) {
        goto exit;
    }
    if ((from_data != NULL && add_bundle(self, from_data) < 0)
        || (from_file != NULL && add_bundle(self, from_file) < 0)
        || (folder != NULL
            && add_folder(self, PyBytes_AS_STRING(folder)) < 0)) {
        goto exit;
    }
    result = Py_NewRef(Py_None);
exit:
    bundle_drop(from_data);
    bundle_drop(from_file);
    Py_XDECREF(folder);
    Py_XDECREF(file);
    return result;
}

/* The place the environment names, or OpenSSL's own. */
static const char *
default_place(const char *variable, const char *place)
{
    const char *value = getenv(variable);

    return value != NULL && *value != '\0' ? value : place;
}

/* As with SSL_CTX_set_default_verify_paths(3) it is no error if nothing is
   there, or nothing usable. */
PyObject *
sslb_context_set_default_verify_paths(PyObject *self, PyObject *none)
{
    const char *file = default_place(X509_get_default_cert_file_env(),
                                     X509_get_default_cert_file());
    const char *folder = default_place(X509_get_default_cert_dir_env(),
                                       X509_get_default_cert_dir());
    PyObject *path = PyBytes_FromString(file);
    bundle *found;
    int rc = 0;

    (void)none;
    if (path == NULL) {
        return NULL;
    }
    found = bundle_from_file(path);
    Py_DECREF(path);
    if (found != NULL) {
        rc = add_bundle(self, found);
        bundle_drop(found);
    }
    else {
        PyErr_Clear();
    }
    if (rc < 0 || add_folder(self, folder) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* -- what is in a store ----------------------------------------------- */

/* Adds what a list has: 1, or 0 with the error queue filled. */
static int
copy_objects(STACK_OF(X509_OBJECT) *objects, X509_STORE *store)
{
    int i, rc = 1;

    for (i = 0; rc && i < sk_X509_OBJECT_num(objects); i++) {
        X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);

        rc = X509_OBJECT_get_type(object) == X509_LU_CRL
            ? X509_STORE_add_crl(store, X509_OBJECT_get0_X509_CRL(object))
            : X509_STORE_add_cert(store, X509_OBJECT_get0_X509(object));
    }
    return rc;
}

/* The same list with that of the bundle, each object once. */
static STACK_OF(X509_OBJECT) *
with_bundle(STACK_OF(X509_OBJECT) *objects, const bundle *more)
{
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509_OBJECT) *result = NULL;

    if (store != NULL && bundle_fill_store_nogil(more, store)
        && copy_objects(objects, store)) {
        result = X509_STORE_get1_objects(store);
    }
    X509_STORE_free(store);
    return result;
}

/* The list of certificates and CRLs, ours to free (CVE-2024-0397). */
static STACK_OF(X509_OBJECT) *
store_objects(PyObject *self)
{
    sslb_context *context = (sslb_context *)self;
    STACK_OF(X509_OBJECT) *result = X509_STORE_get1_objects(store_of(self));

    if (result != NULL && context->bundle_is_lazy) {
        STACK_OF(X509_OBJECT) *found = result;

        result = with_bundle(found, context->bundle);
        sk_X509_OBJECT_pop_free(found, X509_OBJECT_free);
    }
    if (result == NULL) {
        ERR_clear_error();
        PyErr_NoMemory();
    }
    return result;
}

PyObject *
sslb_context_cert_store_stats(PyObject *self, PyObject *none)
{
    STACK_OF(X509_OBJECT) *objects = store_objects(self);
    int i, x509 = 0, crl = 0, ca = 0;

    (void)none;
    if (objects == NULL) {
        return NULL;
    }
    for (i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        const X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);

        if (X509_OBJECT_get_type(object) == X509_LU_X509) {
            x509++;
            ca += X509_check_ca(X509_OBJECT_get0_X509(object)) != 0;
        }
        crl += X509_OBJECT_get_type(object) == X509_LU_CRL;
    }
    sk_X509_OBJECT_pop_free(objects, X509_OBJECT_free);
    return Py_BuildValue("{sN sN sN}", "x509", sslb_int_new(x509),
                         "crl", sslb_int_new(crl),
                         "x509_ca", sslb_int_new(ca));
}

PyObject *
sslb_context_get_ca_certs(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"binary_form", NULL};
    PyObject *binary_form = Py_False, *result;
    STACK_OF(X509_OBJECT) *objects;
    int i, as_der;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:get_ca_certs",
                                     keywords, &binary_form)
        || (as_der = PyObject_IsTrue(binary_form)) < 0
        || (objects = store_objects(self)) == NULL) {
        return NULL;
    }
    result = PyList_New(0);
    for (i = 0; result != NULL && i < sk_X509_OBJECT_num(objects); i++) {
        X509 *x509 = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        PyObject *item;

        if (x509 == NULL || !X509_check_ca(x509)) {
            continue;
        }
        item = as_der ? sslb_x509_as_der(x509) : sslb_x509_as_dict(x509);
        if (item == NULL || PyList_Append(result, item) < 0) {
            Py_CLEAR(result);
        }
        Py_XDECREF(item);
    }
    sk_X509_OBJECT_pop_free(objects, X509_OBJECT_free);
    return result;
}
