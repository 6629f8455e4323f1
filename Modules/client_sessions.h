/* client_sessions.h: the sessions that clients have made.

   A store has a mutex of its own, which is held for moments.  No failure
   shows: a client without a kept session makes a full handshake. */

#ifndef SSLB_CLIENT_SESSIONS_H
#define SSLB_CLIENT_SESSIONS_H

#include "pycompat.h"
#include "connection.h"
#include "context.h"

typedef struct sslb_client_sessions sslb_client_sessions;

/* Methods and attributes of SSLContext, for the type's table. */
PyObject *sslb_context_get_client_sessions(PyObject *self, void *closure);
int sslb_context_set_client_sessions(PyObject *self, PyObject *value,
                                     void *closure);

/* A function of the module. */
PyObject *sslb_share_client_sessions(PyObject *module, PyObject *number);

/* A reference to those that all new contexts of clients have, or NULL; and
   the end of a reference. */
sslb_client_sessions *sslb_client_sessions_shared(void);
void sslb_client_sessions_drop(sslb_client_sessions *cache);

/* For a client: when it is made, which changes nothing where it cannot;
   before its first step, which is offered a session; after a step, where one
   was; and at the end. */
void sslb_client_sessions_begin(sslb_connection *self);
void sslb_client_sessions_offer_locked(sslb_connection *self);
void sslb_client_sessions_settle_locked(sslb_connection *self, int failed);
void sslb_client_sessions_end(sslb_connection *self);

int sslb_client_sessions_module_init(void);

/* Gives a new context what the original has of it: context_copy.h has the
   contract. */
int sslb_client_sessions_copy(sslb_context *copy, sslb_context *original);

#endif
