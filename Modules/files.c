/* files.c: path arguments, and files opened for reading.

   This file uses no type of ours. */

#include "files.h"
#include "pycompat_values.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int
sslb_path_argument(PyObject *value, const char *name, PyObject **path)
{
    *path = NULL;
    if (value == Py_None) {
        return 0;
    }
    *path = sslb_path_as_bytes(value);
    if (*path == NULL && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Format(PyExc_TypeError, "%s should be a valid filesystem path",
                     name);
    }
    return *path != NULL ? 0 : -1;
}

/* Refuses a folder: open() accepts one, and reading it later fails without a
   reason. */
static FILE *
open_stream_nogil(const char *path, struct stat *identity)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    FILE *stream = NULL;
    int number;

    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, identity) == 0) {
        errno = EISDIR;
        if (!S_ISDIR(identity->st_mode)) {
            stream = fdopen(fd, "rb");
        }
    }
    if (stream == NULL) {
        number = errno;
        close(fd);
        errno = number;
    }
    return stream;
}

BIO *
sslb_file_open_nogil(const char *path, struct stat *identity)
{
    struct stat ignored;
    FILE *stream = open_stream_nogil(path, identity ? identity : &ignored);
    BIO *bio;

    if (stream == NULL) {
        ERR_raise(ERR_LIB_SYS, errno);
        return NULL;
    }
    bio = BIO_new_fp(stream, BIO_CLOSE);
    if (bio == NULL) {
        fclose(stream);
    }
    return bio;
}

struct timespec
sslb_file_modified(const struct stat *status)
{
#ifdef __APPLE__
    return status->st_mtimespec;
#else
    return status->st_mtim;
#endif
}
