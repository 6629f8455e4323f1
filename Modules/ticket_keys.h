/* ticket_keys.h: the keys of a server's tickets. */

#ifndef SSLB_TICKET_KEYS_H
#define SSLB_TICKET_KEYS_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

typedef struct sslb_ticket_keys sslb_ticket_keys;

PyObject *sslb_context_get_ticket_keys(PyObject *self, void *closure);
int sslb_context_set_ticket_keys(PyObject *self, PyObject *value,
                                 void *closure);

/* For a new SSL of the context. 1, or 0 with the error queue filled. */
int sslb_ticket_keys_attach(SSL *ssl, const sslb_context *context);
void sslb_ticket_keys_drop(sslb_ticket_keys *keys);     /* or NULL */
int sslb_ticket_keys_module_init(void);

/* Gives a new context what the original has of it: context_copy.h has the
   contract. */
int sslb_ticket_keys_copy(sslb_context *copy, sslb_context *original);

#endif
