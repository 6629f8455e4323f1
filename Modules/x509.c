/* x509.c: converts certificates to Python values: dict, DER, PEM, tuples of
   names.

   This file uses no type of ours.  A certificate with unusual contents can
   still be converted: the code marks values that it cannot show, or leaves
   them out. */

#include "x509.h"
#include "errors.h"
#include "pycompat_values.h"

#include <string.h>

/* -- small values ----------------------------------------------------- */

/* Converts a string whose characters are single bytes, including NULs. */
static PyObject *
text_from_asn1(const ASN1_STRING *string)
{
    return sslb_text_new((const char *)ASN1_STRING_get0_data(string),
                         ASN1_STRING_length(string));
}

/* Converts a URI; on 2.7 to unicode unless it is ASCII. */
static PyObject *
location_from_asn1(const ASN1_STRING *string)
{
    return sslb_readable_new((const char *)ASN1_STRING_get0_data(string),
                             ASN1_STRING_length(string));
}

/* The contents of a memory BIO as text. */
static PyObject *
text_from_bio(BIO *bio)
{
    char *data;
    long length = BIO_get_mem_data(bio, &data);

    return sslb_readable_new(data, (Py_ssize_t)length);
}

/* OpenSSL's name for the object ("commonName"), or its OID ("1.2.3") if
   OpenSSL has none or `numeric` is set. */
static PyObject *
text_from_object(const ASN1_OBJECT *object, int numeric)
{
    char stack[128];
    char *heap = NULL;
    PyObject *result;
    int length = OBJ_obj2txt(stack, sizeof(stack), object, numeric);

    if (length < 0) {
        sslb_queue_raise("object identifier", __LINE__);
        return NULL;
    }
    if ((size_t)length < sizeof(stack)) {
        return sslb_text_new(stack, length);
    }
    heap = PyMem_Malloc((size_t)length + 1);
    if (heap == NULL) {
        return PyErr_NoMemory();
    }
    length = OBJ_obj2txt(heap, length + 1, object, numeric);
    result = sslb_text_new(heap, length);
    PyMem_Free(heap);
    return result;
}

static PyObject *
text_or_none(const char *text)
{
    return text != NULL ? sslb_text_from_string(text) : Py_NewRef(Py_None);
}

PyObject *
sslb_asn1_object_as_tuple(const ASN1_OBJECT *object)
{
    int nid = OBJ_obj2nid(object);
    PyObject *oid;

    if (nid == NID_undef) {
        PyErr_SetString(PyExc_ValueError, "Unknown object");
        return NULL;
    }
    oid = text_from_object(object, 1);
    if (oid == NULL) {
        return NULL;
    }
    return Py_BuildValue("NNNN", sslb_int_new(nid),
                         text_or_none(OBJ_nid2sn(nid)),
                         text_or_none(OBJ_nid2ln(nid)), oid);
}

/* (kind, text); steals text. */
static PyObject *
pair_new(const char *kind, PyObject *text)
{
    PyObject *name = sslb_text_from_string(kind);

    if (name == NULL || text == NULL) {
        Py_XDECREF(name);
        Py_XDECREF(text);
        return NULL;
    }
    return Py_BuildValue("(NN)", name, text);
}

/* Appends the item and releases it.  Returns 0, or -1, also if the item is
   NULL. */
static int
list_append(PyObject *list, PyObject *item)
{
    int rc = item != NULL ? PyList_Append(list, item) : -1;

    Py_XDECREF(item);
    return rc;
}

/* Converts the list to a tuple and releases it; NULL stays NULL. */
static PyObject *
tuple_from_list(PyObject *list)
{
    PyObject *result = list != NULL ? PyList_AsTuple(list) : NULL;

    Py_XDECREF(list);
    return result;
}

/* Stores the value and releases it.  Returns 0, or -1, also if the value is
   NULL. */
static int
dict_store(PyObject *dict, const char *key, PyObject *value)
{
    int rc = value != NULL ? PyDict_SetItemString(dict, key, value) : -1;

    Py_XDECREF(value);
    return rc;
}

/* -- names ------------------------------------------------------------ */

/* The value of an attribute.  A bit string is no text and becomes bytes, as in
   3.10 (bpo-46232).  A string that OpenSSL cannot convert is shown byte by
   byte. */
