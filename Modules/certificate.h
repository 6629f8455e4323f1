/* certificate.h: the Python type Certificate. */

#ifndef SSLB_CERTIFICATE_H
#define SSLB_CERTIFICATE_H

#include "pycompat.h"
#include "opensslcompat.h"

extern PyTypeObject sslb_certificate_type;

/* Adds a reference to the X509. */
PyObject *sslb_certificate_new(X509 *x509);

/* A list of Certificate objects, or None if `chain` is NULL.  The caller keeps
   the chain. */
PyObject *sslb_certificate_list(STACK_OF(X509) *chain);

#endif
