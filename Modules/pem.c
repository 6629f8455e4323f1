/* pem.c: PEM text in the form that every tool writes.

   Owns reading certificates from such a text, in a fraction of the time that
   OpenSSL's reader takes.  It is strict: of any other form, which OpenSSL may
   take or not, it only says that the form is another. */

#include "sslb.h"

#include <string.h>

static const char boundary[] = "-----";
static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
static const char end[] = "-----END CERTIFICATE-----\n";

/* Characters of each line but the last, and the bytes that they stand for. */
#define LINE 64
#define LINE_BYTES 48

static int
starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* How many bytes the line stands for, or -1: only what is encoded to the very
   same line again is in the usual form. */
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

long
sslb_pem_next_nogil(const char **text, unsigned char *der)
{
    const char *line = strstr(*text, boundary), *newline;
    long length = 0;
    int size = LINE_BYTES;

    if (line == NULL) {
        return 0;
    }
    if ((line != *text && line[-1] != '\n') || !starts_with(line, begin)) {
        return -1;
    }
    line += strlen(begin);
    while (size == LINE_BYTES && *line != '-') {
        newline = strchr(line, '\n');
        if (newline == NULL || newline - line > LINE) {
            return -1;
        }
        size = decode_line_nogil(line, (int)(newline - line), der + length);
        if (size < 0) {
            return -1;
        }
        length += size;
        line = newline + 1;
    }
    if (length == 0 || !starts_with(line, end)) {
        return -1;
    }
    *text = line + strlen(end);
    return length;
}
