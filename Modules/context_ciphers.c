/* context_ciphers.c: cipher suites, groups and signature algorithms of
   contexts.

   Owns the lists that a context allows. */

#include "context_ciphers.h"
#include "errors.h"
#include "opensslcompat.h"
#include "parameters.h"
#include "pycompat_values.h"

#include <string.h>

/* Sets the cipher list, and takes ownership of it.  Returns 1, or 0 with the
   old list and security level.  OpenSSL loses the old list when it refuses a
   new one, and a new list may have set a @SECLEVEL. */
static int
replace_ciphers(sslb_context *context, char *list)
{
    char *old;
    int ok, level;

    sslb_context_take(context);
    level = SSL_CTX_get_security_level(context->ctx);
    ok = SSL_CTX_set_cipher_list(context->ctx, list);
    if (ok) {
        old = context->ciphers;
        context->ciphers = list;
        list = old;
    }
    else {
        /* if memory runs out here, no cipher may be left, and then no
           handshake succeeds */
        (void)SSL_CTX_set_cipher_list(
            context->ctx, context->ciphers != NULL ? context->ciphers
                                                   : SSLB_DEFAULT_CIPHERS);
        SSL_CTX_set_security_level(context->ctx, level);
    }
    ERR_clear_error();
    sslb_context_release(context);
    OPENSSL_free(list);
    return ok;
}

PyObject *
sslb_context_set_ciphers(PyObject *self, PyObject *args)
{
    const char *list;
    char *copy;

    if (!PyArg_ParseTuple(args, "s:set_ciphers", &list)) {
        return NULL;
    }
    copy = OPENSSL_strdup(list);
    if (copy == NULL) {
        return PyErr_NoMemory();
    }
    if (!replace_ciphers((sslb_context *)self, copy)) {
        PyErr_SetString(sslb_errors.error, "No cipher can be selected.");
        return NULL;
    }
    Py_RETURN_NONE;
}

/* OpenSSL has macros for these, not functions. */
static int
set_groups_list(SSL_CTX *ctx, const char *names)
{
    return (int)SSL_CTX_set1_groups_list(ctx, names);
}

static int
set_client_sigalgs_list(SSL_CTX *ctx, const char *names)
{
    return (int)SSL_CTX_set1_client_sigalgs_list(ctx, names);
}

static int
set_sigalgs_list(SSL_CTX *ctx, const char *names)
{
    return (int)SSL_CTX_set1_sigalgs_list(ctx, names);
}

static const struct {
    const char *name;
    int (*set)(SSL_CTX *, const char *);
    const char *failure;
} lists[] = {
    [SSLB_CIPHERSUITES] = {"ciphersuites", SSL_CTX_set_ciphersuites,
                           "No cipher suite can be selected."},
    [SSLB_GROUPS] = {"groups", set_groups_list, "unrecognized group"},
    [SSLB_CLIENT_SIGALGS] = {"client_sigalgs", set_client_sigalgs_list,
                             "unrecognized signature algorithm"},
    [SSLB_SERVER_SIGALGS] = {"server_sigalgs", set_sigalgs_list,
                             "unrecognized signature algorithm"},
};

/* Sets one of the lists, and takes ownership of the names.  Returns 1, or 0
   with the old list. */
static int
replace_list(sslb_context *context, sslb_list which, char *names)
{
    char *old = names;
    int ok;

    sslb_context_take(context);
    ok = lists[which].set(context->ctx, names);
    if (ok) {
        old = context->lists[which];
        context->lists[which] = names;
        if (which == SSLB_GROUPS) {
            context->curve = 0;
        }
    }
    ERR_clear_error();
    sslb_context_release(context);
    if (ok) {
        sslb_settings_add(context, lists[which].name, names, strlen(names));
    }
    OPENSSL_free(old);
    return ok;
}

