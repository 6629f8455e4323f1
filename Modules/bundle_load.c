/* bundle_load.c: reads bundles from files and data; parses each file once.

   Owns the cache of the bundles of files, and the errors about files and data.
   Only threads that hold the GIL use the cache, so neither threads nor fork()
   find it half changed.  Files are read without the GIL.

   Our own reader reads files in the usual form.  OpenSSL reads all other
   files, and reports what is wrong with invalid ones. */

#include "bundle_load.h"
#include "errors.h"
#include "files.h"
#include "lock.h"
#include "opensslcompat.h"
#include "pycompat_values.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The most bundles in the cache. */
#define CACHE_SIZE 8

/* A file that changed within the last two seconds is not cached: it may change
   again without a new time stamp. */
#define TOO_FRESH 2

/* The largest file (bytes) for our own reader. */
#define LARGEST (16 * 1024 * 1024)

/* A bundle, and fstat()'s result for its file. */
typedef struct {
    sslb_bundle *bundle;
    struct stat identity;
} kept;

static kept cache[CACHE_SIZE];  /* the most recently used first */

/* -- the cache -------------------------------------------------------- */

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
        && same_moment(sslb_file_modified(a), sslb_file_modified(b))
        && same_moment(changed(a), changed(b));
}

/* Moves the entry at `position` to the front, or puts a new one there. */
static void
cache_move_to_front(int position, kept found)
{
    memmove(&cache[1], &cache[0], (size_t)position * sizeof(cache[0]));
    cache[0] = found;
}

/* A new reference to the bundle of that unchanged file, or NULL. */
static sslb_bundle *
cache_find(const struct stat *identity)
{
    int i;

    for (i = 0; i < CACHE_SIZE && cache[i].bundle != NULL; i++) {
        if (same_file(&cache[i].identity, identity)) {
            cache_move_to_front(i, cache[i]);
            return sslb_bundle_share(cache[0].bundle);
        }
    }
    return NULL;
}

static void
cache_keep(sslb_bundle *fresh, const struct stat *identity)
{
    sslb_bundle *oldest = cache[CACHE_SIZE - 1].bundle;
    kept found = {fresh, *identity};

    if (!S_ISREG(identity->st_mode)
        || time(NULL) - changed(identity).tv_sec < TOO_FRESH) {
        return;
    }
    cache_move_to_front(CACHE_SIZE - 1, found);
    sslb_bundle_share(fresh);
    sslb_bundle_drop(oldest);
}

/* -- files ------------------------------------------------------------ */

/* Reads the whole file and appends a NUL; the caller frees the result.
   Returns NULL if the file contains a NUL, has changed its size, or memory
   runs out. */
static char *
read_text_nogil(BIO *bio, const struct stat *identity)
{
    int size = (int)identity->st_size;
    char *text = malloc((size_t)size + 2);

    /* asks for one byte more, to see the end of the file */
    if (text != NULL && BIO_read(bio, text, size + 1) == size) {
        text[size] = '\0';
        if (strlen(text) == (size_t)size) {
            return text;
        }
    }
    free(text);
    return NULL;
}

/* Reads a file in the usual form.  Returns NULL if it has another form or
   memory runs out; then the file is at its start and the error queue is
   empty. */
static sslb_bundle *
bundle_read_file_nogil(BIO *bio, const struct stat *identity)
{
    sslb_bundle *result = NULL;
    char *text;

    if (!S_ISREG(identity->st_mode) || identity->st_size > LARGEST) {
        return NULL;
    }
    text = read_text_nogil(bio, identity);
    if (text != NULL) {
        result = sslb_bundle_from_text_nogil(text);
        free(text);
    }
    if (result == NULL) {
        (void)BIO_reset(bio);
        ERR_clear_error();
    }
    return result;
}

/* Lets OpenSSL read the file.  Returns NULL with the error queue filled on
   failure. */
static sslb_bundle *
bundle_parse_file_nogil(BIO *bio)
{
    STACK_OF(X509_INFO) *entries = PEM_X509_INFO_read_bio(bio, NULL, NULL,
                                                          (void *)"");

    return entries != NULL ? sslb_bundle_from_entries_nogil(entries) : NULL;
}

