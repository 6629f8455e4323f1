/* name.h: a 32-bit hash of an X509_NAME. */

#ifndef SSLB_NAME_H
#define SSLB_NAME_H

#include "pycompat.h"
#include "der.h"
#include "opensslcompat.h"

#include <stdint.h>

/* Both compute the hash of a name and return 1.  sslb_name_number_nogil()
   returns 0 when out of memory.  sslb_name_number_of_der_nogil() returns 1
   only for the usual forms of names, which OpenSSL surely accepts; else 0. */
int sslb_name_number_nogil(const X509_NAME *name, uint32_t *number);
int sslb_name_number_of_der_nogil(sslb_bytes der, uint32_t *number);

#endif
