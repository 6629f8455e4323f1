/* pem.h: certificates out of a text, without OpenSSL. */

#ifndef SSLB_PEM_H
#define SSLB_PEM_H

#include "pycompat.h"

/* Writes the bytes of the next certificate, which are fewer than its text has
   characters, and moves behind that.  The count; 0 when there is no more PEM;
   -1 if the text has another form than the usual one. */
long sslb_pem_next_nogil(const char **text, unsigned char *der);

#endif
