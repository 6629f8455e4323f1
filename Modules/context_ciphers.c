/* context_ciphers.c: which cipher suites and curves a context allows. */

#include "sslb.h"

#include <string.h>

/* Tried on an SSL of its own: OpenSSL forgets the old list of a context also
   when it refuses the new one. */
static int
set_cipher_list(SSL_CTX *ctx, const char *list)
{
    SSL *trial = SSL_new(ctx);
    int ok = trial != NULL && SSL_set_cipher_list(trial, list)
        && SSL_CTX_set_cipher_list(ctx, list);

    SSL_free(trial);
    return ok;
}

PyObject *
sslb_context_set_ciphers(PyObject *self, PyObject *args)
{
    const char *list;

    if (!PyArg_ParseTuple(args, "s:set_ciphers", &list)) {
        return NULL;
    }
    ERR_clear_error();
    if (!set_cipher_list(((sslb_context *)self)->ctx, list)) {
        ERR_clear_error();
        PyErr_SetString(sslb_errors.error, "No cipher can be selected.");
        return NULL;
    }
    Py_RETURN_NONE;
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

PyObject *
sslb_context_get_ciphers(PyObject *self, PyObject *none)
{
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(
        ((sslb_context *)self)->ctx);
    PyObject *result = PyList_New(0);
    int i;

    (void)none;
    for (i = 0; result != NULL && i < sk_SSL_CIPHER_num(ciphers); i++) {
        PyObject *item = cipher_as_dict(sk_SSL_CIPHER_value(ciphers, i));

        if (item == NULL || PyList_Append(result, item) < 0) {
            Py_CLEAR(result);
        }
        Py_XDECREF(item);
    }
    return result;
}

PyObject *
sslb_context_set_ecdh_curve(PyObject *self, PyObject *argument)
{
    PyObject *name = sslb_path_as_bytes(argument);  /* str or bytes */
    int nid;

    if (name == NULL) {
        return NULL;
    }
    nid = OBJ_sn2nid(PyBytes_AS_STRING(name));
    ERR_clear_error();
    if (nid == NID_undef
        || !SSL_CTX_set1_groups(((sslb_context *)self)->ctx, &nid, 1)) {
        ERR_clear_error();
        PyErr_Format(PyExc_ValueError, "unknown elliptic curve name '%.200s'",
                     PyBytes_AS_STRING(name));
        Py_DECREF(name);
        return NULL;
    }
    Py_DECREF(name);
    Py_RETURN_NONE;
}
