/* ech.h: Encrypted Client Hello: the keys and configuration lists of contexts.

   If OpenSSL has no ECH, contexts have neither, and methods raise
   NotImplementedError. */

#ifndef SSLB_ECH_H
#define SSLB_ECH_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

/* An ECHConfigList, as bytes and as OpenSSL's object. */
typedef struct {
    PyObject *bytes;
    OSSL_ECHSTORE *store;
} sslb_ech_list;

/* Parses an ECHConfigList in any buffer.  After success the caller calls
   sslb_ech_list_clear(); after a failure there is nothing to clear. */
int sslb_ech_list_parse(PyObject *value, sslb_ech_list *list);
void sslb_ech_list_clear(sslb_ech_list *list);

/* Methods and attributes of SSLContext, for the type's table. */
PyObject *sslb_context_load_ech_keys(PyObject *self, PyObject *args,
                                     PyObject *kwargs);
PyObject *sslb_context_get_ech_config_list(PyObject *self, void *closure);
int sslb_context_set_ech_config_list(PyObject *self, PyObject *value,
                                     void *closure);

/* A function of the module: new keys as PEM (str). */
PyObject *sslb_ech_generate_keys(PyObject *module, PyObject *public_name);

/* Frees the keys and the list of a context. */
void sslb_ech_forget(sslb_context *context);

/* Copies the keys and the list to a new context: context_copy.h has the
   contract. */
int sslb_ech_copy(sslb_context *copy, sslb_context *original);

#endif
