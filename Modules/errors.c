/* errors.c: the exception types, and the conversion of OpenSSL's errors.

   Owns the conversion of an error code to a Python exception, and the tables
   of error names.  Other files only check whether the error queue has entries
   of a known kind.  This file uses connections only through sslb_outcome. */

#include "errors.h"
#include "pycompat_values.h"

#include <errno.h>
#include <string.h>

typedef struct {
    const char *name;
    int library;
    int reason;
} sslb_reason;

typedef struct {
    const char *name;
    int library;
} sslb_library;

#include "errtable.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

sslb_error_types sslb_errors;

/* -- names and messages ----------------------------------------------- */

/* Both return the name of the constant in OpenSSL's headers, or NULL. */

static const char *
library_name(unsigned long code)
{
    size_t i;

    for (i = 0; i < COUNT(sslb_libraries); i++) {
        if (sslb_libraries[i].library == ERR_GET_LIB(code)) {
            return sslb_libraries[i].name;
        }
    }
    return NULL;
}

static const char *
reason_name(unsigned long code)
{
    size_t i;

    for (i = 0; i < COUNT(sslb_reasons); i++) {
        if (sslb_reasons[i].library == ERR_GET_LIB(code)
            && sslb_reasons[i].reason == ERR_GET_REASON(code)) {
            return sslb_reasons[i].name;
        }
    }
    return NULL;
}

/* "[LIBRARY: REASON] text: detail (_ssl.c:line)".  Programs search messages
   for the file name of Python's own module. */
static PyObject *
message_new(unsigned long code, const char *text, const char *detail, int line)
{
    const char *library = code != 0 ? library_name(code) : NULL;
    const char *reason = code != 0 ? reason_name(code) : NULL;

    if (text == NULL && code != 0) {
        text = ERR_reason_error_string(code);
    }
    return sslb_readable_format("%s%s%s%s%s%s%s%s (_ssl.c:%d)",
                            library ? "[" : "",
                            library ? library : "",
                            library && reason ? ": " : "",
                            library && reason ? reason : "",
                            library ? "] " : "",
                            text ? text : "unknown error",
                            detail ? ": " : "",
                            detail ? detail : "", line);
}

static int
set_name(PyObject *exception, const char *attribute, const char *name)
{
    PyObject *value = name != NULL ? sslb_text_from_string(name)
                                   : Py_NewRef(Py_None);
    int rc = value == NULL ? -1 : PyObject_SetAttrString(exception,
                                                         attribute, value);

    Py_XDECREF(value);
    return rc;
}

/* Creates an exception with errno, strerror, library and reason.  Steals
   `message`; if that is NULL, returns NULL. */
static PyObject *
exception_new(PyObject *type, long number, unsigned long code,
              PyObject *message)
{
    PyObject *exception;

    if (message == NULL) {
        return NULL;
    }
    exception = PyObject_CallFunction(type, "lN", number, message);
    if (exception == NULL) {
        return NULL;
    }
    if (set_name(exception, "library", code ? library_name(code) : NULL) < 0
        || set_name(exception, "reason", code ? reason_name(code) : NULL) < 0)
    {
        Py_CLEAR(exception);
    }
    return exception;
}

/* Raises the exception and releases it.  For NULL, another exception is set
   already. */
static void
raise_and_drop(PyObject *exception)
{
    if (exception != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
    }
}

/* -- outcomes --------------------------------------------------------- */

/* Returns the newest entry that is not a mere consequence of another (or else
   the oldest one), and empties the queue. */
static unsigned long
take_reason_nogil(void)
{
    unsigned long code, reason = 0;

    while ((code = ERR_get_error()) != 0) {
        if (reason == 0 || !sslb_code_is_consequence(code)) {
            reason = code;
        }
    }
    return reason;
}

void
sslb_outcome_capture_nogil(sslb_outcome *outcome, SSL *ssl, int rc,
                           const sslb_transport *transport)
{
    outcome->ssl_error = SSL_get_error(ssl, rc);
    outcome->sys_errno = transport != NULL ? transport->sys_errno : 0;
    outcome->eof = BIO_eof(SSL_get_rbio(ssl)) > 0;
    outcome->verify = SSL_get_verify_result(ssl);
    outcome->code = take_reason_nogil();
}

