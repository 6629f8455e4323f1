/* pkcs12.c: reads our own certificate, key and chain from PKCS #12.

   Owns the decryption of a file, the search for the certificate of its key,
   and the order of the chain.  If OpenSSL 3 lacks the file's algorithms, the
   code decrypts the file in a library context of its own, which loads the
   legacy provider; the default library context never gets those algorithms,
   and owns the results. */

#include "pkcs12.h"
#include "lock.h"

#include <openssl/pkcs12.h>
#include <string.h>

#define DECODE_ERROR ERR_PACK(ERR_LIB_PKCS12, 0, PKCS12_R_DECODE_ERROR)
#define WRONG_PASSWORD ERR_PACK(ERR_LIB_PKCS12, 0, PKCS12_R_MAC_VERIFY_FAILURE)
#define UNSUPPORTED ERR_PACK(ERR_LIB_EVP, 0, EVP_R_UNSUPPORTED_ALGORITHM)
#define NO_KEY ERR_PACK(ERR_LIB_SSL, 0, SSL_R_NO_PRIVATE_KEY_ASSIGNED)
#define NO_LEAF ERR_PACK(ERR_LIB_SSL, 0, SSL_R_NO_CERTIFICATE_ASSIGNED)

typedef struct {
    OSSL_LIB_CTX *library;      /* NULL: the default library context */
    OSSL_PROVIDER *providers[2];
    PKCS12 *file;
    unsigned char *der;         /* the file, encoded */
    int size;
    char text[1024];            /* the password */
    const char *secret;         /* the password in use: `text`, "" or NULL */
    int length;
    STACK_OF(X509) *found;      /* all certificates, in the order of the
                                   file */
    EVP_PKEY *key;              /* the first */
    ASN1_OCTET_STRING *key_id;  /* its localKeyID, or NULL */
    unsigned long code;         /* of the error; 0: see the error queue */
    const char *what;
} reader;

/* Functions below with `int` results return 1, or 0 on an error; then `code`
   and `what`, or the error queue, describe the error. */

static int
fail_nogil(reader *self, unsigned long code, const char *what)
{
    self->code = code;
    self->what = what;
    return 0;
}

/* -- the file --------------------------------------------------------- */

/* Whether the file has contents, which OpenSSL before 3.0.13 assumes
   (CVE-2024-0727).  The contents follow the version. */
static int
has_content_nogil(const reader *self)
{
    const unsigned char *next = self->der, *end = next + self->size;
    int tag, class, ok = 0;
    PKCS7 *content;
    long length;

    if (!(ASN1_get_object(&next, &length, &tag, &class, end - next) & 0x80)
        && !(ASN1_get_object(&next, &length, &tag, &class, end - next)
             & 0x80)) {
        next += length;
        content = d2i_PKCS7(NULL, &next, end - next);
        ok = content != NULL && content->d.ptr != NULL;
        PKCS7_free(content);
    }
    return ok;
}

static int
decode_nogil(reader *self, sslb_source *source)
{
    BIO *bio = sslb_source_open_nogil(source);
    int ok = 0;

    if (bio != NULL) {
        self->file = d2i_PKCS12_bio(bio, NULL);
        BIO_free(bio);
    }
    if (self->file != NULL) {
        self->size = i2d_PKCS12(self->file, &self->der);
        ok = self->size > 0 && has_content_nogil(self);
    }
    return ok || fail_nogil(self, DECODE_ERROR, "PKCS #12 file");
}

/* Frees everything that was read from the file. */
static void
forget_nogil(reader *self)
{
    ASN1_OCTET_STRING_free(self->key_id);
    EVP_PKEY_free(self->key);
    sk_X509_pop_free(self->found, X509_free);
    PKCS12_free(self->file);
    self->key_id = NULL;
    self->key = NULL;
    self->found = NULL;
    self->file = NULL;
}

/* Decodes the file again, in a library context with the legacy algorithms.
   Without a legacy provider, the context has those of the default provider
   only. */
