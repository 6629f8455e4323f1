/* files.h: path arguments, and files opened for reading. */

#ifndef SSLB_FILES_H
#define SSLB_FILES_H

#include "pycompat.h"
#include "opensslcompat.h"

#include <time.h>

struct stat;

/* Stores the path as bytes (a new reference), or NULL for None.  Returns 0, or
   -1 with a TypeError that names the argument. */
int sslb_path_argument(PyObject *value, const char *name, PyObject **path);

/* Opens a file for reading, and stores fstat()'s result in `identity` unless
   that is NULL.  Returns NULL with the error queue filled on failure. */
BIO *sslb_file_open_nogil(const char *path, struct stat *identity);

/* The time of the last change of a file's contents. */
struct timespec sslb_file_modified(const struct stat *status);

#endif