static PyObject *
attribute_value(const ASN1_STRING *value)
{
    unsigned char *utf8 = NULL;
    PyObject *result;
    int length;

    if (ASN1_STRING_type(value) == V_ASN1_BIT_STRING) {
        return PyBytes_FromStringAndSize(
            (const char *)ASN1_STRING_get0_data(value),
            ASN1_STRING_length(value));
    }
    length = ASN1_STRING_to_UTF8(&utf8, value);
    if (length < 0) {
        ERR_clear_error();
        return text_from_asn1(value);
    }
    result = sslb_readable_new((const char *)utf8, length);
    OPENSSL_free(utf8);
    return result;
}

static PyObject *
attribute_as_pair(const X509_NAME_ENTRY *entry)
{
    PyObject *key = text_from_object(X509_NAME_ENTRY_get_object(entry), 0);
    PyObject *value = NULL;

    if (key != NULL) {
        value = attribute_value(X509_NAME_ENTRY_get_data(entry));
    }
    if (value == NULL) {
        Py_XDECREF(key);
        return NULL;
    }
    return Py_BuildValue("(NN)", key, value);
}

/* (((key, value), ...), ...): one tuple for each relative name.  A relative
   name usually has one attribute, but may have several. */
static PyObject *
name_as_tuple(const X509_NAME *name)
{
    PyObject *names = PyList_New(0);
    PyObject *attributes = NULL;
    int count = X509_NAME_entry_count(name);
    int set = -1;
    int i;

    if (names == NULL) {
        return NULL;
    }
    for (i = 0; i < count; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);

        if (attributes != NULL && X509_NAME_ENTRY_set(entry) != set) {
            PyObject *relative = tuple_from_list(attributes);

            attributes = NULL;
            if (list_append(names, relative) < 0) {
                goto error;
            }
        }
        set = X509_NAME_ENTRY_set(entry);
        if (attributes == NULL && (attributes = PyList_New(0)) == NULL) {
            goto error;
        }
        if (list_append(attributes, attribute_as_pair(entry)) < 0) {
            goto error;
        }
    }
    if (attributes != NULL) {
        PyObject *relative = tuple_from_list(attributes);

        attributes = NULL;
        if (list_append(names, relative) < 0) {
            goto error;
        }
    }
    return tuple_from_list(names);

error:
    Py_XDECREF(attributes);
    Py_DECREF(names);
    return NULL;
}

/* -- subject alternative names ---------------------------------------- */

/* Four decimal numbers for IPv4, eight groups for IPv6, and "<invalid>" for
   other lengths. */
static PyObject *
address_as_text(const ASN1_OCTET_STRING *address)
{
    const unsigned char *p = ASN1_STRING_get0_data(address);
    int length = ASN1_STRING_length(address);

    if (length == 4) {
        return sslb_readable_format("%d.%d.%d.%d", p[0], p[1], p[2], p[3]);
    }
    if (length == 16) {
        return sslb_readable_format(
            "%X:%X:%X:%X:%X:%X:%X:%X", p[0] << 8 | p[1], p[2] << 8 | p[3],
            p[4] << 8 | p[5], p[6] << 8 | p[7], p[8] << 8 | p[9],
            p[10] << 8 | p[11], p[12] << 8 | p[13], p[14] << 8 | p[15]);
    }
    return sslb_text_from_string("<invalid>");
}

/* Lets OpenSSL print a name of another kind, as "kind:text".  Newer versions
   know more kinds. */
static PyObject *
printed_name_as_pair(const GENERAL_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PyObject *result = NULL;
    char *text, *colon;
    long length;

    if (bio == NULL) {
        return PyErr_NoMemory();
    }
    if (!GENERAL_NAME_print(bio, (GENERAL_NAME *)name)) {
        ERR_clear_error();
    }
    length = BIO_get_mem_data(bio, &text);
    colon = length > 0 ? memchr(text, ':', (size_t)length) : NULL;
    if (colon == NULL) {
        result = pair_new("unknown", sslb_text_from_string("<unsupported>"));
    }
    else {
        result = Py_BuildValue(
            "NN", sslb_text_new(text, colon - text),
            sslb_text_new(colon + 1, length - (colon + 1 - text)));
    }
    BIO_free(bio);
    return result;
}