static int
decode_in_library_nogil(reader *self)
{
    BIO *bio = BIO_new_mem_buf(self->der, self->size);
    int ok;

    self->library = OSSL_LIB_CTX_new();
    if (self->library != NULL) {
        self->providers[0] = OSSL_PROVIDER_load(self->library, "legacy");
        self->providers[1] = OSSL_PROVIDER_load(self->library, "default");
        self->file = PKCS12_init_ex(NID_pkcs7_data, self->library, NULL);
    }
    ERR_clear_error();
    ok = bio != NULL && self->providers[1] != NULL && self->file != NULL
        && d2i_PKCS12_bio(bio, &self->file) != NULL;
    BIO_free(bio);
    return ok || fail_nogil(self, DECODE_ERROR, "PKCS #12 file");
}

static void
reader_free(reader *self)
{
    int i;

    forget_nogil(self);
    OPENSSL_cleanse(self->text, sizeof(self->text));
    OPENSSL_clear_free(self->der, self->size > 0 ? (size_t)self->size : 0);
    for (i = 0; i < 2; i++) {
        if (self->providers[i] != NULL) {
            OSSL_PROVIDER_unload(self->providers[i]);
        }
    }
    OSSL_LIB_CTX_free(self->library);
}

/* -- decryption -------------------------------------------------------- */

static int
fits_nogil(reader *self, const char *secret, int length)
{
    self->secret = secret;
    self->length = length;
    return PKCS12_verify_mac(self->file, secret, length);
}

/* Checks the password with the file's MAC.  A file encodes an empty password
   as a NUL character or as no bytes at all.  A file without a MAC is valid,
   too. */
static int
unlock_nogil(reader *self, int length)
{
    int ok;

    if (!PKCS12_mac_present(self->file)) {
        self->secret = length > 0 ? self->text : NULL;
        self->length = length;
        return 1;
    }
    ok = length > 0 ? fits_nogil(self, self->text, length)
                    : fits_nogil(self, NULL, 0) || fits_nogil(self, "", 0);
    return ok || fail_nogil(self, ERR_peek_error() == 0 ? WRONG_PASSWORD : 0,
                            "wrong password for PKCS #12 file");
}

/* -- the contents ------------------------------------------------------ */

/* The localKeyID, which a key shares with its certificate. */
static const ASN1_OCTET_STRING *
local_key_id(const PKCS12_SAFEBAG *bag)
{
    const ASN1_TYPE *value = PKCS12_SAFEBAG_get0_attr(bag, NID_localKeyID);

    return value != NULL && value->type == V_ASN1_OCTET_STRING
        ? value->value.octet_string : NULL;
}

/* Takes ownership of the certificate, and drops it if it is a duplicate. */
static int
keep_certificate_nogil(reader *self, X509 *x509, const PKCS12_SAFEBAG *bag)
{
    const ASN1_OCTET_STRING *id = local_key_id(bag);
    int i;

    for (i = 0; i < sk_X509_num(self->found); i++) {
        if (X509_cmp(sk_X509_value(self->found, i), x509) == 0) {
            X509_free(x509);
            return 1;
        }
    }
    if ((id != NULL
         && !X509_keyid_set1(x509, ASN1_STRING_get0_data(id),
                             ASN1_STRING_length(id)))
        || !sk_X509_push(self->found, x509)) {
        X509_free(x509);
        return 0;
    }
    return 1;
}

static int
read_certificate_nogil(reader *self, const PKCS12_SAFEBAG *bag)
{
    X509 *x509;

    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) {
        return 1;
    }
    x509 = PKCS12_SAFEBAG_get1_cert(bag);
    return x509 != NULL && keep_certificate_nogil(self, x509, bag);
}

