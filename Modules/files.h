/* files.h: paths, and files that are opened to be read. */

#ifndef SSLB_FILES_H
#define SSLB_FILES_H

#include "pycompat.h"
#include "opensslcompat.h"

#include <time.h>

/* The bytes of a path argument, NULL for None: 0, or -1 with a TypeError that
   names the argument. */
int sslb_path_argument(PyObject *value, const char *name, PyObject **path);

/* Opens a file for reading; `identity` (or NULL) is filled with what it is.
   NULL with the error queue filled. */
struct stat;
BIO *sslb_file_open_nogil(const char *path, struct stat *identity);

/* When a file was changed. */
struct timespec sslb_file_modified(const struct stat *status);

#endif