/* Reads the file with our reader, or else with OpenSSL's.  Returns NULL with
   the error queue filled on failure. */
static sslb_bundle *
bundle_load_nogil(BIO *bio, const struct stat *identity)
{
    sslb_bundle *result = bundle_read_file_nogil(bio, identity);

    return result != NULL ? result : bundle_parse_file_nogil(bio);
}

/* Takes a bundle, or NULL.  An empty bundle is an error: releases it, sets the
   error code and returns NULL. */
static sslb_bundle *
refuse_empty(sslb_bundle *loaded, unsigned long *code)
{
    if (loaded == NULL || !sslb_bundle_is_empty(loaded)) {
        return loaded;
    }
    sslb_bundle_drop(loaded);
    *code = ERR_PACK(ERR_LIB_X509, 0, X509_R_NO_CERTIFICATE_OR_CRL_FOUND);
    return NULL;
}

sslb_bundle *
sslb_bundle_from_file(PyObject *path)
{
    unsigned long code = ERR_PACK(ERR_LIB_X509, 0, ERR_R_PEM_LIB);
    struct stat identity;
    sslb_bundle *result = NULL;
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
        result = bundle_load_nogil(bio, &identity);
        BIO_free(bio);
        sslb_gate_leave_nogil();
        Py_END_ALLOW_THREADS
    }
    result = refuse_empty(result, &code);
    if (result == NULL) {
        sslb_file_raise(code, path, "CA file", __LINE__);
        return NULL;
    }
    cache_keep(result, &identity);
    return result;
}

/* -- objects with read() ---------------------------------------------- */

/* Reads an object's bytes as the text of a file.  Returns NULL with the error
   queue filled on failure. */
static sslb_bundle *
bundle_load_object_nogil(sslb_source *source)
{
    const char *text = sslb_source_text_nogil(source);
    sslb_bundle *result = NULL;
    BIO *bio;

    if (text != NULL) {
        result = sslb_bundle_from_text_nogil(text);
    }
    if (result == NULL) {
        ERR_clear_error();
        bio = sslb_source_open_nogil(source);
        if (bio != NULL) {
            result = bundle_parse_file_nogil(bio);
            BIO_free(bio);
        }
    }
    return result;
}

static sslb_bundle *
bundle_from_object(sslb_source *source)
{
    unsigned long code = ERR_PACK(ERR_LIB_X509, 0, ERR_R_PEM_LIB);
    sslb_bundle *result;

    if (sslb_source_read(source, 0) < 0) {
        return NULL;
    }
    ERR_clear_error();
    Py_BEGIN_ALLOW_THREADS
    sslb_gate_enter_nogil();
    result = bundle_load_object_nogil(source);
    sslb_gate_leave_nogil();
    Py_END_ALLOW_THREADS
    result = refuse_empty(result, &code);
    if (result == NULL) {
        sslb_source_raise(code, source, "CA file", __LINE__);
    }
    return result;
}

sslb_bundle *
sslb_bundle_from_source(sslb_source *source)
{
    return source->path != NULL ? sslb_bundle_from_file(source->path)
                                : bundle_from_object(source);
}

/* -- data ------------------------------------------------------------- */

/* Appends a certificate, and takes ownership of it.  Returns 1, or 0 when out
   of memory. */
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

/* Both parsers read all of the data.  They return 1, or 0 with the error queue
   filled.  They test for the end of the data, not for an error code, which
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

static sslb_bundle *
bundle_from_buffer(const Py_buffer *view, int is_pem)
{
    STACK_OF(X509_INFO) *entries = sk_X509_INFO_new_null();
    sslb_bundle *result;
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
        result = sslb_bundle_from_entries_nogil(entries);
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
        sslb_queue_raise("cadata is invalid after its first certificates",
                         __LINE__);
    }
    return NULL;
}

/* 2.7's str may be PEM or DER; PEM has a BEGIN line. */
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

sslb_bundle *
sslb_bundle_from_data(PyObject *cadata)
{
    PyObject *ascii = NULL;
    sslb_bundle *result = NULL;
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
