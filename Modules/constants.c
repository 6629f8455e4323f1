/* constants.c: the numbers, flags and names of the module.

   Owns only tables. */

#include "constants.h"
#include "context_ciphers.h"
#include "opensslcompat.h"
#include "pycompat_values.h"

typedef struct {
    const char *name;
    long long value;
} number;

typedef struct {
    const char *name;
    int value;
} flag;

static const number numbers[] = {
    /* values that Python 3.6 defines */
    {"CERT_NONE", 0},
    {"CERT_OPTIONAL", 1},
    {"CERT_REQUIRED", 2},
    {"PROTOCOL_SSLv23", 2},
    {"PROTOCOL_TLS", 2},
    {"PROTOCOL_TLSv1", 3},
    {"PROTOCOL_TLSv1_1", 4},
    {"PROTOCOL_TLSv1_2", 5},
    {"PROTOCOL_TLS_CLIENT", 16},
    {"PROTOCOL_TLS_SERVER", 17},
    {"ENCODING_PEM", 1},
    {"ENCODING_DER", 2},

    /* version bounds */
    {"PROTO_MINIMUM_SUPPORTED", -2},
    {"PROTO_MAXIMUM_SUPPORTED", -1},
    {"PROTO_SSLv3", SSL3_VERSION},
    {"PROTO_TLSv1", TLS1_VERSION},
    {"PROTO_TLSv1_1", TLS1_1_VERSION},
    {"PROTO_TLSv1_2", TLS1_2_VERSION},
    {"PROTO_TLSv1_3", TLS1_3_VERSION},

    /* results of SSL_get_error(); Python itself defines 8 and 10 */
    {"SSL_ERROR_SSL", SSL_ERROR_SSL},
    {"SSL_ERROR_WANT_READ", SSL_ERROR_WANT_READ},
    {"SSL_ERROR_WANT_WRITE", SSL_ERROR_WANT_WRITE},
    {"SSL_ERROR_WANT_X509_LOOKUP", SSL_ERROR_WANT_X509_LOOKUP},
    {"SSL_ERROR_SYSCALL", SSL_ERROR_SYSCALL},
    {"SSL_ERROR_ZERO_RETURN", SSL_ERROR_ZERO_RETURN},
    {"SSL_ERROR_WANT_CONNECT", SSL_ERROR_WANT_CONNECT},
    {"SSL_ERROR_EOF", 8},
    {"SSL_ERROR_INVALID_ERROR_CODE", 10},

    /* verification */
    {"VERIFY_DEFAULT", 0},
    {"VERIFY_CRL_CHECK_LEAF", X509_V_FLAG_CRL_CHECK},
    {"VERIFY_CRL_CHECK_CHAIN",
     X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL},
    {"VERIFY_X509_STRICT", X509_V_FLAG_X509_STRICT},
    {"VERIFY_X509_TRUSTED_FIRST", X509_V_FLAG_TRUSTED_FIRST},
    {"VERIFY_ALLOW_PROXY_CERTS", X509_V_FLAG_ALLOW_PROXY_CERTS},
    {"VERIFY_X509_PARTIAL_CHAIN", X509_V_FLAG_PARTIAL_CHAIN},
    {"HOSTFLAG_ALWAYS_CHECK_SUBJECT", X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT},
    {"HOSTFLAG_NO_WILDCARDS", X509_CHECK_FLAG_NO_WILDCARDS},
    {"HOSTFLAG_NO_PARTIAL_WILDCARDS", X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS},
    {"HOSTFLAG_MULTI_LABEL_WILDCARDS", X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS},
    {"HOSTFLAG_SINGLE_LABEL_SUBDOMAINS",
     X509_CHECK_FLAG_SINGLE_LABEL_SUBDOMAINS},
    {"HOSTFLAG_NEVER_CHECK_SUBJECT", X509_CHECK_FLAG_NEVER_CHECK_SUBJECT},

    /* options; some OpenSSL versions lack the last ones */
    {"OP_ALL", (long long)(SSL_OP_ALL & ~SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS)},
    {"OP_NO_SSLv2", SSL_OP_NO_SSLv2},
    {"OP_NO_SSLv3", SSL_OP_NO_SSLv3},
    {"OP_NO_TLSv1", SSL_OP_NO_TLSv1},
    {"OP_NO_TLSv1_1", SSL_OP_NO_TLSv1_1},
    {"OP_NO_TLSv1_2", SSL_OP_NO_TLSv1_2},
    {"OP_NO_TLSv1_3", SSL_OP_NO_TLSv1_3},
    {"OP_CIPHER_SERVER_PREFERENCE", SSL_OP_CIPHER_SERVER_PREFERENCE},
    {"OP_SINGLE_DH_USE", SSL_OP_SINGLE_DH_USE},
    {"OP_SINGLE_ECDH_USE", SSL_OP_SINGLE_ECDH_USE},
    {"OP_NO_TICKET", SSL_OP_NO_TICKET},
    {"OP_NO_COMPRESSION", SSL_OP_NO_COMPRESSION},
    {"OP_NO_RENEGOTIATION", SSL_OP_NO_RENEGOTIATION},
    {"OP_ENABLE_MIDDLEBOX_COMPAT", SSL_OP_ENABLE_MIDDLEBOX_COMPAT},
    {"OP_LEGACY_SERVER_CONNECT", SSL_OP_LEGACY_SERVER_CONNECT},
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
    {"OP_IGNORE_UNEXPECTED_EOF", SSL_OP_IGNORE_UNEXPECTED_EOF},
#endif
#ifdef SSL_OP_ENABLE_KTLS
    {"OP_ENABLE_KTLS", SSL_OP_ENABLE_KTLS},
#endif
#ifdef SSL_OP_ECH_GREASE
    {"OP_ECH_GREASE", (long long)SSL_OP_ECH_GREASE},
#endif

    /* alerts */
    {"ALERT_DESCRIPTION_ACCESS_DENIED", SSL_AD_ACCESS_DENIED},
    {"ALERT_DESCRIPTION_BAD_CERTIFICATE", SSL_AD_BAD_CERTIFICATE},
    {"ALERT_DESCRIPTION_BAD_CERTIFICATE_HASH_VALUE",
     SSL_AD_BAD_CERTIFICATE_HASH_VALUE},
    {"ALERT_DESCRIPTION_BAD_CERTIFICATE_STATUS_RESPONSE",
     SSL_AD_BAD_CERTIFICATE_STATUS_RESPONSE},
    {"ALERT_DESCRIPTION_BAD_RECORD_MAC", SSL_AD_BAD_RECORD_MAC},
    {"ALERT_DESCRIPTION_CERTIFICATE_EXPIRED", SSL_AD_CERTIFICATE_EXPIRED},
    {"ALERT_DESCRIPTION_CERTIFICATE_REVOKED", SSL_AD_CERTIFICATE_REVOKED},
    {"ALERT_DESCRIPTION_CERTIFICATE_UNKNOWN", SSL_AD_CERTIFICATE_UNKNOWN},
    {"ALERT_DESCRIPTION_CERTIFICATE_UNOBTAINABLE",
     SSL_AD_CERTIFICATE_UNOBTAINABLE},
    {"ALERT_DESCRIPTION_CLOSE_NOTIFY", SSL_AD_CLOSE_NOTIFY},
    {"ALERT_DESCRIPTION_DECODE_ERROR", SSL_AD_DECODE_ERROR},
    {"ALERT_DESCRIPTION_DECOMPRESSION_FAILURE", SSL_AD_DECOMPRESSION_FAILURE},
    {"ALERT_DESCRIPTION_DECRYPT_ERROR", SSL_AD_DECRYPT_ERROR},
    {"ALERT_DESCRIPTION_HANDSHAKE_FAILURE", SSL_AD_HANDSHAKE_FAILURE},
    {"ALERT_DESCRIPTION_ILLEGAL_PARAMETER", SSL_AD_ILLEGAL_PARAMETER},
    {"ALERT_DESCRIPTION_INSUFFICIENT_SECURITY", SSL_AD_INSUFFICIENT_SECURITY},
    {"ALERT_DESCRIPTION_INTERNAL_ERROR", SSL_AD_INTERNAL_ERROR},
    {"ALERT_DESCRIPTION_NO_RENEGOTIATION", SSL_AD_NO_RENEGOTIATION},
    {"ALERT_DESCRIPTION_PROTOCOL_VERSION", SSL_AD_PROTOCOL_VERSION},
    {"ALERT_DESCRIPTION_RECORD_OVERFLOW", SSL_AD_RECORD_OVERFLOW},
    {"ALERT_DESCRIPTION_UNEXPECTED_MESSAGE", SSL_AD_UNEXPECTED_MESSAGE},
    {"ALERT_DESCRIPTION_UNKNOWN_CA", SSL_AD_UNKNOWN_CA},
    {"ALERT_DESCRIPTION_UNKNOWN_PSK_IDENTITY", SSL_AD_UNKNOWN_PSK_IDENTITY},
    {"ALERT_DESCRIPTION_UNRECOGNIZED_NAME", SSL_AD_UNRECOGNIZED_NAME},
    {"ALERT_DESCRIPTION_UNSUPPORTED_CERTIFICATE",
     SSL_AD_UNSUPPORTED_CERTIFICATE},
    {"ALERT_DESCRIPTION_UNSUPPORTED_EXTENSION", SSL_AD_UNSUPPORTED_EXTENSION},
    {"ALERT_DESCRIPTION_USER_CANCELLED", SSL_AD_USER_CANCELLED},
    {NULL, 0},
};

