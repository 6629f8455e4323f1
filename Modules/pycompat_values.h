/* pycompat_values.h: converts text, numbers and data between Python and C.

   The caller holds the GIL. */

#ifndef SSLB_PYCOMPAT_VALUES_H
#define SSLB_PYCOMPAT_VALUES_H

#include "pycompat.h"

/* "Text" is the host's native str: bytes on 2.7, unicode on 3.x.  On 3.x,
   bytes that are not UTF-8 become backslash escapes, so that no name in a
   certificate makes decoding fail. */
PyObject *sslb_text_new(const char *utf8, Py_ssize_t length);
PyObject *sslb_text_from_string(const char *utf8);

/* The same for text that people read (messages, names in certificates): on 2.7
   the result is unicode unless the text is ASCII. */
PyObject *sslb_readable_new(const char *utf8, Py_ssize_t length);
PyObject *sslb_readable_format(const char *format, ...);

/* Such text as an exception shows it.  str() of an exception on 2.7 needs
   UTF-8 bytes; unicode() needs unicode. */
PyObject *sslb_readable_as_str(PyObject *text);
PyObject *sslb_readable_as_unicode(PyObject *text);
PyObject *sslb_text_intern(const char *ascii);
int sslb_text_check(PyObject *object);

/* Splits at each separator; returns a list of text. */
PyObject *sslb_text_split(const char *utf8, char separator);

/* Returns an int; on 2.7 a long if the value does not fit an int. */
PyObject *sslb_int_new(long value);
PyObject *sslb_int_from_unsigned(unsigned long long value);

/* Convert an int, a long or an enum member to a C integer.  TypeError for a
   float or a str; OverflowError if the number does not fit; ValueError for a
   negative number if the C type is unsigned. */
int sslb_int_as_long(PyObject *object, long *value);
int sslb_int_as_int(PyObject *object, int *value);
int sslb_int_as_unsigned(PyObject *object, unsigned long long *value);
int sslb_int_as_ssize(PyObject *object, Py_ssize_t *value);

/* Get a contiguous buffer, for reading or for writing, until the caller calls
   PyBuffer_Release().  On 2.7, both accept old-style buffers, too, and
   sslb_buffer_get() accepts ASCII-only unicode. */
int sslb_buffer_get(PyObject *object, Py_buffer *view);
int sslb_buffer_get_writable(PyObject *object, Py_buffer *view);

/* Encodes text; returns a new reference to bytes.  UnicodeEncodeError if the
   encoding lacks a character.  2.7's str passes unchanged. */
PyObject *sslb_text_encode(PyObject *object, const char *encoding);

/* The same for use as a C string: ValueError if the text has a NUL. */
PyObject *sslb_text_encode_string(PyObject *object, const char *encoding);

/* Converts a host name to ASCII; returns a new reference to bytes.  Text that
   is not ASCII goes through the IDNA codec; bytes must be ASCII.  Raises
   TypeError or UnicodeError. */
PyObject *sslb_host_as_ascii(PyObject *object);

/* Converts a path (str, bytes, unicode or os.PathLike) to bytes; returns a new
   reference.  TypeError for other types; an exception of __fspath__() passes
   through. */
PyObject *sslb_path_as_bytes(PyObject *object);

/* Whether the object is text and cannot be data: unicode on 2.7, str on 3.x.
   `cadata` is PEM then. */
int sslb_is_unicode(PyObject *object);

#endif
