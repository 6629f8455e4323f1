/* certificate.h: Certificate, the type. */

#ifndef SSLB_CERTIFICATE_H
#define SSLB_CERTIFICATE_H

#include "pycompat.h"
#include "opensslcompat.h"

extern PyTypeObject sslb_certificate_type;

/* Takes a reference of its own. */
PyObject *sslb_certificate_new(X509 *x509);

/* A list of Certificate objects, or None for NULL; the chain stays the
   caller's. */
PyObject *sslb_certificate_list(STACK_OF(X509) *chain);

#endif
