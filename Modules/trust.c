/* trust.c: trust stores: the methods that load them and list their contents.

   Owns the way from a bundle into a store.  Programs create many contexts.
   Each context has its own X509_STORE, which holds references to the
   certificates of the bundles.  From a context's first bundle the store gets
   only the certificates that a handshake looks up.  Threads fill stores
   without the GIL. */

#include "trust.h"
#include "bundle.h"
#include "bundle_load.h"
#include "digest.h"
#include "errors.h"
#include "files.h"
#include "hints.h"
#include "lock.h"
#include "opensslcompat.h"
#include "parameters.h"
#include "pycompat_values.h"
#include "source.h"
#include "x509.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static X509_STORE *
store_of(PyObject *self)
{
    return SSL_CTX_get_cert_store(((sslb_context *)self)->ctx);
}

/* -- the first bundle of a store --------------------------------------- */

/* Adds the bundle's certificate of that subject to the store and returns it,
   borrowed from the bundle, or returns NULL. */
static X509 *
find_by_subject_nogil(const sslb_bundle *source, const X509_NAME *name,
                      X509_STORE *store)
{
    X509 *x509 = sslb_bundle_find_nogil(source, name);

    return x509 != NULL && X509_STORE_add_cert(store, x509) ? x509 : NULL;
}

/* OpenSSL calls this for a subject that the store lacks.  Drops the reference
   that `result` took, because OpenSSL takes its own one afterwards:
   X509_LOOKUP_meth_new(3). */
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

/* Lets handshakes look up certificates in the bundle.  The context holds a
   reference to the bundle until the context is freed.  1, or 0 with the error
   queue filled. */
static int
use_lazily(sslb_context *context, sslb_bundle *source)
{
    X509_LOOKUP *lookup = X509_STORE_add_lookup(
        SSL_CTX_get_cert_store(context->ctx), lookup_method);

    if (lookup == NULL || !X509_LOOKUP_set_method_data(lookup, source)) {
        return 0;
    }
    context->bundle = sslb_bundle_share(source);
    context->bundle_is_lazy = 1;
    return 1;
}

static void
free_path(char *path)
{
    OPENSSL_free(path);
}

void
sslb_trust_forget(sslb_context *context)
{
    sk_OPENSSL_STRING_pop_free(context->folders, free_path);
    sslb_bundle_drop(context->bundle);
    context->bundle = NULL;
}

/* -- folders ---------------------------------------------------------- */

static int
has_folder(const sslb_context *context, const char *path)
{
    int i;

    for (i = 0; i < sk_OPENSSL_STRING_num(context->folders); i++) {
        if (strcmp(sk_OPENSSL_STRING_value(context->folders, i), path) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Notes the folder, because OpenSSL has no getter: 1, or 0 when out of
   memory. */
static int
note_folder(sslb_context *context, const char *path)
{
    char *copy;

    if (has_folder(context, path)) {
        return 1;
    }
    if (context->folders == NULL) {
        context->folders = sk_OPENSSL_STRING_new_null();
    }
    copy = OPENSSL_strdup(path);
    if (copy != NULL && context->folders != NULL
        && sk_OPENSSL_STRING_push(context->folders, copy) > 0) {
        return 1;
    }
    OPENSSL_free(copy);
    return 0;
}

/* 1, or 0 with the error queue filled. */
static int
use_folder(sslb_context *context, const char *path)
{
    X509_LOOKUP *lookup = X509_STORE_add_lookup(
        SSL_CTX_get_cert_store(context->ctx), X509_LOOKUP_hash_dir());

    return lookup != NULL
        && X509_LOOKUP_add_dir(lookup, path, X509_FILETYPE_PEM)
        && note_folder(context, path);
}

/* -- loading ---------------------------------------------------------- */

/* OpenSSL reads the folder's files during handshakes, so the digest covers
   only the folder itself: it changes when a file is added or removed.  1, or 0
   without an exception. */
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
                            (uint64_t)sslb_file_modified(&status).tv_sec);
    sslb_number_write_nogil(numbers + 24,
                            (uint64_t)sslb_file_modified(&status).tv_nsec);
    return sslb_digest_add_nogil(digest, numbers, sizeof(numbers));
}

static int
add_folder(PyObject *self, const char *path)
{
    sslb_context *context = (sslb_context *)self;
    sslb_digest digest = {{0}};
    int is_known = digest_folder(path, &digest);
    int ok;

    sslb_context_take(context);
    context->has_trust = 1;
    if (is_known) {
        sslb_parameters_trust_grew(context, &digest);
    }
    else {
        sslb_parameters_trust_changed(context);
    }
    ok = use_folder(context, path);
    sslb_context_release(context);
    if (!ok) {
        sslb_queue_raise("capath", __LINE__);
        return -1;
    }
    return 0;
}

static int
fill_store(X509_STORE *store, const sslb_bundle *source,
           int (*add)(const sslb_bundle *, X509_STORE *))
{
    int rc;

    ERR_clear_error();
    Py_BEGIN_ALLOW_THREADS
    sslb_gate_enter_nogil();
    rc = add(source, store);
    sslb_gate_leave_nogil();
    Py_END_ALLOW_THREADS
    return rc;
}

/* Only the first bundle of a context is searched lazily.  OpenSSL searches the
   store first, and stops where it finds a subject; so with several bundles the
   store gets all certificates of each.  The store also gets all certificates
   that share a subject: their order matters, and another thread must not find
   only some of them.  For a CRL OpenSSL prefers the result of a lookup to the
   store's CRLs, so a bundle with CRLs is not searched lazily. */
static int
add_bundle_taken(sslb_context *context, sslb_bundle *source)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context->ctx);
    int is_first = !context->has_trust;

    context->has_trust = 1;
    sslb_parameters_trust_grew(context, sslb_bundle_digest(source));
    if (is_first && !sslb_bundle_has_crls(source)) {
        return fill_store(store, source, sslb_bundle_add_namesakes_nogil)
            && use_lazily(context, source);
    }
    if (context->bundle_is_lazy) {
        if (!fill_store(store, context->bundle,
                        sslb_bundle_fill_store_nogil)) {
            return 0;
        }
        context->bundle_is_lazy = 0;
    }
    return fill_store(store, source, sslb_bundle_fill_store_nogil);
}

