/* name.h: names of certificates, as numbers. */

#ifndef SSLB_NAME_H
#define SSLB_NAME_H

#include "pycompat.h"
#include "der.h"
#include "opensslcompat.h"

#include <stdint.h>

/* The number that tells a name from others: 1, or 0 when out of memory.  Of an
   encoded one also 0 if it is not of the kind that nearly all are; if it is,
   OpenSSL surely takes it for a name. */
int sslb_name_number_nogil(const X509_NAME *name, uint32_t *number);
int sslb_name_number_of_der(sslb_bytes der, uint32_t *number);

#endif
