/* bundle.h: certificates and CRLs that were loaded together. */

#ifndef SSLB_BUNDLE_H
#define SSLB_BUNDLE_H

#include "pycompat.h"
#include "digest.h"
#include "opensslcompat.h"

/* Certificates and CRLs that were loaded together.  A bundle counts its
   references. */
typedef struct sslb_bundle sslb_bundle;

/* The contents of a bundle never change.  sslb_bundle_share() adds a reference
   and returns the bundle; sslb_bundle_drop() releases one, or does nothing for
   NULL.  Both need the GIL once other code can see the bundle. */
sslb_bundle *sslb_bundle_share(sslb_bundle *self);
void sslb_bundle_drop(sslb_bundle *self);

/* Creates a bundle from the entries that OpenSSL has read, and takes ownership
   of them, also on failure.  Returns NULL with the error queue filled. */
sslb_bundle *sslb_bundle_from_entries_nogil(STACK_OF(X509_INFO) *found);

/* Creates a bundle from PEM text.  Returns NULL if the text does not have the
   usual form or memory runs out; the error queue may have entries then. */
sslb_bundle *sslb_bundle_from_text_nogil(const char *text);

int sslb_bundle_is_empty(const sslb_bundle *self);
const sslb_digest *sslb_bundle_digest(const sslb_bundle *self);
int sslb_bundle_has_crls(const sslb_bundle *self);

/* Add to the store all certificates and CRLs, or only the entries that share
   their subject with another one.  Return 1, or 0 with the error queue filled.
   An entry that is in the store already is no error. */
int sslb_bundle_fill_store_nogil(const sslb_bundle *self, X509_STORE *store);
int sslb_bundle_add_namesakes_nogil(const sslb_bundle *self,
                                    X509_STORE *store);

/* Returns a certificate with that subject (borrowed); NULL if there is none or
   memory runs out. */
X509 *sslb_bundle_find_nogil(const sslb_bundle *self, const X509_NAME *name);

#endif
