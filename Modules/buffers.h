/* buffers.h: large buffers, which go from one user to the next.

   Whoever was lent a buffer owns it until it gives it back.  A mutex of the
   room's own is held for moments. */

#ifndef SSLB_BUFFERS_H
#define SSLB_BUFFERS_H

#include "pycompat.h"

#include <stddef.h>

/* Memory that goes from one user to the next (buffers.c). */
typedef struct {
    unsigned char *data;        /* NULL: none */
    size_t size;
} sslb_buffer;

/* One of at least `size` bytes; its data is NULL when out of memory. */
sslb_buffer sslb_buffer_lend_nogil(size_t size);
void sslb_buffer_take_back_nogil(sslb_buffer *buffer);  /* which may be none */

#endif
