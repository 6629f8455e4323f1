/* source.h: the source of certificates or a key: a path or an object with
   read(). */

#ifndef SSLB_SOURCE_H
#define SSLB_SOURCE_H

#include "pycompat.h"
#include "opensslcompat.h"

/* The source of certificates or a key; all zeros: empty. */
typedef struct {
    const char *name;           /* the argument's name */
    PyObject *path;             /* bytes, or NULL for an object */
    PyObject *read;             /* the object's method, or NULL for a path */
    unsigned char *data;        /* the bytes that read() returned, or NULL */
    int length;
    char buffer[4096];          /* stdio's buffer of the file */
} sslb_source;

/* Fills an empty source from `value`, a path or an object with read(); `name`
   is the argument's name.  Opens and reads nothing.  Returns 0, or -1 with a
   TypeError that names the argument. */
int sslb_source_find(sslb_source *self, PyObject *value, const char *name);

/* Calls read() if the source is an object.  Returns 0, or -1 with an exception
   of read() or one that names the argument.  With `is_binary`, text is a
   TypeError. */
int sslb_source_read(sslb_source *self, int is_binary);

/* The bytes of an object as a C string; NULL if they contain a NUL, or the
   source is not an object that was read. */
const char *sslb_source_text_nogil(const sslb_source *self);

/* Opens a BIO at the beginning of the source.  Returns NULL with the error
   queue filled on failure.  A source must not be opened twice at the same
   time. */
BIO *sslb_source_open_nogil(sslb_source *self);

/* Wipes the bytes that were read and releases the rest.  The source may be
   empty. */
void sslb_source_close(sslb_source *self);

/* The path, or the argument's name, for messages. */
const char *sslb_source_shown(const sslb_source *self);

/* As sslb_file_raise(), for a source. */
void sslb_source_raise(unsigned long code, const sslb_source *self,
                       const char *what, int line);

#endif
