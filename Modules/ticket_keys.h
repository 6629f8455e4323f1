/* ticket_keys.h: the keys of a server's session tickets.

   A set of keys never changes.  The GIL protects the count of its
   references. */

#ifndef SSLB_TICKET_KEYS_H
#define SSLB_TICKET_KEYS_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

typedef struct sslb_ticket_keys sslb_ticket_keys;

/* Methods and attributes of SSLContext, for the type's table. */
PyObject *sslb_context_get_ticket_keys(PyObject *self, void *closure);
int sslb_context_set_ticket_keys(PyObject *self, PyObject *value,
                                 void *closure);

/* Makes a new SSL refer to its context's keys.  Returns 1, or 0 with the error
   queue filled. */
int sslb_ticket_keys_attach(SSL *ssl, const sslb_context *context);

/* Releases a reference (or NULL).  The last release wipes the keys. */
void sslb_ticket_keys_drop(sslb_ticket_keys *keys);

int sslb_ticket_keys_module_init(void);

/* Copies the keys to a new context: context_copy.h has the contract. */
int sslb_ticket_keys_copy(sslb_context *copy, sslb_context *original);

#endif
