/* pem.c: reads PEM text in the usual form, with the line ends of Unix or
   Windows.

   Owns a reader of certificates that needs a fraction of the time of
   OpenSSL's.  The reader is strict: it reports any other form as "not the
   usual form", whether or not OpenSSL accepts that form. */

#include "pem.h"
#include "opensslcompat.h"

#include <string.h>

static const char boundary[] = "-----";
static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";

/* The characters of each full line, and the bytes that they encode. */
#define LINE 64
#define LINE_BYTES 48

/* If the next line of the text is this one, moves behind it and returns 1;
   else 0. */
static int
take_line(const char **text, const char *line)
{
    size_t length = strlen(line);
    const char *rest;

    if (strncmp(*text, line, length) != 0) {
        return 0;
    }
    rest = *text + length;
    rest += *rest == '\r';
    if (*rest != '\n' && *rest != '\0') {
        return 0;
    }
    *text = rest + (*rest == '\n');
    return 1;
}

/* Decodes a line and returns its count of bytes, or -1.  A line has the usual
   form only if encoding those bytes gives the same line. */
static int
decode_line_nogil(const char *line, int length, unsigned char *der)
{
    unsigned char again[LINE + 1];
    int size;

    if (length < 4 || length > LINE || length % 4 != 0
        || EVP_DecodeBlock(der, (const unsigned char *)line, length)
           != length / 4 * 3) {
        return -1;
    }
    size = length / 4 * 3 - (line[length - 1] == '=')
        - (line[length - 2] == '=');
    return EVP_EncodeBlock(again, der, size) == length
        && memcmp(again, line, (size_t)length) == 0 ? size : -1;
}

/* Decodes the next line of the body, likewise, and moves behind it. */
static int
take_body_line_nogil(const char **text, unsigned char *der)
{
    const char *line = *text, *last = strchr(line, '\n');

    if (last == NULL || last - line > LINE + 1) {
        return -1;
    }
    *text = last + 1;
    last -= last > line && last[-1] == '\r';
    return decode_line_nogil(line, (int)(last - line), der);
}

long
sslb_pem_next_nogil(const char **text, unsigned char *der)
{
    const char *line = strstr(*text, boundary);
    int size = LINE_BYTES;
    long length = 0;

    if (line == NULL) {
        return 0;
    }
    if ((line != *text && line[-1] != '\n') || !take_line(&line, begin)) {
        return -1;
    }
    while (size == LINE_BYTES && *line != '-') {
        size = take_body_line_nogil(&line, der + length);
        if (size < 0) {
            return -1;
        }
        length += size;
    }
    if (length == 0 || !take_line(&line, end)) {
        return -1;
    }
    *text = line;
    return length;
}