/* Holds the guard exclusively, so that no handshake calls the lookup before
   the lookup has its bundle. */
static int
add_bundle(PyObject *self, sslb_bundle *source)
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

/* Notes the sources of trust for hints. */
static void
note_places(sslb_context *context, PyObject *file, PyObject *folder,
            int has_data)
{
    if (file != NULL) {
        sslb_hints_note_place(context, file);
    }
    if (folder != NULL) {
        sslb_hints_note_place(context, folder);
    }
    if (has_data) {
        sslb_hints_note_place(context, NULL);
    }
}

/* Parses everything before it adds anything. */
PyObject *
sslb_context_load_verify_locations(PyObject *self, PyObject *args,
                                   PyObject *kwargs)
{
    static char *keywords[] = {"cafile", "capath", "cadata", NULL};
    PyObject *cafile = Py_None, *capath = Py_None, *cadata = Py_None;
    PyObject *folder = NULL, *result = NULL;
    sslb_source file = {.path = NULL};
    sslb_bundle *from_file = NULL, *from_data = NULL;

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
    if ((cafile != Py_None && sslb_source_find(&file, cafile, "cafile") < 0)
        || sslb_path_argument(capath, "capath", &folder) < 0
        || (cadata != Py_None
            && (from_data = sslb_bundle_from_data(cadata)) == NULL)
        || (cafile != Py_None
            && (from_file = sslb_bundle_from_source(&file)) == NULL)) {
        goto exit;
    }
    if ((from_data != NULL && add_bundle(self, from_data) < 0)
        || (from_file != NULL && add_bundle(self, from_file) < 0)
        || (folder != NULL
            && add_folder(self, PyBytes_AS_STRING(folder)) < 0)) {
        goto exit;
    }
    note_places((sslb_context *)self, file.path, folder,
                from_data != NULL || file.read != NULL);
    result = Py_NewRef(Py_None);
exit:
    sslb_bundle_drop(from_data);
    sslb_bundle_drop(from_file);
    Py_XDECREF(folder);
    sslb_source_close(&file);
    return result;
}

/* The path in the environment variable, or OpenSSL's own. */
static const char *
default_place(const char *variable, const char *place)
{
    const char *value = getenv(variable);

    return value != NULL && *value != '\0' ? value : place;
}

/* Ignores a file that is missing or unusable, as
   SSL_CTX_set_default_verify_paths(3) does. */
