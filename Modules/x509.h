/* x509.h: converts an X509 to dict, DER and text.

   The functions use no lock. */

#ifndef SSLB_X509_H
#define SSLB_X509_H

#include "pycompat.h"
#include "opensslcompat.h"

/* A certificate as the dict of getpeercert(), and as DER (bytes). */
PyObject *sslb_x509_as_dict(X509 *x509);
PyObject *sslb_x509_as_der(X509 *x509);

/* The subject in one line (RFC 2253), as native str, or on 2.7 unicode unless
   ASCII. */
PyObject *sslb_x509_subject_as_text(X509 *x509);

/* A certificate as PEM (native str). */
PyObject *sslb_x509_as_pem(X509 *x509);

/* (nid, short name, long name, OID) */
PyObject *sslb_asn1_object_as_tuple(const ASN1_OBJECT *object);

#endif
