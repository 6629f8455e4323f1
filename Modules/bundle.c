/* bundle.c: certificates and CRLs that were loaded together.

   Owns bundles.  OpenSSL 3 decodes public keys slowly, and a program needs few
   of the keys in a bundle.  So a bundle that was read from text in the usual
   form keeps the DER bytes of each certificate and the hash of its subject,
   and decodes a certificate only when a caller needs it.

   Contexts and threads share bundles.  Only two things in a bundle change: the
   count of references, under the GIL; and the decoded certificate of an entry,
   once, by an atomic exchange, so that fork() cannot leave a lock taken. */

#include "bundle.h"
#include "der.h"
#include "name.h"
#include "pem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A certificate, a CRL, or (if OpenSSL has read the file) both. */
typedef struct {
    X509 *x509;                 /* NULL until decoded, or if there is none */
    X509_CRL *crl;              /* or NULL */
    sslb_bytes der;             /* DER to decode later, or none */
    uint32_t number;            /* hash of its subject: see name.c */
    int has_namesakes;          /* others may share the subject */
} entry;

struct sslb_bundle {
    entry *entries;             /* in the order of the file */
    size_t count;
    entry **by_number;          /* entries with a certificate, sorted by
                                   hash */
    size_t certificates;
    int has_crls;
    sslb_digest digest;         /* of all entries, in order */
    unsigned char *der;         /* the memory of all entry.der, or NULL */
    int users;
};

/* -- entries ---------------------------------------------------------- */

static void
entry_free(entry *self)
{
    X509_free(self->x509);
    X509_CRL_free(self->crl);
}

/* The certificate (borrowed); NULL if there is none or memory runs out.  If
   several threads decode it at once, the result of the first one stays. */
