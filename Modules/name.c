/* name.c: a 32-bit hash of an X509_NAME.

   Owns the hash.  Names that X509_NAME_cmp(3) finds equal have equal hashes;
   other names nearly always have different hashes.  The hash covers the
   attribute types and texts of a name.  It ignores their order and encoding,
   case, blanks, and characters outside ASCII.  Decoding a name takes fifty
   times as long as hashing its DER bytes. */

#include "name.h"

/* The tags of the usual kinds of text. */
enum {UTF8_TEXT = 0x0c, PRINTABLE_TEXT = 0x13, IA5_TEXT = 0x16};
enum {SEQUENCE = 0x30, SET = 0x31};

/* The kinds of text whose characters OpenSSL compares; it compares the bytes
   of all others. */
#define TEXTS \
    (B_ASN1_UTF8STRING | B_ASN1_BMPSTRING | B_ASN1_UNIVERSALSTRING \
     | B_ASN1_PRINTABLESTRING | B_ASN1_T61STRING | B_ASN1_IA5STRING \
     | B_ASN1_VISIBLESTRING)

/* OpenSSL may refuse longer names. */
#define LONGEST 65535

/* FNV-1a */
#define FIRST 2166136261u
#define PRIME 16777619u

static uint32_t
add_bytes(uint32_t number, sslb_bytes bytes)
{
    size_t i;

    for (i = 0; i < bytes.length; i++) {
        number = (number ^ bytes.data[i]) * PRIME;
    }
    return number;
}

static int
is_blank(unsigned char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int
is_ascii(sslb_bytes text)
{
    size_t i;

    for (i = 0; i < text.length && text.data[i] < 128; i++) {
    }
    return i == text.length;
}

static uint32_t
add_text(uint32_t number, sslb_bytes text)
{
    size_t i;

    for (i = 0; i < text.length; i++) {
        unsigned char byte = text.data[i];

        if (byte < 128 && !is_blank(byte)) {
            byte += byte >= 'A' && byte <= 'Z' ? 'a' - 'A' : 0;
            number = (number ^ byte) * PRIME;
        }
    }
    return number;
}

/* -- from DER ---------------------------------------------------------- */

static int
take_text(sslb_bytes *rest, sslb_bytes *text)
{
    return (sslb_der_take(rest, PRINTABLE_TEXT, text)
            || sslb_der_take(rest, UTF8_TEXT, text)
            || sslb_der_take(rest, IA5_TEXT, text))
        && text->length > 0 && is_ascii(*text);
}

/* Adds a set of one or more pairs of an attribute type and a text. */
static int
add_set(uint32_t *number, sslb_bytes set)
{
    sslb_bytes pair, type, text;

    do {
        if (!sslb_der_take(&set, SEQUENCE, &pair)
            || !sslb_der_take_id(&pair, &type) || !take_text(&pair, &text)
            || pair.length > 0) {
            return 0;
        }
        *number += add_text(add_bytes(FIRST, type), text);
    } while (set.length > 0);
    return 1;
}

int
sslb_name_number_of_der_nogil(sslb_bytes der, uint32_t *number)
{
    sslb_bytes name, set;

    *number = 0;
    if (der.length > LONGEST || !sslb_der_take(&der, SEQUENCE, &name)
        || der.length > 0) {
        return 0;
    }
    while (name.length > 0) {
        if (!sslb_der_take(&name, SET, &set) || !add_set(number, set)) {
            return 0;
        }
    }
    return 1;
}

/* -- from an X509_NAME ------------------------------------------------- */

/* A value that is no text does not change the hash; its type does. */
static int
add_value_nogil(uint32_t *number, const ASN1_STRING *value)
{
    unsigned char *text = NULL;
    int length;
    sslb_bytes bytes;

    if (!(ASN1_tag2bit(ASN1_STRING_type(value)) & TEXTS)) {
        return 1;
    }
    length = ASN1_STRING_to_UTF8(&text, value);
    if (length < 0) {
        return 0;
    }
    bytes.data = text;
    bytes.length = (size_t)length;
    *number = add_text(*number, bytes);
    OPENSSL_free(text);
    return 1;
}

int
sslb_name_number_nogil(const X509_NAME *name, uint32_t *number)
{
    int i;

    *number = 0;
    for (i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *pair = X509_NAME_get_entry(name, i);
        const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(pair);
        sslb_bytes bytes = {OBJ_get0_data(type), OBJ_length(type)};
        uint32_t one = add_bytes(FIRST, bytes);

        if (!add_value_nogil(&one, X509_NAME_ENTRY_get_data(pair))) {
            return 0;
        }
        *number += one;
    }
    return 1;
}