static int
keep_key_nogil(reader *self, const PKCS8_PRIV_KEY_INFO *info,
               const PKCS12_SAFEBAG *bag)
{
    const ASN1_OCTET_STRING *id = local_key_id(bag);

    self->key = EVP_PKCS82PKEY(info);
    if (id != NULL) {
        self->key_id = ASN1_OCTET_STRING_dup(id);
    }
    return self->key != NULL && (id == NULL) == (self->key_id == NULL);
}

static int
read_locked_key_nogil(reader *self, const PKCS12_SAFEBAG *bag)
{
    PKCS8_PRIV_KEY_INFO *info = PKCS12_decrypt_skey_ex(
        bag, self->secret, self->length, self->library, NULL);
    int ok = info != NULL && keep_key_nogil(self, info, bag);

    PKCS8_PRIV_KEY_INFO_free(info);
    return ok;
}

/* Bags may contain bags; OpenSSL limits the depth when it decodes them. */
static int
read_bags_nogil(reader *self, const STACK_OF(PKCS12_SAFEBAG) *bags)
{
    int i, ok = 1;

    for (i = 0; ok && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);

        switch (PKCS12_SAFEBAG_get_nid(bag)) {
        case NID_certBag:
            ok = read_certificate_nogil(self, bag);
            break;
        case NID_keyBag:
            ok = self->key != NULL || keep_key_nogil(
                self, PKCS12_SAFEBAG_get0_p8inf(bag), bag);
            break;
        case NID_pkcs8ShroudedKeyBag:
            ok = self->key != NULL || read_locked_key_nogil(self, bag);
            break;
        case NID_safeContentsBag:
            ok = read_bags_nogil(self, PKCS12_SAFEBAG_get0_safes(bag));
            break;
        default:
            break;
        }
    }
    return ok;
}

/* Reads a part of the file; skips a part whose encryption needs another secret
   than a password. */
static int
read_safe_nogil(reader *self, PKCS7 *safe)
{
    STACK_OF(PKCS12_SAFEBAG) *bags;
    int ok;

    if (safe->d.ptr == NULL) {
        return fail_nogil(self, DECODE_ERROR, "PKCS #12 file");
    }
    if (PKCS7_type_is_data(safe)) {
        bags = PKCS12_unpack_p7data(safe);
    }
    else if (!PKCS7_type_is_encrypted(safe)) {
        return 1;
    }
    else if (safe->d.encrypted->enc_data->enc_data == NULL) {
        return fail_nogil(self, DECODE_ERROR, "PKCS #12 file");
    }
    else {
        bags = PKCS12_unpack_p7encdata(safe, self->secret, self->length);
    }
    ok = bags != NULL && read_bags_nogil(self, bags);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return ok;
}

static int
read_safes_nogil(reader *self)
{
    STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(self->file);
    int i, ok = safes != NULL;

    self->what = "PKCS #12 file";
    self->found = sk_X509_new_null();
    ok = ok && self->found != NULL;
    for (i = 0; ok && i < sk_PKCS7_num(safes); i++) {
        ok = read_safe_nogil(self, sk_PKCS7_value(safes, i));
    }
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return ok;
}

/* -- leaf and chain --------------------------------------------------- */

static int
has_key_id_nogil(const reader *self, X509 *x509)
{
    int length = 0;
    const unsigned char *id = X509_keyid_get0(x509, &length);

    return id != NULL && self->key_id != NULL
        && length == ASN1_STRING_length(self->key_id)
        && memcmp(id, ASN1_STRING_get0_data(self->key_id),
                  (size_t)length) == 0;
}

/* Removes the leaf, whose public key fits the private key, from `found` and
   returns it.  If several certificates fit, prefers the one with the
   localKeyID of the key.  Returns NULL if none fits. */
static X509 *
take_leaf_nogil(reader *self)
{
    int i, best = -1;

    for (i = 0; i < sk_X509_num(self->found); i++) {
        X509 *x509 = sk_X509_value(self->found, i);

        if (X509_check_private_key(x509, self->key)
            && (best < 0 || (has_key_id_nogil(self, x509)
                             && !has_key_id_nogil(
                                 self, sk_X509_value(self->found, best))))) {
            best = i;
        }
    }
    return best >= 0 ? sk_X509_delete(self->found, best) : NULL;
}

