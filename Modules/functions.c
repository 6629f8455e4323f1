/* functions.c: the functions of the module that belong to no type.

   Owns random numbers, object identifiers, OpenSSL's default paths, and the
   decoding of a certificate file. */

#include "functions.h"
#include "client_sessions.h"
#include "ech.h"
#include "errors.h"
#include "files.h"
#include "host.h"
#include "lock.h"
#include "opensslcompat.h"
#include "pycompat_values.h"
#include "x509.h"

/* The most bytes that RAND_add() mixes in with one call: a call makes other
   threads wait. */
#define RAND_PART (1 << 20)

/* -- random numbers --------------------------------------------------- */

static PyObject *
rand_add(PyObject *module, PyObject *args)
{
    PyObject *data;
    Py_buffer view;
    const char *next;
    Py_ssize_t left;
    double entropy;

    (void)module;
    if (!PyArg_ParseTuple(args, "Od:RAND_add", &data, &entropy)) {
        return NULL;
    }
    if (sslb_is_unicode(data)) {
        data = PyObject_CallMethod(data, "encode", "s", "utf-8");
    }
    else {
        Py_INCREF(data);
    }
    if (data == NULL) {
        return NULL;
    }
    if (sslb_buffer_get(data, &view) < 0) {
        Py_DECREF(data);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    for (next = view.buf, left = view.len; left > 0;) {
        int part = left > RAND_PART ? RAND_PART : (int)left;

        sslb_gate_enter_nogil();
        RAND_add(next, part, entropy);
        sslb_gate_leave_nogil();
        next += part;
        left -= part;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view);
    Py_DECREF(data);
    Py_RETURN_NONE;
}

static PyObject *
rand_bytes(PyObject *module, PyObject *argument)
{
    PyObject *result;
    int length;

    (void)module;
    if (sslb_int_as_int(argument, &length) < 0) {
        return NULL;
    }
    if (length < 0) {
        PyErr_SetString(PyExc_ValueError, "num must be positive");
        return NULL;
    }
    result = PyBytes_FromStringAndSize(NULL, length);
    if (result == NULL) {
        return NULL;
    }
    ERR_clear_error();
    if (RAND_bytes((unsigned char *)PyBytes_AS_STRING(result),
                   (int)length) != 1) {
        Py_DECREF(result);
        sslb_queue_raise("RAND_bytes", __LINE__);
        return NULL;
    }
    return result;
}

/* Since 1.1.0 OpenSSL's own RAND_pseudo_bytes() is the same as
   RAND_bytes(). */
static PyObject *
rand_pseudo_bytes(PyObject *module, PyObject *argument)
{
    PyObject *bytes = rand_bytes(module, argument);

    return bytes != NULL ? Py_BuildValue("NO", bytes, Py_True) : NULL;
}

static PyObject *
rand_status(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    return PyBool_FromLong(RAND_status());
}

#ifdef SSLB_HAVE_RAND_EGD
/* An Entropy Gathering Daemon served systems without their own random numbers.
   OpenSSL no longer supports such daemons: RAND_egd(3). */
static PyObject *
rand_egd(PyObject *module, PyObject *argument)
{
    const char *path;

    (void)module;
    if (!PyArg_Parse(argument, "s:RAND_egd", &path)) {
        return NULL;
    }
    sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL, "OpenSSL does not "
                     "support entropy gathering daemons: the operating "
                     "system seeds it", __LINE__);
    return NULL;
}
#endif

/* -- object identifiers ----------------------------------------------- */

static PyObject *
txt2obj(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"txt", "name", NULL};
    PyObject *by_name = Py_False, *argument, *text, *result;
    ASN1_OBJECT *object;
    int names;

    (void)module;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:txt2obj", keywords,
                                     &argument, &by_name)
        || (names = PyObject_IsTrue(by_name)) < 0) {
        return NULL;
    }
    text = sslb_text_encode_string(argument, "utf-8");
    if (text == NULL) {
        return NULL;
    }
    object = OBJ_txt2obj(PyBytes_AS_STRING(text), !names);
    Py_DECREF(text);
    if (object == NULL) {
        ERR_clear_error();
        sslb_value_error_raise("unknown object", argument);
        return NULL;
    }
    result = sslb_asn1_object_as_tuple(object);
    ASN1_OBJECT_free(object);
    return result;
}

static PyObject *
nid2obj(PyObject *module, PyObject *argument)
{
    ASN1_OBJECT *object;
    PyObject *result;
    int nid;

    (void)module;
    if (sslb_int_as_int(argument, &nid) < 0) {
        return NULL;
    }
    if (nid < NID_undef) {
        PyErr_SetString(PyExc_ValueError, "NID must be positive.");
        return NULL;
    }
    object = OBJ_nid2obj(nid);
    if (object == NULL) {
        ERR_clear_error();
        PyErr_Format(PyExc_ValueError, "unknown NID %d", nid);
        return NULL;
    }
    result = sslb_asn1_object_as_tuple(object);
    ASN1_OBJECT_free(object);
    return result;
}

/* -- algorithms ------------------------------------------------------- */