static PyObject *
general_name_as_pair(const GENERAL_NAME *name)
{
    int type;
    void *value = GENERAL_NAME_get0_value(name, &type);

    switch (type) {
    case GEN_DNS:
        return pair_new("DNS", text_from_asn1(value));
    case GEN_EMAIL:
        return pair_new("email", text_from_asn1(value));
    case GEN_URI:
        return pair_new("URI", text_from_asn1(value));
    case GEN_IPADD:
        return pair_new("IP Address", address_as_text(value));
    case GEN_DIRNAME:
        return pair_new("DirName", name_as_tuple(value));
    case GEN_RID:
        return pair_new("Registered ID", text_from_object(value, 0));
    default:
        return printed_name_as_pair(name);
    }
}

/* Returns the next extension of that kind, or NULL at the end; `*index` is the
   position of the last one, at first -1.  Skips an extension that cannot be
   parsed. */
static void *
next_extension(X509 *x509, int nid, int *index)
{
    void *extension = NULL;

    do {
        *index = X509_get_ext_by_NID(x509, nid, *index);
        if (*index >= 0) {
            extension = X509V3_EXT_d2i(X509_get_ext(x509, *index));
        }
    } while (*index >= 0 && extension == NULL);
    ERR_clear_error();
    return extension;
}

static PyObject *
alternative_names(X509 *x509)
{
    PyObject *result = PyList_New(0);
    GENERAL_NAMES *names;
    int index = -1;
    int i, rc = 0;

    if (result == NULL) {
        return NULL;
    }
    while (rc == 0 && (names = next_extension(x509, NID_subject_alt_name,
                                              &index)) != NULL) {
        for (i = 0; rc == 0 && i < sk_GENERAL_NAME_num(names); i++) {
            rc = list_append(result, general_name_as_pair(
                sk_GENERAL_NAME_value(names, i)));
        }
        GENERAL_NAMES_free(names);
    }
    if (rc < 0) {
        Py_CLEAR(result);
    }
    return tuple_from_list(result);
}

/* -- URIs of OCSP servers, issuers, CRLs ------------------------------- */

/* The URIs of one access method (NID_ad_OCSP, NID_ad_ca_issuers). */
static PyObject *
access_locations(X509 *x509, int method)
{
    PyObject *result = PyList_New(0);
    AUTHORITY_INFO_ACCESS *accesses;
    int index = -1;
    int i, rc = 0;

    if (result == NULL) {
        return NULL;
    }
    accesses = next_extension(x509, NID_info_access, &index);
    for (i = 0; rc == 0 && i < sk_ACCESS_DESCRIPTION_num(accesses); i++) {
        const ACCESS_DESCRIPTION *access =
            sk_ACCESS_DESCRIPTION_value(accesses, i);

        if (OBJ_obj2nid(access->method) == method
            && access->location->type == GEN_URI) {
            rc = list_append(result, location_from_asn1(
                access->location->d.uniformResourceIdentifier));
        }
    }
    AUTHORITY_INFO_ACCESS_free(accesses);
    if (rc < 0) {
        Py_CLEAR(result);
    }
    return tuple_from_list(result);
}

/* Skips a point without a full name or with an empty URI (CVE-2019-5010). */
static int
append_point(PyObject *list, const DIST_POINT *point)
{
    GENERAL_NAMES *names;
    int i, rc = 0;

    if (point->distpoint == NULL || point->distpoint->type != 0) {
        return 0;
    }
    names = point->distpoint->name.fullname;
    for (i = 0; rc == 0 && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        int type;
        ASN1_STRING *uri = GENERAL_NAME_get0_value(name, &type);

        if (type == GEN_URI && ASN1_STRING_length(uri) > 0) {
            rc = list_append(list, location_from_asn1(uri));
        }
    }
    return rc;
}

static PyObject *
distribution_points(X509 *x509)
{
    PyObject *result = PyList_New(0);
    CRL_DIST_POINTS *points;
    int index = -1;
    int i, rc = 0;

    if (result == NULL) {
        return NULL;
    }
    points = next_extension(x509, NID_crl_distribution_points, &index);
    for (i = 0; rc == 0 && i < sk_DIST_POINT_num(points); i++) {
        rc = append_point(result, sk_DIST_POINT_value(points, i));
    }
    CRL_DIST_POINTS_free(points);
    if (rc < 0) {
        Py_CLEAR(result);
    }
    return tuple_from_list(result);
}

