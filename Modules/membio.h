/* membio.h: MemoryBIO.

   Its buffer has a mutex of its own. */

#ifndef SSLB_MEMBIO_H
#define SSLB_MEMBIO_H

#include "pycompat.h"
#include "opensslcompat.h"

#include <stddef.h>

/* The object refers to the BIO, and so may connections. */
typedef struct {
    PyObject_HEAD
    BIO *bio;                   /* owns the buffer */
} sslb_membio;

extern PyTypeObject sslb_membio_type;
int sslb_membio_module_init(void);

/* Makes room for so many bytes at once, if there is memory: for the BIO of a
   MemoryBIO. */
void sslb_membio_reserve_nogil(BIO *bio, size_t length);

#endif
