/* hints.h: the facts behind SSLError.hint.

   No failure shows: an error without facts has a hint still, or none. */

#ifndef SSLB_HINTS_H
#define SSLB_HINTS_H

#include "pycompat.h"
#include "connection.h"
#include "context.h"
#include "errors.h"
#include "opensslcompat.h"

#include <stdint.h>

/* What hints tell of a connection that failed. */
typedef struct {
    int in_handshake;
    int minimum_version;        /* 0: none, as for the next one */
    int maximum_version;
    uint64_t options;
    int security_level;
    int has_certificate;        /* of its own */
    int was_asked;              /* for it, by the server */
    sslb_refusal refusal;
} sslb_situation;

/* Note what a hint may tell: a chain that was refused, the hello of a client,
   where a context's trust comes from (a path in bytes, or NULL for data). */
void sslb_hints_note_refusal_nogil(sslb_refusal *refusal,
                                   X509_STORE_CTX *attempt);
void sslb_hints_note_hello_nogil(sslb_connection *self);
void sslb_hints_note_place(sslb_context *context, PyObject *path);
void sslb_hints_forget(sslb_refusal *refusal);

/* Whether the current exception, of that outcome, is one that may have a
   hint; what there is to know of the connection, which hands over its refusal;
   and the exception, which stays, gets that.  `host` is what was verified, or
   NULL. */
int sslb_hints_are_wanted(const sslb_outcome *outcome);
void sslb_hints_look_locked(sslb_connection *self, sslb_situation *found);
void sslb_hints_explain(const sslb_connection *self, PyObject *host,
                        sslb_situation *found);

/* Gives a new context what the original has of it: context_copy.h has the
   contract. */
int sslb_hints_copy(sslb_context *copy, sslb_context *original);

#endif