/* Removes the next certificate of the chain from `found` and returns it: the
   first one that may have signed `last` (X509_check_issued(3)), or else any CA
   certificate, or NULL. */
static X509 *
take_next_nogil(reader *self, X509 *last)
{
    int i, best = -1;

    for (i = sk_X509_num(self->found) - 1; i >= 0; i--) {
        if (X509_check_issued(sk_X509_value(self->found, i), last)
            == X509_V_OK) {
            best = i;
        }
    }
    for (i = 0; best < 0 && i < sk_X509_num(self->found); i++) {
        if (X509_check_ca(sk_X509_value(self->found, i))) {
            best = i;
        }
    }
    return best >= 0 ? sk_X509_delete(self->found, best) : NULL;
}

/* Makes the chain: the issuers of the leaf in order, then the other CA
   certificates, such as a cross-signed one.  Returns NULL when out of
   memory. */
static STACK_OF(X509) *
make_chain_nogil(reader *self, X509 *leaf)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *next = leaf;

    while (chain != NULL && (next = take_next_nogil(self, next)) != NULL) {
        if (!sk_X509_push(chain, next)) {
            X509_free(next);
            sk_X509_pop_free(chain, X509_free);
            chain = NULL;
        }
    }
    return chain;
}

/* Decrypts and reads the file; if an algorithm is unsupported, again with the
   legacy provider. */
static int
unpack_nogil(reader *self, int length)
{
    int ok = unlock_nogil(self, length) && read_safes_nogil(self);

    if (!ok && sslb_code_is_unsupported(ERR_peek_last_error())) {
        forget_nogil(self);
        ok = decode_in_library_nogil(self) && unlock_nogil(self, length)
            && read_safes_nogil(self);
    }
    return ok || (sslb_code_is_unsupported(ERR_peek_last_error())
                  ? fail_nogil(self, UNSUPPORTED, "encryption (which may need "
                               "OpenSSL's legacy provider) of PKCS #12 file")
                  : 0);
}

static int
find_identity_nogil(reader *self, sslb_identity *result)
{
    ERR_clear_error();
    if (self->key == NULL) {
        return fail_nogil(self, NO_KEY, "PKCS #12 file");
    }
    result->leaf = take_leaf_nogil(self);
    if (result->leaf == NULL) {
        return fail_nogil(self, NO_LEAF, "PKCS #12 file");
    }
    ERR_clear_error();
    result->chain = make_chain_nogil(self, result->leaf);
    result->key = self->key;
    self->key = NULL;
    return result->chain != NULL;
}

/* Asks for the password once, after the file was recognised as PKCS #12. */
int
sslb_pkcs12_read(sslb_identity *self, sslb_source *source,
                 sslb_password *password)
{
    reader file = {.library = NULL};
    int ok, length = 0;

    ERR_clear_error();
    Py_BEGIN_ALLOW_THREADS
    sslb_gate_enter_nogil();
    ok = decode_nogil(&file, source);
    sslb_gate_leave_nogil();
    Py_END_ALLOW_THREADS
    if (ok && password->source != Py_None) {
        length = sslb_password_ask(password, file.text, sizeof(file.text));
    }
    if (ok && length >= 0) {
        ERR_clear_error();
        Py_BEGIN_ALLOW_THREADS
        sslb_gate_enter_nogil();
        ok = unpack_nogil(&file, length) && find_identity_nogil(&file, self);
        sslb_gate_leave_nogil();
        Py_END_ALLOW_THREADS
    }
    if (!ok) {
        sslb_source_raise(file.code, source, file.what, __LINE__);
    }
    reader_free(&file);
    return ok && length >= 0 ? 0 : -1;
}
