/* pycompat_values.h: text, numbers and data, between Python and C.

   The GIL is held. */

#ifndef SSLB_PYCOMPAT_VALUES_H
#define SSLB_PYCOMPAT_VALUES_H

#include "pycompat.h"

/* "Text" is the host's native str: bytes on 2.7, unicode on 3.x.  Bytes that
   are no UTF-8 come out as backslash escapes on 3.x, so that no name in a
   certificate makes decoding fail. */
PyObject *sslb_text_new(const char *utf8, Py_ssize_t length);
PyObject *sslb_text_from_string(const char *utf8);

/* The same for what people read, messages and names in certificates: on 2.7
   unicode where it is not ASCII. */
PyObject *sslb_readable_new(const char *utf8, Py_ssize_t length);
PyObject *sslb_readable_format(const char *format, ...);

/* That as an exception shows it: on 2.7 UTF-8 for str(), and unicode. */
PyObject *sslb_readable_as_str(PyObject *text);
PyObject *sslb_readable_as_unicode(PyObject *text);
PyObject *sslb_text_intern(const char *ascii);
int sslb_text_check(PyObject *object);

/* A list of the parts between separators. */
PyObject *sslb_text_split(const char *utf8, char separator);

/* The host's plain integer: int, and on 2.7 long only where int is too
   small. */
PyObject *sslb_int_new(long value);
PyObject *sslb_int_from_unsigned(unsigned long long value);

/* C integers from an int, a long or an enum member; a float or a str is a
   TypeError, what does not fit is an OverflowError, and a negative number
   where none can be meant a ValueError.  0 or -1. */
int sslb_int_as_long(PyObject *object, long *value);
int sslb_int_as_int(PyObject *object, int *value);
int sslb_int_as_unsigned(PyObject *object, unsigned long long *value);
int sslb_int_as_ssize(PyObject *object, Py_ssize_t *value);

/* Exports the caller's contiguous buffer, read-only or writable, until
   PyBuffer_Release(): on 2.7 also old-style buffers and, for reading,
   ASCII-only unicode.  0 or -1. */
int sslb_buffer_get(PyObject *object, Py_buffer *view);
int sslb_buffer_get_writable(PyObject *object, Py_buffer *view);

/* The bytes of text in an encoding, or, where it is 2.7's unicode or 3.x's str
   with characters that this lacks, UnicodeEncodeError; 2.7's str as it is.
   New reference to bytes. */
PyObject *sslb_text_encode(PyObject *object, const char *encoding);

/* The same for a C string: ValueError where a NUL is in it. */
PyObject *sslb_text_encode_string(PyObject *object, const char *encoding);

/* A host name in ASCII: str and unicode through the IDNA codec where they
   are not ASCII yet, bytes as they are.  New reference to bytes.
   TypeError, UnicodeError. */
PyObject *sslb_host_as_ascii(PyObject *object);

/* A path as bytes, from str, bytes, unicode or os.PathLike. TypeError for
   other types; what __fspath__ raises passes through.  New reference. */
PyObject *sslb_path_as_bytes(PyObject *object);

/* Whether the object is text (str or unicode) that IS text and not data:
   what `cadata` tells PEM from DER by. */
int sslb_is_unicode(PyObject *object);

#endif
