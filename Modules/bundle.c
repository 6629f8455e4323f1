/* bundle.c: certificates and CRLs that were loaded together.

   Owns bundles.  OpenSSL 3 decodes public keys slowly, and a program needs few
   of those that a bundle has.  So a bundle of a text in the usual form keeps
   the bytes of each certificate and its subject, and OpenSSL decodes a
   certificate when somebody asks for it.

   Contexts and threads share bundles.  Two things change in one: the count of
   its users, with the GIL held; and a certificate that is decoded, once, by
   one atomic step, so that no fork() finds a lock taken. */

#include "sslb.h"

#include <stdlib.h>
#include <string.h>

/* A certificate, or a CRL, or (after OpenSSL has read it) both. */
typedef struct {
    X509 *x509;                 /* NULL until it is decoded, or for ever */
    X509_CRL *crl;              /* or NULL */
    sslb_bytes der;             /* of the certificate to decode */
    X509_NAME *subject;         /* the one in it */
    int has_namesakes;          /* others of the same subject */
} entry;

struct sslb_bundle {
    entry *entries;             /* in the order of their file */
    size_t count;
    entry **by_subject;         /* those with a certificate, sorted */
    size_t certificates;
    int has_crls;
    unsigned char *der;         /* of those that were not decoded at once */
    int users;
};

/* -- entries ---------------------------------------------------------- */

static void
entry_free(entry *self)
{
    X509_free(self->x509);
    X509_CRL_free(self->crl);
    X509_NAME_free(self->subject);
}

static const X509_NAME *
entry_subject(const entry *self)
{
    return self->subject != NULL ? self->subject
                                 : X509_get_subject_name(self->x509);
}

/* The certificate, borrowed; NULL if there is none, or when out of memory.  Of
   several threads that decode it at once the first one's stays. */
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

/* 1, or 0 with the error queue filled; what is there already is no error. */
static int
entry_add_nogil(entry *self, X509_STORE *store)
{
    X509 *x509 = entry_decode_nogil(self);

    return (x509 != NULL ? X509_STORE_add_cert(store, x509)
                         : self->der.data == NULL)
        && (self->crl == NULL || X509_STORE_add_crl(store, self->crl));
}

/* By subject; those of one subject in the order of their file. */
static int
compare_entries(const void *a, const void *b)
{
    const entry *first = *(entry *const *)a, *second = *(entry *const *)b;
    int order = X509_NAME_cmp(entry_subject(first), entry_subject(second));

    return order != 0 ? order : (first > second) - (first < second);
}

/* Whether two are the same certificate, of one bundle. */
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
    free(self->by_subject);
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

/* With room for so many entries, which are empty; NULL with the error queue
   filled. */
static sslb_bundle *
bundle_new_nogil(size_t count)
{
    sslb_bundle *self = calloc(1, sizeof(*self));

    if (self != NULL) {
        self->users = 1;
        self->entries = calloc(count + 1, sizeof(*self->entries));
        self->by_subject = calloc(count + 1, sizeof(*self->by_subject));
    }
    if (self == NULL || self->entries == NULL || self->by_subject == NULL) {
        sslb_bundle_drop(self);
        ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    self->count = count;
    return self;
}

/* Once its entries are there. */
static void
bundle_sort_nogil(sslb_bundle *self)
{
    size_t i;

    for (i = 0; i < self->count; i++) {
        entry *each = &self->entries[i];

        self->has_crls |= each->crl != NULL;
        if (each->x509 != NULL || each->der.data != NULL) {
            self->by_subject[self->certificates++] = each;
        }
    }
    qsort(self->by_subject, self->certificates, sizeof(*self->by_subject),
          compare_entries);
    for (i = 1; i < self->certificates; i++) {
        entry *one = self->by_subject[i - 1], *next = self->by_subject[i];

        if (X509_NAME_cmp(entry_subject(one), entry_subject(next)) == 0
            && !is_same(one, next)) {
            one->has_namesakes = next->has_namesakes = 1;
        }
    }
}

sslb_bundle *
sslb_bundle_from_entries_nogil(STACK_OF(X509_INFO) *found)
{
    sslb_bundle *self = bundle_new_nogil((size_t)sk_X509_INFO_num(found));
    size_t i;

    for (i = 0; self != NULL && i < self->count; i++) {
        X509_INFO *each = sk_X509_INFO_value(found, (int)i);

        self->entries[i].x509 = each->x509;
        self->entries[i].crl = each->crl;
        each->x509 = NULL;
        each->crl = NULL;
    }
    sk_X509_INFO_pop_free(found, X509_INFO_free);
    if (self != NULL) {
        bundle_sort_nogil(self);
    }
    return self;
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

static int
compare_name(const void *name, const void *each)
{
    return X509_NAME_cmp(name, entry_subject(*(entry *const *)each));
}

X509 *
sslb_bundle_find_nogil(const sslb_bundle *self, const X509_NAME *name)
{
    entry **found = bsearch(name, self->by_subject, self->certificates,
                            sizeof(*self->by_subject), compare_name);

    return found != NULL ? entry_decode_nogil(*found) : NULL;
}

/* -- text in the usual form ------------------------------------------- */

static X509_NAME *
name_decode_nogil(sslb_bytes der)
{
    const unsigned char *data = der.data;
    X509_NAME *name = d2i_X509_NAME(NULL, &data, (long)der.length);

    if (name != NULL && data != der.data + der.length) {
        X509_NAME_free(name);
        return NULL;
    }
    return name;
}

/* Whether OpenSSL takes it for a name, as it does another one. */
static int
is_name_nogil(sslb_bytes der, sslb_bytes other)
{
    X509_NAME *name;

    if (der.length == other.length
        && memcmp(der.data, other.data, der.length) == 0) {
        return 1;
    }
    name = name_decode_nogil(der);
    X509_NAME_free(name);
    return name != NULL;
}

/* 1, or 0 if it may be no certificate, or when out of memory. */
static int
entry_read_nogil(entry *self, sslb_bytes der)
{
    sslb_bytes issuer, subject;

    if (!sslb_der_is_certificate_nogil(der, &issuer, &subject)) {
        return 0;
    }
    self->der = der;
    self->subject = name_decode_nogil(subject);
    return self->subject != NULL && is_name_nogil(issuer, subject);
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

/* 1, or 0 if the text has another form, or when out of memory. */
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
    bundle_sort_nogil(self);
    return self;
}
