/* opensslcompat.h: all code that depends on the version of OpenSSL.

   Owns the differences between OpenSSL 1.1.1 and 4.0.  A shim has the name
   that the newest API uses.  The other files call functions that all versions
   have, and test at most an #ifdef SSLB_HAVE_X, or an #ifdef on the constant
   of a table row.  The functions need no GIL: they use no Python object. */

#ifndef SSLB_OPENSSLCOMPAT_H
#define SSLB_OPENSSLCOMPAT_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/dh.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/ocsp.h>
#include <openssl/opensslv.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
#  include <openssl/core_names.h>
#  include <openssl/params.h>
#endif

#if OPENSSL_VERSION_NUMBER < 0x10101000L || defined(LIBRESSL_VERSION_NUMBER)
#  error "_ssl_backport needs OpenSSL 1.1.1 or later"
#endif

/* The version of OpenSSL's headers at compile time. */
#define SSLB_HEADERS_VERSION OPENSSL_VERSION_NUMBER

#if OPENSSL_VERSION_NUMBER < 0x30000000L

#define SSL_get1_peer_certificate SSL_get_peer_certificate

/* The type of the name that a lookup method gets. */
#define SSLB_LOOKUP_NAME X509_NAME

#define ERR_raise(library, reason) \
    ERR_put_error((library), 0, (reason), __FILE__, __LINE__)

/* Takes ownership of the parameters on success, as 3.0's function does. */
static inline int
SSL_CTX_set0_tmp_dh_pkey(SSL_CTX *ctx, EVP_PKEY *parameters)
{
    int rc = SSL_CTX_set_tmp_dh(ctx, EVP_PKEY_get0_DH(parameters)) == 1;

    if (rc) {
        EVP_PKEY_free(parameters);
    }
    return rc;
}

/* Decodes DH parameters only: the project needs no others. */
static inline EVP_PKEY *
d2i_KeyParams(int type, EVP_PKEY **result, const unsigned char **der,
              long length)
{
    DH *dh = type == EVP_PKEY_DHX ? d2i_DHxparams(NULL, der, length)
                                  : d2i_DHparams(NULL, der, length);
    EVP_PKEY *parameters = dh != NULL ? EVP_PKEY_new() : NULL;

    (void)result;
    if (parameters == NULL || !EVP_PKEY_assign(parameters, type, dh)) {
        EVP_PKEY_free(parameters);
        DH_free(dh);
        return NULL;
    }
    return parameters;
}

/* 1.1.1 has one library context, and its algorithms need no provider. */
typedef const char OSSL_LIB_CTX;
typedef const char OSSL_PROVIDER;
#define OSSL_LIB_CTX_new() "the only one"
#define OSSL_LIB_CTX_free(library) ((void)(library))
#define OSSL_PROVIDER_load(library, name) ((void)(library), (name))
#define OSSL_PROVIDER_unload(provider) ((void)(provider))
#define PKCS12_init_ex(mode, library, properties) PKCS12_init(mode)
#define PKCS12_decrypt_skey_ex(bag, secret, length, library, properties) \
    PKCS12_decrypt_skey((bag), (secret), (length))

/* The object that computes the MAC of a ticket. */
typedef HMAC_CTX sslb_ticket_mac;

#define SSL_CTX_set_tlsext_ticket_key_evp_cb SSL_CTX_set_tlsext_ticket_key_cb

/* Sets up HMAC-SHA-256 with that key.  Returns 1, or 0 on failure. */
static inline int
sslb_ticket_mac_init(sslb_ticket_mac *mac, const unsigned char *key,
                     size_t length)
{
    return HMAC_Init_ex(mac, key, (int)length, EVP_sha256(), NULL);
}

#else

#include <openssl/provider.h>

#define SSLB_LOOKUP_NAME const X509_NAME

typedef EVP_MAC_CTX sslb_ticket_mac;

static inline int
sslb_ticket_mac_init(sslb_ticket_mac *mac, const unsigned char *key,
                     size_t length)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key,
                                          length),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                         (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params);
}

#endif

#if OPENSSL_VERSION_NUMBER < 0x30300000L

#define SSL_SESSION_get_time_ex SSL_SESSION_get_time

static inline X509_OBJECT *
sslb_object_duplicate(const X509_OBJECT *source)
{
    X509_OBJECT *object = X509_OBJECT_new();
    int rc = 1;

    if (object == NULL) {
        return NULL;
    }
    switch (X509_OBJECT_get_type(source)) {
    case X509_LU_X509:
        rc = X509_OBJECT_set1_X509(object, X509_OBJECT_get0_X509(source));
        break;
    case X509_LU_CRL:
        rc = X509_OBJECT_set1_X509_CRL(
            object, X509_OBJECT_get0_X509_CRL((X509_OBJECT *)source));
        break;
    default:
        break;
    }
    if (!rc) {
        X509_OBJECT_free(object);
        return NULL;
    }
    return object;
}

/* Returns a copy of the store's list, made under the store's lock: other
   threads may change the list that X509_STORE_get0_objects() returns
   (CVE-2024-0397). */
