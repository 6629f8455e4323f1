/* buffers.h: a pool of large buffers.

   A borrower owns a buffer until it gives the buffer back.  The pool has its
   own mutex, which it holds only for moments. */

#ifndef SSLB_BUFFERS_H
#define SSLB_BUFFERS_H

#include "pycompat.h"

#include <stddef.h>

/* A buffer of the pool, or none. */
typedef struct {
    unsigned char *data;        /* NULL: none */
    size_t size;
} sslb_buffer;

/* Lends a buffer of at least `size` bytes; its data is NULL when out of
   memory. */
sslb_buffer sslb_buffer_lend_nogil(size_t size);
void sslb_buffer_take_back_nogil(sslb_buffer *buffer);  /* the buffer may be
                                                           empty (data NULL) */

#endif
