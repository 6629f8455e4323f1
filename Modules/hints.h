/* hints.h: the facts behind SSLError.hint.

   Only sslb_hints_copy() reports a failure: without facts an exception has a
   general hint or none.  The lock of sslb_hints_look_locked() is the
   connection's. */

#ifndef SSLB_HINTS_H
#define SSLB_HINTS_H

#include "pycompat.h"
#include "connection.h"
#include "context.h"
#include "errors.h"
#include "opensslcompat.h"

#include <stdint.h>

/* The facts of a failed connection. */
typedef struct {
    int in_handshake;
    int minimum_version;        /* 0: no bound; also in maximum_version */
    int maximum_version;
    uint64_t options;
    int security_level;
    int has_certificate;        /* the connection has a certificate */
    int was_asked;              /* the server requested a certificate */
    sslb_refusal refusal;
} sslb_situation;

/* Note facts for a hint: a rejected chain, a client's hello, and a source of a
   context's trust (a path as bytes, or NULL for data). */
void sslb_hints_note_refusal_nogil(sslb_refusal *refusal,
                                   X509_STORE_CTX *attempt);
void sslb_hints_note_hello_nogil(sslb_connection *self);
void sslb_hints_note_place(sslb_context *context, PyObject *path);

/* Drops the references in a refusal. */
void sslb_hints_forget_nogil(sslb_refusal *refusal);

/* Whether the current exception, which was raised for that outcome, may have a
   hint. */
int sslb_hints_are_wanted(const sslb_outcome *outcome);

/* Collects the facts of the connection, and moves its refusal into them. */
void sslb_hints_look_locked(sslb_connection *self, sslb_situation *found);

/* Adds the facts to the current exception, which stays set, and drops the
   references in their refusal.  `host` is the verified name, or NULL. */
void sslb_hints_explain(const sslb_connection *self, PyObject *host,
                        sslb_situation *found);

/* Copies the sources of trust from `original` to the new context `copy`;
   context_copy.h has the contract. */
int sslb_hints_copy(sslb_context *copy, sslb_context *original);

#endif
