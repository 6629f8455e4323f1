/* x509.h: an X509 as dict, DER and text.

   Pure conversion, without a lock. */

#ifndef SSLB_X509_H
#define SSLB_X509_H

#include "pycompat.h"
#include "opensslcompat.h"

/* The dict of getpeercert(), or the DER bytes, of a certificate. */
PyObject *sslb_x509_as_dict(X509 *x509);
PyObject *sslb_x509_as_der(X509 *x509);

/* The subject, as OpenSSL prints it in one line (RFC 2253). */
PyObject *sslb_x509_subject_as_text(X509 *x509);

/* The PEM text of a certificate, as native str. */
PyObject *sslb_x509_as_pem(X509 *x509);

/* (nid, short name, long name, OID) */
PyObject *sslb_asn1_object_as_tuple(const ASN1_OBJECT *object);

#endif