PyObject *
sslb_context_set_default_verify_paths(PyObject *self, PyObject *none)
{
    const char *file = default_place(X509_get_default_cert_file_env(),
                                     X509_get_default_cert_file());
    const char *folder = default_place(X509_get_default_cert_dir_env(),
                                       X509_get_default_cert_dir());
    /* Copies, because another thread may change the environment meanwhile. */
    PyObject *path = PyBytes_FromString(file);
    PyObject *place = PyBytes_FromString(folder);
    sslb_bundle *found;
    int rc = 0;

    (void)none;
    if (path == NULL || place == NULL) {
        Py_XDECREF(place);
        Py_XDECREF(path);
        return NULL;
    }
    found = sslb_bundle_from_file(path);
    Py_DECREF(path);
    if (found != NULL) {
        rc = add_bundle(self, found);
        sslb_bundle_drop(found);
    }
    else {
        PyErr_Clear();
    }
    if (rc == 0) {
        rc = add_folder(self, PyBytes_AS_STRING(place));
    }
    Py_DECREF(place);
    if (rc < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* -- the contents of a store ------------------------------------------ */

/* Adds the certificates and CRLs of a list: 1, or 0 with the error queue
   filled. */
static int
copy_objects_nogil(STACK_OF(X509_OBJECT) *objects, X509_STORE *store)
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

/* Returns a new list with the objects of the list and of the bundle, each
   once, or NULL with the error queue filled. */
static STACK_OF(X509_OBJECT) *
with_bundle_nogil(STACK_OF(X509_OBJECT) *objects, const sslb_bundle *more)
{
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509_OBJECT) *result = NULL;

    if (store != NULL && sslb_bundle_fill_store_nogil(more, store)
        && copy_objects_nogil(objects, store)) {
        result = X509_STORE_get1_objects(store);
    }
    X509_STORE_free(store);
    return result;
}

static STACK_OF(X509_OBJECT) *
store_objects_nogil(X509_STORE *store, const sslb_bundle *more)
{
    STACK_OF(X509_OBJECT) *found = X509_STORE_get1_objects(store), *result;

    if (found == NULL || more == NULL) {
        return found;
    }
    result = with_bundle_nogil(found, more);
    sk_X509_OBJECT_pop_free(found, X509_OBJECT_free);
    return result;
}

/* Returns a new list of certificates and CRLs, which the caller frees, or NULL
   with MemoryError.  The store's own list may change meanwhile
   (CVE-2024-0397). */
static STACK_OF(X509_OBJECT) *
store_objects(PyObject *self)
{
    sslb_context *context = (sslb_context *)self;
    const sslb_bundle *more = context->bundle_is_lazy ? context->bundle : NULL;
    STACK_OF(X509_OBJECT) *result;

    Py_BEGIN_ALLOW_THREADS
    sslb_gate_enter_nogil();
    result = store_objects_nogil(store_of(self), more);
    sslb_gate_leave_nogil();
    Py_END_ALLOW_THREADS
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

/* -- copies ----------------------------------------------------------- */

/* Copies the store, which also has the certificates that handshakes have
   looked up: 1, or 0 with the error queue filled. */
static int
copy_store(sslb_context *copy, const sslb_context *original)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get1_objects(
        SSL_CTX_get_cert_store(original->ctx));
    int ok = objects != NULL
        && copy_objects_nogil(objects, SSL_CTX_get_cert_store(copy->ctx));

    sk_X509_OBJECT_pop_free(objects, X509_OBJECT_free);
    return ok;
}

/* Adds the bundle, then the folders, in the order in which OpenSSL searches
   them: 1, or 0 with the error queue filled. */
static int
copy_places(sslb_context *copy, const sslb_context *original)
{
    int i, ok = !original->bundle_is_lazy
        || use_lazily(copy, original->bundle);

    for (i = 0; ok && i < sk_OPENSSL_STRING_num(original->folders); i++) {
        ok = use_folder(copy, sk_OPENSSL_STRING_value(original->folders, i));
    }
    return ok;
}

/* Shares the guard: another thread may be filling the store without the
   GIL. */
int
sslb_trust_copy(sslb_context *copy, sslb_context *original)
{
    int ok;

    sslb_context_share(original);
    copy->has_trust = original->has_trust;
    ok = copy_store(copy, original) && copy_places(copy, original);
    sslb_context_release(original);
    if (!ok) {
        sslb_queue_raise("trust store", __LINE__);
        return -1;
    }
    return 0;
}
