/* source.h: where certificates or a key come from: a path or an object. */

#ifndef SSLB_SOURCE_H
#define SSLB_SOURCE_H

#include "pycompat.h"
#include "opensslcompat.h"

/* Where certificates or a key come from (source.c). */
typedef struct {
    const char *name;           /* of the argument */
    PyObject *path;             /* bytes; NULL: an object is read */
    PyObject *read;             /* its method; NULL for a path */
    unsigned char *data;        /* what it gave, or NULL */
    int length;
    char buffer[4096];          /* of a file while it is read */
} sslb_source;

/* To an empty source: what `value` is, a path or an object with read(); `name`
   is the argument's.  Nothing is opened or read.  0, or -1 with a TypeError
   that names the argument. */
int sslb_source_find(sslb_source *self, PyObject *value, const char *name);

/* Calls read(), of an object: 0, or -1 with an exception, its own or one that
   names the argument.  `is_binary`: text is refused. */
int sslb_source_read(sslb_source *self, int is_binary);

/* What an object gave, as a string; NULL if there is a NUL in it, or none was
   read. */
const char *sslb_source_text_nogil(const sslb_source *self);

/* What it has, from the beginning: NULL with the error queue filled.  Nobody
   else may open the same source before the BIO is freed. */
BIO *sslb_source_open_nogil(sslb_source *self);

/* Wipes what was read and gives up the rest; an empty one too. */
void sslb_source_close(sslb_source *self);

/* The path, or the argument's name: for messages. */
const char *sslb_source_shown(const sslb_source *self);

/* sslb_file_raise() for a source. */
void sslb_source_raise(unsigned long code, const sslb_source *self,
                       const char *what, int line);

#endif
