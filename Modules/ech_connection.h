/* ech_connection.h: Encrypted Client Hello in one connection. */

#ifndef SSLB_ECH_CONNECTION_H
#define SSLB_ECH_CONNECTION_H

#include "pycompat.h"
#include "connection.h"
#include "ech.h"
#include "errors.h"
#include "opensslcompat.h"

#include <stddef.h>

/* Bytes of OpenSSL's; NULL for none. */
typedef struct {
    unsigned char *bytes;
    size_t length;
} sslb_ech_data;

/* For a new connection: the context's keys or list. */
int sslb_ech_begin(sslb_connection *self);

/* Whether the connection may speak TLS 1.3, and what to say if not. */
#define SSLB_ECH_NEEDS_TLS13 \
    "ech_config_list needs TLS 1.3, which the context does not allow"
int sslb_ech_has_version_locked(const SSL *ssl);

/* The list is this connection's, which gives its old one for it: 1, or 0 when
   out of memory.  Only before the handshake. */
int sslb_ech_use_list_locked(sslb_connection *self, sslb_ech_list *list);

/* A word for how it went, and the name that everybody could read (to be
   freed, or NULL); NULL where OpenSSL has no ECH. */
const char *sslb_ech_status_locked(SSL *ssl, char **outer_name);

/* The name that a server is verified by which did not decrypt, in place of the
   one that it was asked for (to be freed); NULL for no other. */
void sslb_ech_fallback_locked(SSL *ssl, char **outer_name);

/* What a server that was verified would rather have had, or no bytes: 0; -1
   where OpenSSL has no ECH. */
int sslb_ech_retry_configs_locked(SSL *ssl, sslb_ech_data *configs);

/* Whether a client gave up for it; the exception, which is set and stays, gets
   what the server sent, which is freed. */
int sslb_ech_is_required(const sslb_outcome *outcome);
void sslb_ech_explain(sslb_ech_data *configs);

/* The bytes, which are freed, or None. */
PyObject *sslb_ech_data_as_bytes(sslb_ech_data *data);

#endif