/* -- the certificate -------------------------------------------------- */

static PyObject *
time_as_text(BIO *bio, const ASN1_TIME *time)
{
    (void)BIO_reset(bio);
    if (!ASN1_TIME_print(bio, time)) {
        /* OpenSSL has printed "Bad time value" instead. */
        ERR_clear_error();
    }
    return text_from_bio(bio);
}

static PyObject *
serial_as_text(BIO *bio, const ASN1_INTEGER *serial)
{
    (void)BIO_reset(bio);
    if (i2a_ASN1_INTEGER(bio, serial) < 0) {
        sslb_queue_raise("serial number", __LINE__);
        return NULL;
    }
    return text_from_bio(bio);
}

/* Stores the tuple unless it is empty, and releases it. */
static int
store_unless_empty(PyObject *dict, const char *key, PyObject *tuple)
{
    if (tuple != NULL && PyTuple_GET_SIZE(tuple) == 0) {
        Py_DECREF(tuple);
        return 0;
    }
    return dict_store(dict, key, tuple);
}

PyObject *
sslb_x509_as_dict(X509 *x509)
{
    PyObject *dict = PyDict_New();
    BIO *bio = BIO_new(BIO_s_mem());

    if (dict == NULL || bio == NULL) {
        if (dict != NULL) {
            PyErr_NoMemory();
        }
        goto error;
    }
    if (dict_store(dict, "subject",
                   name_as_tuple(X509_get_subject_name(x509))) < 0
        || dict_store(dict, "issuer",
                      name_as_tuple(X509_get_issuer_name(x509))) < 0
        || dict_store(dict, "version",
                      sslb_int_new(X509_get_version(x509) + 1)) < 0
        || dict_store(dict, "serialNumber", serial_as_text(
            bio, X509_get0_serialNumber(x509))) < 0
        || dict_store(dict, "notBefore", time_as_text(
            bio, X509_get0_notBefore(x509))) < 0
        || dict_store(dict, "notAfter", time_as_text(
            bio, X509_get0_notAfter(x509))) < 0
        || store_unless_empty(dict, "subjectAltName",
                              alternative_names(x509)) < 0
        || store_unless_empty(dict, "OCSP",
                              access_locations(x509, NID_ad_OCSP)) < 0
        || store_unless_empty(dict, "caIssuers",
                              access_locations(x509,
                                               NID_ad_ca_issuers)) < 0
        || store_unless_empty(dict, "crlDistributionPoints",
                              distribution_points(x509)) < 0) {
        goto error;
    }
    BIO_free(bio);
    return dict;

error:
    BIO_free(bio);
    Py_XDECREF(dict);
    return NULL;
}

PyObject *
sslb_x509_as_der(X509 *x509)
{
    unsigned char *der = NULL;
    int length = i2d_X509(x509, &der);
    PyObject *result;

    if (length < 0) {
        sslb_queue_raise("certificate", __LINE__);
        return NULL;
    }
    result = PyBytes_FromStringAndSize((const char *)der, length);
    OPENSSL_free(der);
    return result;
}

PyObject *
sslb_x509_as_pem(X509 *x509)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PyObject *result = NULL;

    if (bio == NULL) {
        ERR_clear_error();
        return PyErr_NoMemory();
    }
    if (PEM_write_bio_X509(bio, x509)) {
        result = text_from_bio(bio);
    }
    else {
        sslb_queue_raise("certificate", __LINE__);
    }
    BIO_free(bio);
    return result;
}

PyObject *
sslb_x509_subject_as_text(X509 *x509)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PyObject *result = NULL;

    if (bio == NULL) {
        ERR_clear_error();
        return PyErr_NoMemory();
    }
    if (X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0,
                           XN_FLAG_RFC2253) >= 0) {
        result = text_from_bio(bio);
    }
    else {
        sslb_queue_raise("subject", __LINE__);
    }
    BIO_free(bio);
    return result;
}
