/* membio.h: MemoryBIO.

   A mutex of its own protects the buffer of each MemoryBIO. */

#ifndef SSLB_MEMBIO_H
#define SSLB_MEMBIO_H

#include "pycompat.h"
#include "opensslcompat.h"

#include <stddef.h>

/* The object holds a reference to the BIO, and connections may hold others. */
typedef struct {
    PyObject_HEAD
    BIO *bio;                   /* owns the buffer */
} sslb_membio;

extern PyTypeObject sslb_membio_type;
int sslb_membio_module_init(void);

/* Reserves memory for `length` more bytes in the BIO of a MemoryBIO; has no
   effect when out of memory. */
void sslb_membio_reserve_nogil(BIO *bio, size_t length);

#endif