static PyObject *
get_sigalgs(PyObject *module, PyObject *none)
{
    PyObject *result = NULL;

    (void)module;
    (void)none;
#ifdef SSLB_HAVE_BUILTIN_SIGALGS
    {
        char *names = SSL_get1_builtin_sigalgs(NULL);

        if (names == NULL) {
            return PyErr_NoMemory();
        }
        result = sslb_text_split(names, ':');
        OPENSSL_free(names);
    }
#else
    PyErr_SetString(PyExc_NotImplementedError,
                    "get_sigalgs() needs OpenSSL 3.4 or later");
#endif
    return result;
}

/* -- paths and files -------------------------------------------------- */

static PyObject *
get_default_verify_paths(PyObject *module, PyObject *none)
{
    (void)module;
    (void)none;
    return Py_BuildValue(
        "NNNN", sslb_text_from_string(X509_get_default_cert_file_env()),
        sslb_text_from_string(X509_get_default_cert_file()),
        sslb_text_from_string(X509_get_default_cert_dir_env()),
        sslb_text_from_string(X509_get_default_cert_dir()));
}

static PyObject *
test_decode_cert(PyObject *module, PyObject *argument)
{
    PyObject *path = sslb_path_as_bytes(argument);
    PyObject *result = NULL;
    X509 *x509 = NULL;
    BIO *bio;

    (void)module;
    if (path == NULL) {
        return NULL;
    }
    ERR_clear_error();
    bio = sslb_file_open_nogil(PyBytes_AS_STRING(path), NULL);
    if (bio != NULL) {
        x509 = PEM_read_bio_X509(bio, NULL, NULL, (void *)"");
        BIO_free(bio);
    }
    if (x509 != NULL) {
        result = sslb_x509_as_dict(x509);
        X509_free(x509);
    }
    else {
        sslb_file_raise(0, path, "certificate file", __LINE__);
    }
    Py_DECREF(path);
    return result;
}

PyMethodDef sslb_functions[] = {
    {"RAND_add", rand_add, METH_VARARGS,
     "RAND_add(data, entropy)\n\n"
     "Mix data (text or bytes-like) into OpenSSL's random number generator.\n"
     "entropy: a lower bound of the randomness in data, in bytes."},
    {"RAND_bytes", rand_bytes, METH_O,
     "RAND_bytes(n) -> bytes\n\n"
     "Return n random bytes that are secure enough for keys.\n"
     "ValueError if n is negative, SSLError if OpenSSL fails."},
#ifdef SSLB_HAVE_RAND_EGD
    {"RAND_egd", rand_egd, METH_O,
     "RAND_egd(path)\n\nRaise SSLError: OpenSSL does not support entropy "
     "gathering daemons."},
#endif
    {"RAND_pseudo_bytes", rand_pseudo_bytes, METH_O,
     "RAND_pseudo_bytes(n) -> (bytes, True)\n\nReturn RAND_bytes(n) and "
     "True."},
    {"RAND_status", rand_status, METH_NOARGS,
     "RAND_status() -> bool\n\nReturn whether the generator is seeded."},
    {"txt2obj", SSLB_KEYWORDS(txt2obj),
     METH_VARARGS | METH_KEYWORDS,
     "txt2obj(txt, name=False) -> (nid, short name, long name, OID)\n\n"
     "Look up an object identifier by its dotted numbers or, if name is\n"
     "true, also by its short or long name.  ValueError if OpenSSL does not\n"
     "know it."},
    {"nid2obj", nid2obj, METH_O,
     "nid2obj(nid) -> (nid, short name, long name, OID)\n\n"
     "Look up an object identifier by OpenSSL's number for it.\n"
     "ValueError if OpenSSL has no such number."},
    {"get_default_verify_paths", get_default_verify_paths, METH_NOARGS,
     "get_default_verify_paths() -> (file variable, file, folder variable, "
     "folder)\n\n"
     "Return the default paths of OpenSSL's CA certificates, and the names\n"
     "of the environment variables that replace them."},
    {"_encode_hostname", sslb_host_encode, METH_O,
     "_encode_hostname(name) -> str\n\n"
     "Convert a server_hostname to A-labels (ASCII).\n"
     "ValueError for an invalid name."},
    {"get_sigalgs", get_sigalgs, METH_NOARGS,
     "get_sigalgs() -> list of str\n\n"
     "Return the signature algorithms that OpenSSL supports for TLS.\n"
     "NotImplementedError before OpenSSL 3.4."},
    {"generate_ech_keys", sslb_ech_generate_keys, METH_O,
     "generate_ech_keys(public_name) -> str\n\n"
     "Return a new private key and its ECHConfigList as PEM (RFC 9934), for\n"
     "load_ech_keys().  NotImplementedError before OpenSSL 4.0."},
    {"_share_client_sessions", sslb_share_client_sessions, METH_O,
     "_share_client_sessions(number)\n\n"
     "Let all client contexts that are created later share one store of at\n"
     "most that many sessions (0: no store).  A client resumes the session\n"
     "of another context if both have the same parameters.\n"
     "ValueError unless number is 0 to 10000."},
    {"_test_decode_cert", test_decode_cert, METH_O,
     "_test_decode_cert(path) -> dict\n\n"
     "Decode a certificate file (PEM) to the dict that getpeercert()\n"
     "returns.  OSError (2.7: IOError) or SSLError."},
    {NULL, NULL, 0, NULL},
};