/* HAS_<protocol>: whether a handshake can offer that protocol version. */
static const flag flags[] = {
    {"HAS_SNI", 1},
    {"HAS_ALPN", 1},
    {"HAS_ECDH", 1},
    {"HAS_NPN", 0},
    {"HAS_TLS_UNIQUE", 1},
#ifdef SSLB_HAVE_ECH
    {"HAS_ECH", 1},
#else
    {"HAS_ECH", 0},
#endif
    {"HAS_SSLv2", 0},
    {"HAS_SSLv3", 0},
#ifdef OPENSSL_NO_TLS1
    {"HAS_TLSv1", 0},
#else
    {"HAS_TLSv1", 1},
#endif
#ifdef OPENSSL_NO_TLS1_1
    {"HAS_TLSv1_1", 0},
#else
    {"HAS_TLSv1_1", 1},
#endif
#ifdef OPENSSL_NO_TLS1_2
    {"HAS_TLSv1_2", 0},
#else
    {"HAS_TLSv1_2", 1},
#endif
#ifdef OPENSSL_NO_TLS1_3
    {"HAS_TLSv1_3", 0},
    {"HAS_PHA", 0},
#else
    {"HAS_TLSv1_3", 1},
    {"HAS_PHA", 1},
#endif
#ifdef OPENSSL_NO_PSK
    {"HAS_PSK", 0},
#else
    {"HAS_PSK", 1},
#endif
#if defined(OPENSSL_NO_PSK) || defined(OPENSSL_NO_TLS1_3)
    {"HAS_PSK_TLS13", 0},
#else
    {"HAS_PSK_TLS13", 1},
#endif
    {NULL, 0},
};

