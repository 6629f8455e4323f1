/* der.c: recognises certificates in DER.

   Owns the reading of DER, and one test: whether OpenSSL surely accepts these
   bytes as a certificate.  The test looks at the layout only and does not
   decode the public key, on which OpenSSL 3 spends most time.  A negative
   result only means "not sure": the test is stricter than OpenSSL.  This file
   uses no type of OpenSSL or Python. */

#include "der.h"

/* The tags in X.509 certificates: RFC 5280, 4.1. */
enum {
    BOOLEAN = 0x01, INTEGER = 0x02, BIT_STRING = 0x03, OCTET_STRING = 0x04,
    NULL_VALUE = 0x05, OBJECT_ID = 0x06, UTC_TIME = 0x17,
    GENERALIZED_TIME = 0x18, SEQUENCE = 0x30, VERSION = 0xa0,
    EXTENSIONS = 0xa3
};

int
sslb_der_take(sslb_bytes *rest, int tag, sslb_bytes *contents)
{
    const unsigned char *data = rest->data;
    size_t length, more, i;

    if (rest->length < 2 || data[0] != tag) {
        return 0;
    }
    length = data[1];
    more = length > 127 ? length - 128 : 0;
    if (length > 127) {
        if (more == 0 || more > 3 || rest->length < 2 + more
            || data[2] == 0) {
            return 0;
        }
        for (length = 0, i = 0; i < more; i++) {
            length = length << 8 | data[2 + i];
        }
        if (length < 128) {
            return 0;
        }
    }
    if (length > rest->length - 2 - more) {
        return 0;
    }
    contents->data = data + 2 + more;
    contents->length = length;
    rest->data = contents->data + length;
    rest->length -= 2 + more + length;
    return 1;
}

static int
next_is(const sslb_bytes *rest, int tag)
{
    return rest->length > 0 && rest->data[0] == tag;
}

static int
take_integer(sslb_bytes *rest)
{
    sslb_bytes number;

    if (!sslb_der_take(rest, INTEGER, &number) || number.length == 0) {
        return 0;
    }
    /* if the first nine bits are equal, the form is not the shortest */
    return number.length == 1
        || !((number.data[0] == 0 && number.data[1] < 128)
             || (number.data[0] == 255 && number.data[1] >= 128));
}

int
sslb_der_take_id(sslb_bytes *rest, sslb_bytes *id)
{
    size_t i;
    int begins = 1;             /* the byte is the first of a number, which has
                                   seven bits in each byte */

    if (!sslb_der_take(rest, OBJECT_ID, id) || id->length == 0) {
        return 0;
    }
    for (i = 0; i < id->length; i++) {
        if (begins && id->data[i] == 128) {
            return 0;
        }
        begins = id->data[i] < 128;
    }
    return begins;
}

/* OpenSSL does not decode parameters that are a sequence. */
static int
take_algorithm(sslb_bytes *rest)
{
    sslb_bytes algorithm, id, parameters;

    if (!sslb_der_take(rest, SEQUENCE, &algorithm)
        || !sslb_der_take_id(&algorithm, &id)) {
        return 0;
    }
    if (next_is(&algorithm, OBJECT_ID)) {
        return sslb_der_take_id(&algorithm, &id) && algorithm.length == 0;
    }
    if (next_is(&algorithm, NULL_VALUE)) {
        return sslb_der_take(&algorithm, NULL_VALUE, &parameters)
            && parameters.length == 0 && algorithm.length == 0;
    }
    return algorithm.length == 0
        || (sslb_der_take(&algorithm, SEQUENCE, &parameters)
            && algorithm.length == 0);
}

/* Keys and signatures consist of whole bytes. */
static int
take_bit_string(sslb_bytes *rest)
{
    sslb_bytes bits;

    return sslb_der_take(rest, BIT_STRING, &bits) && bits.length > 1
        && bits.data[0] == 0;
}

static int
take_time(sslb_bytes *rest)
{
    size_t i, digits = next_is(rest, UTC_TIME) ? 12 : 14;
    sslb_bytes text;

    if (!sslb_der_take(rest, digits == 12 ? UTC_TIME : GENERALIZED_TIME, &text)
        || text.length != digits + 1 || text.data[digits] != 'Z') {
        return 0;
    }
    for (i = 0; i < digits; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }
    }
    return 1;
}

static int
take_validity(sslb_bytes *rest)
{
    sslb_bytes validity;

    return sslb_der_take(rest, SEQUENCE, &validity) && take_time(&validity)
        && take_time(&validity) && validity.length == 0;
}

static int
take_public_key(sslb_bytes *rest)
{
    sslb_bytes key;

    return sslb_der_take(rest, SEQUENCE, &key) && take_algorithm(&key)
        && take_bit_string(&key) && key.length == 0;
}

static int
take_extension(sslb_bytes *rest)
{
    sslb_bytes extension, part;

    if (!sslb_der_take(rest, SEQUENCE, &extension)
        || !sslb_der_take_id(&extension, &part)) {
        return 0;
    }
    if (next_is(&extension, BOOLEAN)
        && (!sslb_der_take(&extension, BOOLEAN, &part) || part.length != 1
            || part.data[0] != 255)) {
        return 0;
    }
    return sslb_der_take(&extension, OCTET_STRING, &part)
        && extension.length == 0;
}

static int
take_extensions(sslb_bytes *rest)
{
    sslb_bytes tagged, list;

    if (!sslb_der_take(rest, EXTENSIONS, &tagged)
        || !sslb_der_take(&tagged, SEQUENCE, &list) || tagged.length > 0
        || list.length == 0) {
        return 0;
    }
    while (list.length > 0) {
        if (!take_extension(&list)) {
            return 0;
        }
    }
    return 1;
}

/* Takes the whole element of a name, without looking at its contents. */
static int
take_name(sslb_bytes *rest, sslb_bytes *name)
{
    sslb_bytes contents;

    name->data = rest->data;
    if (!sslb_der_take(rest, SEQUENCE, &contents)) {
        return 0;
    }
    name->length = (size_t)(rest->data - name->data);
    return 1;
}

static int
take_version(sslb_bytes *rest)
{
    sslb_bytes version;

    return sslb_der_take(rest, VERSION, &version) && take_integer(&version)
        && version.length == 0;
}

/* The TBSCertificate, which the issuer signs. */
static int
take_body(sslb_bytes *rest, sslb_bytes *issuer, sslb_bytes *subject)
{
    sslb_bytes body;

    return sslb_der_take(rest, SEQUENCE, &body)
        && (!next_is(&body, VERSION) || take_version(&body))
        && take_integer(&body)
        && take_algorithm(&body)
        && take_name(&body, issuer)
        && take_validity(&body)
        && take_name(&body, subject)
        && take_public_key(&body)
        && (body.length == 0 || take_extensions(&body))
        && body.length == 0;
}

int
sslb_der_is_certificate(sslb_bytes der, sslb_bytes *issuer,
                        sslb_bytes *subject)
{
    sslb_bytes certificate;

    return sslb_der_take(&der, SEQUENCE, &certificate) && der.length == 0
        && take_body(&certificate, issuer, subject)
        && take_algorithm(&certificate)
        && take_bit_string(&certificate)
        && certificate.length == 0;
}
