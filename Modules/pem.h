/* pem.h: reads certificates from PEM text, without OpenSSL's PEM reader. */

#ifndef SSLB_PEM_H
#define SSLB_PEM_H

#include "pycompat.h"

/* Decodes the next certificate of the text to `der`, which must have room for
   as many bytes as the text has characters, and moves `text` behind the
   certificate.  Returns the count of bytes; 0 if there is no more PEM; -1 if
   the text does not have the usual form. */
long sslb_pem_next_nogil(const char **text, unsigned char *der);

#endif