/* (major, minor, fix, patch, status), as OpenSSL_version_num(3) has them. */
static PyObject *
version_as_tuple(unsigned long version)
{
    return Py_BuildValue("NNNNN",
                         sslb_int_from_unsigned((version >> 28) & 0xff),
                         sslb_int_from_unsigned((version >> 20) & 0xff),
                         sslb_int_from_unsigned((version >> 12) & 0xff),
                         sslb_int_from_unsigned((version >> 4) & 0xff),
                         sslb_int_from_unsigned(version & 0xf));
}

/* Adds the versions of the loaded OpenSSL library and of the headers that this
   module was compiled with. */
static int
add_versions(PyObject *module)
{
    unsigned long running = OpenSSL_version_num();

    if (PyModule_Add(module, "OPENSSL_VERSION_NUMBER",
                     sslb_int_from_unsigned(running)) < 0
        || PyModule_Add(module, "OPENSSL_VERSION_INFO",
                        version_as_tuple(running)) < 0
        || PyModule_Add(module, "OPENSSL_VERSION", sslb_text_from_string(
            OpenSSL_version(OPENSSL_VERSION))) < 0
        || PyModule_Add(module, "_OPENSSL_BUILD", sslb_readable_format(
            "%s, %s", OpenSSL_version(OPENSSL_BUILT_ON),
            OpenSSL_version(OPENSSL_PLATFORM))) < 0
        || PyModule_Add(module, "_OPENSSL_API_VERSION", version_as_tuple(
            SSLB_HEADERS_VERSION)) < 0) {
        return -1;
    }
    return 0;
}

int
sslb_constants_init(PyObject *module)
{
    const number *n;
    const flag *f;

    for (n = numbers; n->name != NULL; n++) {
        if (PyModule_Add(module, n->name, n->value < 0
                         ? sslb_int_new((long)n->value)
                         : sslb_int_from_unsigned(
                             (unsigned long long)n->value)) < 0) {
            return -1;
        }
    }
    for (f = flags; f->name != NULL; f++) {
        if (PyModule_AddObjectRef(module, f->name,
                                  f->value ? Py_True : Py_False) < 0) {
            return -1;
        }
    }
    if (PyModule_Add(module, "_DEFAULT_CIPHERS",
                     sslb_text_from_string(SSLB_DEFAULT_CIPHERS)) < 0) {
        return -1;
    }
    return add_versions(module);
}
