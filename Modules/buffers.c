/* buffers.c: a pool of large buffers.

   Owns a few spare buffers.  Fresh memory costs page faults, and an idle
   connection should hold no buffer. */

#include "buffers.h"

#include <pthread.h>
#include <stdlib.h>

#define SPARE_BUFFERS 8
#define SMALLEST ((size_t)16 * 1024)    /* smaller buffers come from
                                           malloc() */
#define LARGEST ((size_t)256 * 1024)

static struct {
    pthread_mutex_t mutex;
    sslb_buffer buffers[SPARE_BUFFERS];
    int count;
} spare = {.mutex = PTHREAD_MUTEX_INITIALIZER};

sslb_buffer
sslb_buffer_lend_nogil(size_t size)
{
    sslb_buffer result = {.data = NULL};
    int i;

    if (size >= SMALLEST) {
        pthread_mutex_lock(&spare.mutex);
        for (i = spare.count - 1; i >= 0 && result.data == NULL; i--) {
            if (spare.buffers[i].size >= size) {
                result = spare.buffers[i];
                spare.buffers[i] = spare.buffers[--spare.count];
            }
        }
        pthread_mutex_unlock(&spare.mutex);
    }
    if (result.data == NULL) {
        result.data = malloc(size);
        result.size = result.data != NULL ? size : 0;
    }
    return result;
}

void
sslb_buffer_take_back_nogil(sslb_buffer *buffer)
{
    unsigned char *data = buffer->data;

    if (buffer->size >= SMALLEST && buffer->size <= LARGEST) {
        pthread_mutex_lock(&spare.mutex);
        if (spare.count < SPARE_BUFFERS) {
            spare.buffers[spare.count++] = *buffer;
            data = NULL;
        }
        pthread_mutex_unlock(&spare.mutex);
    }
    free(data);
    buffer->data = NULL;
    buffer->size = 0;
}