static int
is_verification_failure(unsigned long code)
{
    return ERR_GET_LIB(code) == ERR_LIB_SSL
        && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

static int
is_out_of_memory(unsigned long code)
{
    return code != 0 && ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
}

/* The reason of the failure as a sentence (native str), which includes the
   name if the certificate does not match it. */
static PyObject *
verify_message_new(long verify, PyObject *hostname)
{
    PyObject *ascii, *result;
    const char *format = NULL;

    if (verify == X509_V_ERR_HOSTNAME_MISMATCH) {
        format = "Hostname mismatch, certificate is not valid for '%.600s'.";
    }
    else if (verify == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        format = "IP address mismatch, certificate is not valid for "
                 "'%.600s'.";
    }
    if (format == NULL || hostname == NULL) {
        return sslb_text_from_string(X509_verify_cert_error_string(verify));
    }
    ascii = sslb_text_encode(hostname, "ascii");
    if (ascii == NULL) {
        return NULL;
    }
    result = sslb_readable_format(format, PyBytes_AS_STRING(ascii));
    Py_DECREF(ascii);
    return result;
}

static void
raise_verification(const sslb_outcome *outcome, PyObject *hostname, int line)
{
    PyObject *sentence = verify_message_new(outcome->verify, hostname);
    PyObject *ascii = NULL, *number = NULL, *exception = NULL;

    if (sentence == NULL) {
        return;
    }
    ascii = sslb_text_encode(sentence, "ascii");
    number = sslb_int_new(outcome->verify);
    if (ascii == NULL || number == NULL) {
        goto exit;
    }
    exception = exception_new(
        sslb_errors.verification, SSL_ERROR_SSL, outcome->code,
        message_new(outcome->code, "certificate verify failed",
                    PyBytes_AS_STRING(ascii), line));
    if (exception != NULL
        && (PyObject_SetAttrString(exception, "verify_code", number) < 0
            || PyObject_SetAttrString(exception, "verify_message",
                                      sentence) < 0)) {
        Py_CLEAR(exception);
    }
exit:
    Py_XDECREF(number);
    Py_XDECREF(ascii);
    Py_DECREF(sentence);
    raise_and_drop(exception);
}

static void
raise_errno(int number)
{
    errno = number;
    PyErr_SetFromErrno(sslb_oserror_type());
}

/* OpenSSL reports an unexpected end with a reason of its own or, in 1.1.1 and
   in later calls on the failed connection, without a reason.  Any other reason
   tells more than "EOF" and is raised instead. */
int
sslb_outcome_is_eof_nogil(const sslb_outcome *outcome)
{
    return outcome->eof
        && (sslb_code_is_eof(outcome->code)
            || (outcome->code == 0 && outcome->sys_errno == 0));
}

void
sslb_outcome_raise(const sslb_outcome *outcome, PyObject *hostname, int line)
{
    int sys_errno = outcome->sys_errno;

    switch (outcome->ssl_error) {
    case SSL_ERROR_WANT_READ:
        sslb_error_raise(sslb_errors.want_read, SSL_ERROR_WANT_READ,
                         "The operation did not complete (read)", line);
        return;
    case SSL_ERROR_WANT_WRITE:
        sslb_error_raise(sslb_errors.want_write, SSL_ERROR_WANT_WRITE,
                         "The operation did not complete (write)", line);
        return;
    case SSL_ERROR_ZERO_RETURN:
        sslb_error_raise(sslb_errors.zero_return, SSL_ERROR_ZERO_RETURN,
                         "TLS/SSL connection has been closed (EOF)", line);
        return;
    default:
        break;
    }
    if (is_out_of_memory(outcome->code)) {
        PyErr_NoMemory();
        return;
    }
    if (is_verification_failure(outcome->code)) {
        raise_verification(outcome, hostname, line);
        return;
    }
    if (sslb_outcome_is_eof_nogil(outcome)) {
        raise_and_drop(exception_new(
            sslb_errors.eof,
            outcome->of_shutdown ? SSLB_EOF_OF_SHUTDOWN : SSLB_ERROR_EOF,
            outcome->code,
            message_new(outcome->code, "EOF occurred in violation of "
                        "protocol", NULL, line)));
        return;
    }
    if (sys_errno == 0) {
        sys_errno = sslb_code_errno(outcome->code);
    }
    if (sys_errno != 0 && (outcome->code == 0
                           || outcome->ssl_error == SSL_ERROR_SYSCALL
                           || sslb_code_errno(outcome->code) != 0)) {
        raise_errno(sys_errno);
        return;
    }
    if (outcome->code == 0) {
        raise_and_drop(exception_new(
            sslb_errors.syscall, SSL_ERROR_SYSCALL, 0,
            message_new(0, "The connection failed earlier and cannot be used "
                        "any more", NULL, line)));
        return;
    }
    raise_and_drop(exception_new(
        sslb_errors.error, outcome->ssl_error, outcome->code,
        message_new(outcome->code, NULL, NULL, line)));
}

void
sslb_queue_raise(const char *detail, int line)
{
    unsigned long code = ERR_peek_last_error();

    ERR_clear_error();
    if (is_out_of_memory(code)) {
        PyErr_NoMemory();
        return;
    }
    raise_and_drop(exception_new(sslb_errors.error,
                                 (long)(code & 0x7fffffff), code,
                                 message_new(code, NULL, detail, line)));
}

static void
raise_file_errno(int number, PyObject *path)
{
    PyObject *filename = sslb_text_new(PyBytes_AS_STRING(path),
                                       PyBytes_GET_SIZE(path));

    if (filename != NULL) {
        errno = number;
        PyErr_SetFromErrnoWithFilenameObject(sslb_file_error_type(),
                                             filename);
        Py_DECREF(filename);
    }
}

void
sslb_file_raise(unsigned long code, PyObject *path, const char *what, int line)
{
    unsigned long newest = ERR_peek_last_error();
    /* The oldest entry is the cause; the others are its consequences. */
    int number = sslb_code_errno(ERR_peek_error());
    const char *reason = ERR_reason_error_string(newest);
    PyObject *detail;

    ERR_clear_error();
    if (is_out_of_memory(newest)) {
        PyErr_NoMemory();
        return;
    }
    if (number != 0 && path != NULL) {
        raise_file_errno(number, path);
        return;
    }
    detail = PyBytes_FromFormat("%s%s%s%s%.700s%s",
                                code != 0 && reason ? reason : "",
                                code != 0 && reason ? " in " : "", what,
                                path != NULL ? " '" : "",
                                path != NULL ? PyBytes_AS_STRING(path) : "",
                                path != NULL ? "'" : "");
    if (detail != NULL) {
        code = code != 0 ? code : newest;
        raise_and_drop(exception_new(
            sslb_errors.error, (long)(code & 0x7fffffff), code,
            message_new(code, NULL, PyBytes_AS_STRING(detail), line)));
        Py_DECREF(detail);
    }
}

int
sslb_queue_take_end_of_pem_nogil(void)
{
    unsigned long code = ERR_peek_last_error();
    int rc = ERR_GET_LIB(code) == ERR_LIB_PEM
        && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;

    if (rc) {
        ERR_clear_error();
    }
    return rc;
}

void
sslb_error_raise(PyObject *type, int number, const char *text, int line)
{
    raise_and_drop(exception_new(type, number, 0,
                                 message_new(0, text, NULL, line)));
}

int
sslb_refuse_deletion(PyObject *value, const char *name)
{
    if (value == NULL) {
        PyErr_Format(PyExc_AttributeError, "%s cannot be deleted", name);
        return -1;
    }
    return 0;
}

/* -- the module ------------------------------------------------------- */

/* The text of an error: strerror alone, without "[Errno N]".  Without a
   strerror, if other code raised the error, the text is the only argument, or
   the tuple of all. */
static PyObject *
error_text(PyObject *self)
{
    PyObject *text = PyObject_GetAttrString(self, "strerror");
    PyObject *arguments, *result;

    if (text == NULL || sslb_text_check(text)) {
        return text;
    }
    Py_DECREF(text);
    arguments = PyObject_GetAttrString(self, "args");
    if (arguments == NULL) {
        return NULL;
    }
    result = PyTuple_Check(arguments) && PyTuple_GET_SIZE(arguments) == 1
        ? Py_NewRef(PyTuple_GET_ITEM(arguments, 0)) : Py_NewRef(arguments);
    Py_DECREF(arguments);
    return result;
}

static PyObject *
error_str(PyObject *module, PyObject *self)
{
    PyObject *text = error_text(self);
    PyObject *result = text != NULL ? sslb_readable_as_str(text) : NULL;

    (void)module;
    Py_XDECREF(text);
    return result;
}

/* Without this method, 2.7 would decode the result of __str__() as ASCII. */
static PyObject *
error_unicode(PyObject *module, PyObject *self)
{
    PyObject *text = error_text(self);
    PyObject *result = text != NULL ? sslb_readable_as_unicode(text) : NULL;

    (void)module;
    Py_XDECREF(text);
    return result;
}

static PyMethodDef error_methods[] = {
    {"__str__", error_str, METH_O, NULL},
    {"__unicode__", error_unicode, METH_O, NULL},   /* only on 2.7 */
};

static int
add_error_methods(PyObject *type)
{
    size_t i;

    for (i = 0; i < (SSLB_BYTES_ARE_TEXT ? COUNT(error_methods) : 1); i++) {
        PyObject *method = sslb_method_new(type, &error_methods[i]);
        int rc = method == NULL ? -1 : PyObject_SetAttrString(
            type, error_methods[i].ml_name, method);

        Py_XDECREF(method);
        if (rc < 0) {
            return -1;
        }
    }
    return 0;
}

/* Imports the Python module only when a program reads the hint: most programs
   catch errors and forget them. */
static PyObject *
error_get_hint(PyObject *module, PyObject *error)
{
    PyObject *hints = PyImport_ImportModule("_ssl_backport._hints");
    PyObject *result;

    (void)module;
    if (hints == NULL) {
        return NULL;
    }
    result = PyObject_CallMethod(hints, "hint_of", "O", error);
    Py_DECREF(hints);
    return result;
}

static PyMethodDef get_hint = {"hint", error_get_hint, METH_O, NULL};

static PyObject *
hint_property_new(void)
{
    PyObject *getter = PyCFunction_New(&get_hint, NULL);
    PyObject *result = NULL;

    if (getter != NULL) {
        result = PyObject_CallFunction(
            (PyObject *)&PyProperty_Type, "OOOs", getter, Py_None, Py_None,
            "The probable cause and the remedy, in a sentence or two "
            "(str), or None.");
        Py_DECREF(getter);
    }
    return result;
}

/* Creates the base class.  The class attributes are the values for errors that
   other code raises. */
static PyObject *
base_error_new(void)
{
    PyObject *namespace = Py_BuildValue(
        "{s:O,s:O,s:O,s:N}", "library", Py_None, "reason", Py_None,
        "ech_retry_configs", Py_None, "hint", hint_property_new());
    PyObject *type;

    if (namespace == NULL) {
        return NULL;
    }
    type = sslb_exception_type_new(
        "ssl.SSLError", "An error of the TLS layer.  library and reason are "
        "the names of OpenSSL's\nconstants (str), or None.",
        sslb_oserror_type(), namespace);
    Py_DECREF(namespace);
    if (type != NULL && add_error_methods(type) < 0) {
        Py_CLEAR(type);
    }
    if (type != NULL) {
        sslb_type_make_immutable(type);
    }
    return type;
}

static PyObject *
verification_error_new(void)
{
    PyObject *bases = PyTuple_Pack(2, sslb_errors.error, PyExc_ValueError);
    PyObject *namespace = Py_BuildValue("{s:O,s:O}", "verify_code", Py_None,
                                        "verify_message", Py_None);
    PyObject *type = NULL;

    if (bases != NULL && namespace != NULL) {
        type = sslb_exception_type_new(
            "ssl.SSLCertVerificationError", "The peer's certificate was "
            "refused.  verify_code (int) and\nverify_message (str) tell the "
            "reason.",
            bases, namespace);
    }
    Py_XDECREF(namespace);
    Py_XDECREF(bases);
    return type;
}

static int
add_types(PyObject *module)
{
    struct {
        PyObject **type;
        const char *name;
        const char *doc;
    } derived[] = {
        {&sslb_errors.zero_return, "ssl.SSLZeroReturnError",
         "The peer closed the connection with a close_notify alert."},
        {&sslb_errors.want_read, "ssl.SSLWantReadError",
         "A non-blocking operation needs more data from the peer."},
        {&sslb_errors.want_write, "ssl.SSLWantWriteError",
         "A non-blocking operation needs room in the socket to write."},
        {&sslb_errors.syscall, "ssl.SSLSyscallError",
         "A system call failed without an errno, or the connection failed "
         "earlier."},
        {&sslb_errors.eof, "ssl.SSLEOFError",
         "The peer closed the transport without a close_notify alert."},
    };
    size_t i;

    sslb_errors.error = base_error_new();
    if (PyModule_AddObjectRef(module, "SSLError", sslb_errors.error) < 0) {
        return -1;
    }
    for (i = 0; i < COUNT(derived); i++) {
        *derived[i].type = sslb_exception_type_new(
            derived[i].name, derived[i].doc, sslb_errors.error, NULL);
        if (PyModule_AddObjectRef(module,
                                  derived[i].name + strlen("ssl."),
                                  *derived[i].type) < 0) {
            return -1;
        }
    }
    sslb_errors.verification = verification_error_new();
    return PyModule_AddObjectRef(module, "SSLCertVerificationError",
                                 sslb_errors.verification);
}

/* Stores key -> name in one dict and, unless that is NULL, name -> key in
   another.  Steals the key. */
static int
add_name(PyObject *to_name, PyObject *to_code, PyObject *key,
         const char *text)
{
    PyObject *name = sslb_text_from_string(text);
    int rc = -1;

    /* If two names share a code, the first row of the table gives the name to
       show. */
    if (key != NULL && name != NULL
        && (PyDict_GetItem(to_name, key) != NULL
            || PyDict_SetItem(to_name, key, name) == 0)
        && (to_code == NULL || PyDict_SetItem(to_code, name, key) == 0)) {
        rc = 0;
    }
    Py_XDECREF(name);
    Py_XDECREF(key);
    return rc;
}

static int
add_names(PyObject *module)
{
    PyObject *reasons = PyDict_New();
    PyObject *codes = PyDict_New();
    PyObject *libraries = PyDict_New();
    int rc = -1;
    size_t i;

    if (reasons == NULL || codes == NULL || libraries == NULL) {
        goto exit;
    }
    for (i = 0; i < COUNT(sslb_reasons); i++) {
        const sslb_reason *row = &sslb_reasons[i];

        if (add_name(reasons, codes,
                     Py_BuildValue("(ii)", row->library, row->reason),
                     row->name) < 0) {
            goto exit;
        }
    }
    for (i = 0; i < COUNT(sslb_libraries); i++) {
        if (add_name(libraries, NULL,
                     sslb_int_new(sslb_libraries[i].library),
                     sslb_libraries[i].name) < 0) {
            goto exit;
        }
    }
    if (PyModule_AddObjectRef(module, "err_codes_to_names", reasons) == 0
        && PyModule_AddObjectRef(module, "err_names_to_codes", codes) == 0
        && PyModule_AddObjectRef(module, "lib_codes_to_names",
                                 libraries) == 0) {
        rc = 0;
    }
exit:
    Py_XDECREF(libraries);
    Py_XDECREF(codes);
    Py_XDECREF(reasons);
    return rc;
}

int
sslb_errors_init(PyObject *module)
{
    return add_types(module) < 0 || add_names(module) < 0 ? -1 : 0;
}
