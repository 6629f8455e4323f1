/* client_sessions.h: the sessions that clients keep to resume them.

   Each store has its own mutex, which a thread holds only briefly.  The
   functions for a connection report no failure: a client without a kept
   session makes a full handshake. */

#ifndef SSLB_CLIENT_SESSIONS_H
#define SSLB_CLIENT_SESSIONS_H

#include "pycompat.h"
#include "connection.h"
#include "context.h"

typedef struct sslb_client_sessions sslb_client_sessions;

/* An attribute of SSLContext, for the type's table. */
PyObject *sslb_context_get_client_sessions(PyObject *self, void *closure);
int sslb_context_set_client_sessions(PyObject *self, PyObject *value,
                                     void *closure);

/* A function of the module. */
PyObject *sslb_share_client_sessions(PyObject *module, PyObject *number);

/* With the GIL.  The first function returns a new reference to the store that
   all new client contexts share, or NULL if there is none.  The second one
   drops a reference, which may be NULL. */
sslb_client_sessions *sslb_client_sessions_shared(void);
void sslb_client_sessions_drop(sslb_client_sessions *cache);

/* For a client's connection, in this order: when it is created; before its
   first step, to offer a kept session to the server; after each step until the
   result of that offer is known (`failed`: the step failed); when the
   connection is freed. */
void sslb_client_sessions_begin(sslb_connection *self);
void sslb_client_sessions_offer_locked(sslb_connection *self);
void sslb_client_sessions_settle_locked(sslb_connection *self, int failed);
void sslb_client_sessions_end(sslb_connection *self);

int sslb_client_sessions_module_init(void);

/* Gives the new context `copy` a store like that of `original`; context_copy.h
   has the contract. */
int sslb_client_sessions_copy(sslb_context *copy, sslb_context *original);

#endif
