/* client_sessions.h: the sessions that clients keep to resume them.

   Each store has its own mutex, which only these functions take, for moments.
   The lock of the functions `..._locked` is the connection's.  The functions
   that get a connection report no failure: a client without a kept session
   makes a full handshake. */

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

/* With the GIL: a new reference to the store that all new client contexts
   share, or NULL if there is no such store. */
sslb_client_sessions *sslb_client_sessions_shared(void);

/* With the GIL: drops a reference, which may be NULL. */
void sslb_client_sessions_drop(sslb_client_sessions *cache);

/* Prepares the connection of a client to keep its sessions. */
void sslb_client_sessions_begin(sslb_connection *self);

/* Before the first step: offers a kept session to the server, if there is one.
   Needs no GIL. */
void sslb_client_sessions_offer_locked(sslb_connection *self);

/* After each step while an offered session is pending: at the end of the
   handshake, removes the session from the store unless the server resumed it.
   `failed`: the step failed.  Needs no GIL. */
void sslb_client_sessions_settle_locked(sslb_connection *self, int failed);

/* With the GIL, when the connection is freed. */
void sslb_client_sessions_end(sslb_connection *self);

int sslb_client_sessions_module_init(void);

/* Gives the new context `copy` a store like that of `original`; context_copy.h
   has the contract. */
int sslb_client_sessions_copy(sslb_context *copy, sslb_context *original);

#endif
