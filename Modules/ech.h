/* ech.h: Encrypted Client Hello: the keys and lists of contexts.

   Where OpenSSL has no ECH, there are none, and methods raise
   NotImplementedError. */

#ifndef SSLB_ECH_H
#define SSLB_ECH_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

/* An ECHConfigList, as it was given and as OpenSSL has it. */
typedef struct {
    PyObject *bytes;
    OSSL_ECHSTORE *store;
} sslb_ech_list;

/* Of any buffer: 0, or -1 with an exception and nothing to clear. */
int sslb_ech_list_parse(PyObject *value, sslb_ech_list *list);
void sslb_ech_list_clear(sslb_ech_list *list);

/* Methods and attributes of SSLContext, for the type's table. */
PyObject *sslb_context_load_ech_keys(PyObject *self, PyObject *args,
                                     PyObject *kwargs);
PyObject *sslb_context_get_ech_config_list(PyObject *self, void *closure);
int sslb_context_set_ech_config_list(PyObject *self, PyObject *value,
                                     void *closure);

/* A function of the module. */
PyObject *sslb_ech_generate_keys(PyObject *module, PyObject *public_name);

/* When a context is gone. */
void sslb_ech_forget(sslb_context *context);

/* Gives a new context what the original has of it: context_copy.h has the
   contract. */
int sslb_ech_copy(sslb_context *copy, sslb_context *original);

#endif