static inline STACK_OF(X509_OBJECT) *
X509_STORE_get1_objects(X509_STORE *store)
{
    STACK_OF(X509_OBJECT) *objects;

    if (!X509_STORE_lock(store)) {
        return NULL;
    }
    objects = sk_X509_OBJECT_deep_copy(X509_STORE_get0_objects(store),
                                       sslb_object_duplicate,
                                       X509_OBJECT_free);
    X509_STORE_unlock(store);
    return objects;
}

#endif

/* 4.0 no longer accepts a ClientHello in the format of SSL 2.0, and it cleans
   up nothing at the end of the process. */
#if OPENSSL_VERSION_NUMBER >= 0x40000000L
#  define OPENSSL_atexit(handler) ((void)(handler), 1)
#  undef SSL_client_hello_isv2
#  define SSL_client_hello_isv2(ssl) ((void)(ssl), 0)
#endif

/* SSL_CTX_set_tlsext_status_type(3) documents this value without a name. */
#define SSLB_STATUSTYPE_NOTHING (-1)

#ifndef OPENSSL_NO_OCSP
#  define SSLB_HAVE_OCSP
#endif

static inline int
sslb_is_compressed(SSL *ssl)
{
#ifndef OPENSSL_NO_COMP
    return SSL_get_current_compression(ssl) != NULL;
#else
    (void)ssl;
    return 0;
#endif
}

/* Keeps clients from renegotiating, as 3.0 and later do by default: each
   renegotiation costs the server a handshake (CVE-2011-1473). */
static inline void
sslb_refuse_renegotiation(SSL *ssl)
{
#if OPENSSL_VERSION_NUMBER < 0x30000000L
    SSL_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
#else
    (void)ssl;
#endif
}

/* Whether the kernel may encrypt and decrypt (3.0 and later).  OpenSSL asks
   the kernel at the end of the handshake, for each direction. */
static inline int
sslb_wants_kernel_tls(const SSL *ssl)
{
#if defined(SSL_OP_ENABLE_KTLS) && !defined(OPENSSL_NO_KTLS)
    return (SSL_get_options(ssl) & SSL_OP_ENABLE_KTLS) != 0;
#else
    (void)ssl;
    return 0;
#endif
}

#ifndef BIO_get_ktls_send
#  define BIO_get_ktls_send(bio) ((void)(bio), 0)
#  define BIO_get_ktls_recv(bio) ((void)(bio), 0)
#endif

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#  define SSL_sendfile(ssl, fd, offset, size, flags) \
    ((void)(ssl), (void)(fd), (void)(offset), (void)(size), -1)
#endif

/* X509_VERIFY_PARAM_set1_host() refuses a name that is not a DNS name, and
   adds nothing to the error queue. */
#if OPENSSL_VERSION_NUMBER >= 0x40000000L
#  define SSLB_HAVE_CHECKED_HOST
#endif

/* Features of newer versions.  Without one of them, a method raises
   NotImplementedError and names the version that it needs. */
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
#  define SSLB_HAVE_GROUP_NAME
#endif
#if OPENSSL_VERSION_NUMBER >= 0x30400000L
#  define SSLB_HAVE_BUILTIN_SIGALGS
#endif
#if OPENSSL_VERSION_NUMBER >= 0x30500000L
#  define SSLB_HAVE_IMPLEMENTED_GROUPS
#  define SSLB_HAVE_SIGNATURE_NAME
#endif
#if OPENSSL_VERSION_NUMBER >= 0x40000000L && !defined(OPENSSL_NO_ECH)
#  include <openssl/ech.h>
#  define SSLB_HAVE_ECH
#else
typedef void OSSL_ECHSTORE;     /* never instantiated */
#endif

/* The errno in an error code of the "system" library, or 0 for other codes.
   OpenSSL 3.0 moved these codes to a range of their own. */
static inline int
sslb_code_errno(unsigned long code)
{
    return ERR_GET_LIB(code) == ERR_LIB_SYS ? ERR_GET_REASON(code) : 0;
}

/* Whether the code only reports a consequence of the error before it: OpenSSL
   could not send the alert (3.2 and later), or names the layer that failed. */
static inline int
sslb_code_is_consequence(unsigned long code)
{
#ifdef SSL_R_RECORD_LAYER_FAILURE
    if (ERR_GET_LIB(code) == ERR_LIB_SSL
        && ERR_GET_REASON(code) == SSL_R_RECORD_LAYER_FAILURE) {
        return 1;
    }
#endif
    return sslb_code_errno(code) != 0;
}

/* Whether the code says that no provider has the algorithm (3.0 and later).
   4.0 has other codes for unknown ciphers and digests. */
static inline int
sslb_code_is_unsupported(unsigned long code)
{
    int reason = ERR_GET_REASON(code);

#ifdef ERR_R_UNSUPPORTED
    if (ERR_GET_LIB(code) == ERR_LIB_EVP && reason == ERR_R_UNSUPPORTED) {
        return 1;
    }
#endif
    return ERR_GET_LIB(code) == ERR_LIB_EVP
        && (reason == EVP_R_UNKNOWN_CIPHER || reason == EVP_R_UNKNOWN_DIGEST);
}

/* Whether the code says that the peer closed the transport without a
   close_notify.  OpenSSL 1.1.1 reports this as a failed system call without an
   errno. */
static inline int
sslb_code_is_eof(unsigned long code)
{
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    return ERR_GET_LIB(code) == ERR_LIB_SSL
        && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
#else
    (void)code;
    return 0;
#endif
}

#endif
