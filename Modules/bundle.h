/* bundle.h: certificates and CRLs that were loaded together. */

#ifndef SSLB_BUNDLE_H
#define SSLB_BUNDLE_H

#include "pycompat.h"
#include "digest.h"
#include "opensslcompat.h"

/* Certificates and CRLs that were loaded together (bundle.c). */
typedef struct sslb_bundle sslb_bundle;

/* A bundle never changes for its users.  Sharing and dropping (which may be
   told NULL) want the GIL, unless nobody else has it yet. */
sslb_bundle *sslb_bundle_share(sslb_bundle *self);
void sslb_bundle_drop(sslb_bundle *self);

/* Of what OpenSSL has read, which is taken over; NULL with the error queue
   filled. */
sslb_bundle *sslb_bundle_from_entries_nogil(STACK_OF(X509_INFO) *found);

/* Of a text; NULL if it has another form than the usual one, or when out of
   memory.  The error queue may have something then. */
sslb_bundle *sslb_bundle_from_text_nogil(const char *text);

int sslb_bundle_is_empty(const sslb_bundle *self);
const sslb_digest *sslb_bundle_digest(const sslb_bundle *self);
int sslb_bundle_has_crls(const sslb_bundle *self);

/* Add all, or the certificates that have their subject in common with others:
   1, or 0 with the error queue filled.  What the store has is no error. */
int sslb_bundle_fill_store_nogil(const sslb_bundle *self, X509_STORE *store);
int sslb_bundle_add_namesakes_nogil(const sslb_bundle *self,
                                    X509_STORE *store);

/* A certificate of that subject, borrowed; NULL if there is none, or when out
   of memory. */
X509 *sslb_bundle_find_nogil(const sslb_bundle *self, const X509_NAME *name);

#endif
