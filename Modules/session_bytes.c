/* session_bytes.c: sessions as bytes, for other processes.

   Owns the format, and the checks of bytes before they become a session.  The
   bytes are

       8   "sslbsess"
       2   the version of the format, big-endian
       32  the digest of the parameters of contexts that may use the session
       n   the session in OpenSSL's format: i2d_SSL_SESSION(3)
       32  the SHA-256 of all bytes before

   The last field detects damage, not forgery: anybody who can read or write
   the bytes can impersonate the server. */

#include "session_bytes.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

static const char magic[8] = {'s', 's', 'l', 'b', 's', 'e', 's', 's'};

enum {
    FORMAT_VERSION = 1,
    VERSION_AT = sizeof(magic),
    PARAMETERS_AT = VERSION_AT + 2,
    SESSION_AT = PARAMETERS_AT + sizeof(sslb_digest),
    LEAST = SESSION_AT + sizeof(sslb_digest),
    /* a ticket has at most 64 KiB, and a certificate hardly more */
    MOST = 256 * 1024,
};

/* Computes the digest of all but the last 32 bytes.  Returns 1, or 0 with the
   error queue filled. */
static int
digest_bytes(const unsigned char *bytes, size_t length, sslb_digest *digest)
{
    return EVP_Digest(bytes, length - sizeof(*digest), digest->bytes, NULL,
                      EVP_sha256(), NULL);
}

static int
is_expired(const SSL_SESSION *session)
{
    int64_t end = (int64_t)SSL_SESSION_get_time_ex(session)
        + SSL_SESSION_get_timeout(session);

    return end < (int64_t)time(NULL);
}

/* -- writing ------------------------------------------------------------ */

/* Writes all fields.  Returns 1, or 0 with the error queue filled. */
static int
fill(unsigned char *bytes, size_t length, SSL_SESSION *session,
     const sslb_digest *parameters)
{
    unsigned char *next = bytes + SESSION_AT;
    sslb_digest digest;

    memcpy(bytes, magic, sizeof(magic));
    bytes[VERSION_AT] = FORMAT_VERSION >> 8;
    bytes[VERSION_AT + 1] = FORMAT_VERSION & 0xff;
    memcpy(bytes + PARAMETERS_AT, parameters, sizeof(*parameters));
    if (i2d_SSL_SESSION(session, &next) <= 0
        || !digest_bytes(bytes, length, &digest)) {
        return 0;
    }
    memcpy(bytes + length - sizeof(digest), &digest, sizeof(digest));
    return 1;
}

PyObject *
sslb_session_bytes_write(SSL_SESSION *session, const sslb_digest *parameters)
{
    PyObject *result;
    int length;

    ERR_clear_error();
    length = i2d_SSL_SESSION(session, NULL);
    if (length <= 0) {
        ERR_clear_error();
        return PyErr_NoMemory();
    }
    result = PyBytes_FromStringAndSize(NULL, LEAST + (Py_ssize_t)length);
    if (result != NULL
        && !fill((unsigned char *)PyBytes_AS_STRING(result),
                 (size_t)PyBytes_GET_SIZE(result), session, parameters)) {
        ERR_clear_error();
        Py_CLEAR(result);
        PyErr_NoMemory();
    }
    return result;
}

/* -- reading ------------------------------------------------------------ */

static int
refuse(const char *complaint)
{
    PyErr_Format(PyExc_ValueError, "data: %s", complaint);
    return -1;
}

/* Checks that the bytes have this format and are not damaged. */
static int
check_format(const unsigned char *bytes, size_t length)
{
    sslb_digest digest;

    if (length < LEAST || memcmp(bytes, magic, sizeof(magic)) != 0) {
        return refuse("the bytes are not from SSLSession.to_bytes()");
    }
    if (bytes[VERSION_AT] << 8 != (FORMAT_VERSION & 0xff00)
        || bytes[VERSION_AT + 1] != (FORMAT_VERSION & 0xff)) {
        return refuse("the session has the format of another version");
    }
    if (length > MOST) {
        return refuse("the bytes are longer than any session");
    }
    if (!digest_bytes(bytes, length, &digest)) {
        ERR_clear_error();
        PyErr_NoMemory();
        return -1;
    }
    if (memcmp(bytes + length - sizeof(digest), &digest,
               sizeof(digest)) != 0) {
        return refuse("the session is damaged");
    }
    return 0;
}

/* Checks that a client can resume the session.  With a session id context,
   which only servers' sessions have, the handshake would fail. */
static int
check_session(const SSL_SESSION *session)
{
    int version = SSL_SESSION_get_protocol_version(session);
    unsigned int length;

    (void)SSL_SESSION_get0_id_context(session, &length);
    if (version < TLS1_VERSION || version > TLS1_3_VERSION || length != 0
        || !SSL_SESSION_is_resumable(session)) {
        return refuse("no client can resume the session");
    }
    if (is_expired(session)) {
        return refuse("the session has expired");
    }
    return 0;
}

SSL_SESSION *
sslb_session_bytes_read(const unsigned char *bytes, size_t length,
                        const sslb_digest *parameters)
{
    const unsigned char *next = bytes + SESSION_AT;
    const unsigned char *end = bytes + length - sizeof(sslb_digest);
    SSL_SESSION *session;

    if (check_format(bytes, length) < 0) {
        return NULL;
    }
    if (memcmp(bytes + PARAMETERS_AT, parameters, sizeof(*parameters)) != 0) {
        refuse("the session was made with settings that this context "
               "does not have: trust store, verification, own certificate, "
               "versions, ciphers or options");
        return NULL;
    }
    ERR_clear_error();
    session = d2i_SSL_SESSION(NULL, &next, (long)(end - next));
    ERR_clear_error();
    if (session == NULL || next != end) {
        SSL_SESSION_free(session);
        refuse("this OpenSSL cannot decode the session");
        return NULL;
    }
    if (check_session(session) < 0) {
        SSL_SESSION_free(session);
        return NULL;
    }
    return session;
}