/* The common part of the methods that set one of the lists. */
static PyObject *
set_list(PyObject *self, PyObject *names, sslb_list which)
{
    PyObject *bytes = sslb_text_encode_string(names, "utf-8");
    char *copy;

    if (bytes == NULL) {
        return NULL;
    }
    copy = OPENSSL_strdup(PyBytes_AS_STRING(bytes));
    Py_DECREF(bytes);
    if (copy == NULL) {
        ERR_clear_error();
        return PyErr_NoMemory();
    }
    if (!replace_list((sslb_context *)self, which, copy)) {
        sslb_error_raise(sslb_errors.error, 0, lists[which].failure,
                         __LINE__);
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *
sslb_context_set_ciphersuites(PyObject *self, PyObject *names)
{
    return set_list(self, names, SSLB_CIPHERSUITES);
}

static PyObject *
nid_as_text(int nid)
{
    const char *name = nid != NID_undef ? OBJ_nid2ln(nid) : NULL;

    return name != NULL ? sslb_text_from_string(name) : Py_NewRef(Py_None);
}

static PyObject *
cipher_as_dict(const SSL_CIPHER *cipher)
{
    char description[256];
    int alg_bits;
    int strength_bits = SSL_CIPHER_get_bits(cipher, &alg_bits);
    size_t length;

    if (SSL_CIPHER_description(cipher, description,
                               sizeof(description)) == NULL) {
        description[0] = '\0';
    }
    length = strlen(description);
    while (length > 0 && description[length - 1] == '\n') {
        description[--length] = '\0';
    }
    return Py_BuildValue(
        "{sN sN sN sN sN sN sN sN sN sN sN}",
        "id", sslb_int_from_unsigned(SSL_CIPHER_get_id(cipher)),
        "name", sslb_text_from_string(SSL_CIPHER_get_name(cipher)),
        "protocol", sslb_text_from_string(SSL_CIPHER_get_version(cipher)),
        "description", sslb_text_new(description, (Py_ssize_t)length),
        "strength_bits", sslb_int_new(strength_bits),
        "alg_bits", sslb_int_new(alg_bits),
        "aead", PyBool_FromLong(SSL_CIPHER_is_aead(cipher)),
        "symmetric", nid_as_text(SSL_CIPHER_get_cipher_nid(cipher)),
        "digest", nid_as_text(SSL_CIPHER_get_digest_nid(cipher)),
        "kea", nid_as_text(SSL_CIPHER_get_kx_nid(cipher)),
        "auth", nid_as_text(SSL_CIPHER_get_auth_nid(cipher)));
}

/* Works on a copy: creating the dicts may run Python code, which may set other
   ciphers. */
PyObject *
sslb_context_get_ciphers(PyObject *self, PyObject *none)
{
    sslb_context *context = (sslb_context *)self;
    STACK_OF(SSL_CIPHER) *ciphers;
    PyObject *result;
    int i;

    (void)none;
    ciphers = sk_SSL_CIPHER_dup(SSL_CTX_get_ciphers(context->ctx));
    if (ciphers == NULL) {
        ERR_clear_error();
        return PyErr_NoMemory();
    }
    result = PyList_New(0);
    for (i = 0; result != NULL && i < sk_SSL_CIPHER_num(ciphers); i++) {
        PyObject *item = cipher_as_dict(sk_SSL_CIPHER_value(ciphers, i));

        if (item == NULL || PyList_Append(result, item) < 0) {
            Py_CLEAR(result);
        }
        Py_XDECREF(item);
    }
    sk_SSL_CIPHER_free(ciphers);
    return result;
}

/* Accepts also bytes, as 3.6 does.  Returns a new reference to bytes. */
static PyObject *
curve_name(PyObject *argument)
{
    if (!PyBytes_Check(argument)) {
        return sslb_text_encode_string(argument, "utf-8");
    }
    if (memchr(PyBytes_AS_STRING(argument), '\0',
               (size_t)PyBytes_GET_SIZE(argument)) != NULL) {
        PyErr_SetString(PyExc_ValueError, "embedded null character");
        return NULL;
    }
    return Py_NewRef(argument);
}

PyObject *
sslb_context_set_ecdh_curve(PyObject *self, PyObject *argument)
{
    sslb_context *context = (sslb_context *)self;
    PyObject *name = curve_name(argument);
    PyObject *result = NULL;
    int nid, ok;

    if (name == NULL) {
        return NULL;
    }
    nid = OBJ_sn2nid(PyBytes_AS_STRING(name));
    sslb_context_take(context);
    ok = nid != NID_undef && SSL_CTX_set1_groups(context->ctx, &nid, 1);
    if (ok) {
        context->curve = nid;
        OPENSSL_free(context->lists[SSLB_GROUPS]);
        context->lists[SSLB_GROUPS] = NULL;
    }
    ERR_clear_error();
    sslb_context_release(context);
    if (ok) {
        sslb_settings_add(context, "groups", PyBytes_AS_STRING(name),
                          (size_t)PyBytes_GET_SIZE(name));
        result = Py_NewRef(Py_None);
    }
    else {
        sslb_value_error_raise("unknown elliptic curve name", argument);
    }
    Py_DECREF(name);
    return result;
}

PyObject *
sslb_context_set_groups(PyObject *self, PyObject *names)
{
    return set_list(self, names, SSLB_GROUPS);
}

PyObject *
sslb_context_set_client_sigalgs(PyObject *self, PyObject *names)
{
    return set_list(self, names, SSLB_CLIENT_SIGALGS);
}

PyObject *
sslb_context_set_server_sigalgs(PyObject *self, PyObject *names)
{
    return set_list(self, names, SSLB_SERVER_SIGALGS);
}

/* -- copies and the end ------------------------------------------------- */

/* Returns 1, or 0 when out of memory, as the next function does. */
static int
copy_text(char **copy, const char *text)
{
    return text == NULL || (*copy = OPENSSL_strdup(text)) != NULL;
}

static int
copy_lists(sslb_context *copy, const sslb_context *original)
{
    int i, ok = 1;

    for (i = 0; ok && i < SSLB_LIST_COUNT; i++) {
        ok = copy_text(&copy->lists[i], original->lists[i])
            && (copy->lists[i] == NULL
                || lists[i].set(copy->ctx, copy->lists[i]));
    }
    return ok;
}

int
sslb_ciphers_copy(sslb_context *copy, sslb_context *original)
{
    ERR_clear_error();
    copy->curve = original->curve;
    if (!copy_text(&copy->ciphers, original->ciphers)
        || (copy->ciphers != NULL
            && !SSL_CTX_set_cipher_list(copy->ctx, copy->ciphers))
        || !copy_lists(copy, original)
        || (copy->curve != 0
            && !SSL_CTX_set1_groups(copy->ctx, &copy->curve, 1))) {
        ERR_clear_error();
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

void
sslb_ciphers_forget(sslb_context *context)
{
    int i;

    OPENSSL_free(context->ciphers);
    for (i = 0; i < SSLB_LIST_COUNT; i++) {
        OPENSSL_free(context->lists[i]);
    }
}

#ifdef SSLB_HAVE_IMPLEMENTED_GROUPS
static PyObject *
implemented_groups(SSL_CTX *ctx, int aliases)
{
    STACK_OF(OPENSSL_CSTRING) *names = sk_OPENSSL_CSTRING_new_null();
    PyObject *result = NULL;
    int i;

    if (names == NULL
        || !SSL_CTX_get0_implemented_groups(ctx, aliases, names)) {
        ERR_clear_error();
        PyErr_NoMemory();
    }
    else {
        result = PyList_New(0);
    }
    for (i = 0; result != NULL && i < sk_OPENSSL_CSTRING_num(names); i++) {
        PyObject *name = sslb_text_from_string(
            sk_OPENSSL_CSTRING_value(names, i));

        if (name == NULL || PyList_Append(result, name) < 0) {
            Py_CLEAR(result);
        }
        Py_XDECREF(name);
    }
    sk_OPENSSL_CSTRING_free(names);
    return result;
}
#else
static PyObject *
implemented_groups(SSL_CTX *ctx, int aliases)
{
    (void)ctx;
    (void)aliases;
    PyErr_SetString(PyExc_NotImplementedError,
                    "get_groups() needs OpenSSL 3.5 or later");
    return NULL;
}
#endif

PyObject *
sslb_context_get_groups(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"include_aliases", NULL};
    PyObject *aliases = Py_False;
    int truth;

    if (PyTuple_GET_SIZE(args) > 0) {
        PyErr_SetString(PyExc_TypeError,
                        "get_groups() takes keyword arguments only");
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:get_groups", keywords,
                                     &aliases)
        || (truth = PyObject_IsTrue(aliases)) < 0) {
        return NULL;
    }
    return implemented_groups(((sslb_context *)self)->ctx, truth);
}