static X509 *
entry_decode_nogil(entry *self)
{
    X509 *found = __atomic_load_n(&self->x509, __ATOMIC_ACQUIRE);
    const unsigned char *data = self->der.data;
    X509 *decoded;

    if (found != NULL || data == NULL) {
        return found;
    }
    decoded = d2i_X509(NULL, &data, (long)self->der.length);
    if (decoded == NULL
        || __atomic_compare_exchange_n(&self->x509, &found, decoded, 0,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return decoded;
    }
    X509_free(decoded);
    return found;
}

/* Adds the entry to the store.  Returns 1, also if it is there already, or 0
   with the error queue filled. */
static int
entry_add_nogil(entry *self, X509_STORE *store)
{
    X509 *x509 = entry_decode_nogil(self);

    return (x509 != NULL ? X509_STORE_add_cert(store, x509)
                         : self->der.data == NULL)
        && (self->crl == NULL || X509_STORE_add_crl(store, self->crl));
}

/* Orders by hash, and entries with equal hashes by their place in the file. */
static int
compare_entries(const void *a, const void *b)
{
    const entry *first = *(entry *const *)a, *second = *(entry *const *)b;

    return first->number != second->number
        ? (first->number > second->number ? 1 : -1)
        : (first > second) - (first < second);
}

/* Whether two entries of one bundle have the same certificate. */
static int
is_same(const entry *a, const entry *b)
{
    if (a->der.data == NULL) {
        return X509_cmp(a->x509, b->x509) == 0;
    }
    return a->der.length == b->der.length
        && memcmp(a->der.data, b->der.data, a->der.length) == 0;
}

/* -- bundles ---------------------------------------------------------- */

void
sslb_bundle_drop(sslb_bundle *self)
{
    size_t i;

    if (self == NULL || --self->users > 0) {
        return;
    }
    for (i = 0; i < self->count; i++) {
        entry_free(&self->entries[i]);
    }
    free(self->by_number);
    free(self->entries);
    free(self->der);
    free(self);
}

sslb_bundle *
sslb_bundle_share(sslb_bundle *self)
{
    self->users++;
    return self;
}

/* Creates a bundle with `count` empty entries; NULL with the error queue
   filled on failure. */
static sslb_bundle *
bundle_new_nogil(size_t count)
{
    sslb_bundle *self = calloc(1, sizeof(*self));

    if (self != NULL) {
        self->users = 1;
        self->entries = calloc(count + 1, sizeof(*self->entries));
        self->by_number = calloc(count + 1, sizeof(*self->by_number));
    }
    if (self == NULL || self->entries == NULL || self->by_number == NULL) {
        sslb_bundle_drop(self);
        ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    self->count = count;
    return self;
}

/* Adds the entry to a digest.  Returns 1, or 0 with the error queue
   filled. */
static int
entry_digest_nogil(const entry *self, EVP_MD_CTX *state)
{
    unsigned char *data = NULL;
    int length, ok = 1;

    if (self->der.data != NULL) {
        return EVP_DigestUpdate(state, self->der.data, self->der.length);
    }
    if (self->x509 != NULL) {
        /* with the trust settings of a "TRUSTED CERTIFICATE" */
        length = i2d_X509_AUX(self->x509, &data);
        ok = length > 0 && EVP_DigestUpdate(state, data, (size_t)length);
        OPENSSL_free(data);
        data = NULL;
    }
    if (ok && self->crl != NULL) {
        length = i2d_X509_CRL(self->crl, &data);
        ok = length > 0 && EVP_DigestUpdate(state, data, (size_t)length);
        OPENSSL_free(data);
    }
    return ok;
}

/* Computes the digest of the bundle.  Returns 1, or 0 with the error queue
   filled. */
static int
bundle_digest_nogil(sslb_bundle *self)
{
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    int ok = state != NULL && EVP_DigestInit_ex(state, EVP_sha256(), NULL);
    size_t i;

    for (i = 0; ok && i < self->count; i++) {
        ok = entry_digest_nogil(&self->entries[i], state);
    }
    ok = ok && EVP_DigestFinal_ex(state, self->digest.bytes, NULL);
    EVP_MD_CTX_free(state);
    return ok;
}

static void
bundle_sort_nogil(sslb_bundle *self)
{
    size_t i;

    for (i = 0; i < self->count; i++) {
        entry *each = &self->entries[i];

        self->has_crls |= each->crl != NULL;
        if (each->x509 != NULL || each->der.data != NULL) {
            self->by_number[self->certificates++] = each;
        }
    }
    qsort(self->by_number, self->certificates, sizeof(*self->by_number),
          compare_entries);
    for (i = 1; i < self->certificates; i++) {
        entry *one = self->by_number[i - 1], *next = self->by_number[i];

        if (one->number == next->number && !is_same(one, next)) {
            one->has_namesakes = next->has_namesakes = 1;
        }
    }
}

/* Finishes a bundle that has its entries.  Returns the bundle, or frees it and
   returns NULL with the error queue filled. */
static sslb_bundle *
bundle_finish_nogil(sslb_bundle *self)
{
    if (!bundle_digest_nogil(self)) {
        sslb_bundle_drop(self);
        return NULL;
    }
    bundle_sort_nogil(self);
    return self;
}

/* Moves the contents of an entry that OpenSSL has read.  Returns 1, or 0 when
   out of memory. */
static int
entry_take_nogil(entry *self, X509_INFO *found)
{
    self->x509 = found->x509;
    self->crl = found->crl;
    found->x509 = NULL;
    found->crl = NULL;
    return self->x509 == NULL
        || sslb_name_number_nogil(X509_get_subject_name(self->x509),
                                  &self->number);
}

sslb_bundle *
sslb_bundle_from_entries_nogil(STACK_OF(X509_INFO) *found)
{
    sslb_bundle *self = bundle_new_nogil((size_t)sk_X509_INFO_num(found));
    size_t i;

    for (i = 0; self != NULL && i < self->count; i++) {
        if (!entry_take_nogil(&self->entries[i],
                              sk_X509_INFO_value(found, (int)i))) {
            sslb_bundle_drop(self);
            self = NULL;
        }
    }
    sk_X509_INFO_pop_free(found, X509_INFO_free);
    return self != NULL ? bundle_finish_nogil(self) : NULL;
}

const sslb_digest *
sslb_bundle_digest(const sslb_bundle *self)
{
    return &self->digest;
}

int
sslb_bundle_is_empty(const sslb_bundle *self)
{
    return self->certificates == 0 && !self->has_crls;
}

int
sslb_bundle_has_crls(const sslb_bundle *self)
{
    return self->has_crls;
}

int
sslb_bundle_fill_store_nogil(const sslb_bundle *self, X509_STORE *store)
{
    size_t i;

    for (i = 0; i < self->count; i++) {
        if (!entry_add_nogil(&self->entries[i], store)) {
            return 0;
        }
    }
    return 1;
}

int
sslb_bundle_add_namesakes_nogil(const sslb_bundle *self, X509_STORE *store)
{
    size_t i;

    for (i = 0; i < self->count; i++) {
        if (self->entries[i].has_namesakes
            && !entry_add_nogil(&self->entries[i], store)) {
            return 0;
        }
    }
    return 1;
}

/* The index of the first entry whose hash is not smaller than `number`. */
static size_t
place_of(const sslb_bundle *self, uint32_t number)
{
    size_t low = 0, high = self->certificates;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (self->by_number[middle]->number < number) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low;
}

X509 *
sslb_bundle_find_nogil(const sslb_bundle *self, const X509_NAME *name)
{
    uint32_t number;
    size_t i;

    if (!sslb_name_number_nogil(name, &number)) {
        return NULL;
    }
    for (i = place_of(self, number); i < self->certificates; i++) {
        entry *each = self->by_number[i];
        X509 *x509 = each->number == number ? entry_decode_nogil(each) : NULL;

        if (x509 == NULL
            || X509_NAME_cmp(X509_get_subject_name(x509), name) == 0) {
            return x509;
        }
    }
    return NULL;
}

/* -- text in the usual form ------------------------------------------- */

/* Computes the hash of a name in DER.  Returns 1, or 0 if OpenSSL does not
   accept the name or memory runs out. */
static int
read_name_nogil(sslb_bytes der, uint32_t *number)
{
    const unsigned char *data = der.data;
    X509_NAME *name;
    int ok;

    if (sslb_name_number_of_der_nogil(der, number)) {
        return 1;
    }
    name = d2i_X509_NAME(NULL, &data, (long)der.length);
    ok = name != NULL && data == der.data + der.length
        && sslb_name_number_nogil(name, number);
    X509_NAME_free(name);
    return ok;
}

/* Fills an entry.  Returns 1, or 0 if OpenSSL may refuse the certificate or
   memory runs out. */
static int
entry_read_nogil(entry *self, sslb_bytes der)
{
    sslb_bytes issuer, subject;
    uint32_t number;

    self->der = der;
    return sslb_der_is_certificate(der, &issuer, &subject)
        && read_name_nogil(issuer, &number)
        && read_name_nogil(subject, &self->number);
}

static size_t
count_begin_lines(const char *text)
{
    size_t count = 0;

    for (; (text = strstr(text, "-----BEGIN")) != NULL; text++) {
        count++;
    }
    return count;
}

/* Reads all certificates of the text.  Returns 1, or 0 if the text does not
   have the usual form or memory runs out. */
static int
bundle_read_nogil(sslb_bundle *self, const char *text)
{
    unsigned char *der = self->der;
    size_t i = 0;
    long length;

    while ((length = sslb_pem_next_nogil(&text, der)) > 0) {
        sslb_bytes found = {der, (size_t)length};

        if (i == self->count || !entry_read_nogil(&self->entries[i], found)) {
            return 0;
        }
        der += length;
        i++;
    }
    return length == 0 && i > 0 && i == self->count;
}

sslb_bundle *
sslb_bundle_from_text_nogil(const char *text)
{
    sslb_bundle *self = bundle_new_nogil(count_begin_lines(text));

    if (self == NULL) {
        return NULL;
    }
    self->der = malloc(strlen(text) + 1);
    if (self->der == NULL || !bundle_read_nogil(self, text)) {
        sslb_bundle_drop(self);
        return NULL;
    }
    return bundle_finish_nogil(self);
}
