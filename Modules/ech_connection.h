/* ech_connection.h: Encrypted Client Hello in one connection.

   The lock of the functions `..._locked` is the connection's; a new
   connection, which no other thread knows, needs none. */

#ifndef SSLB_ECH_CONNECTION_H
#define SSLB_ECH_CONNECTION_H

#include "pycompat.h"
#include "connection.h"
#include "ech.h"
#include "errors.h"
#include "opensslcompat.h"

#include <stddef.h>

/* Bytes that OpenSSL allocated, or NULL. */
typedef struct {
    unsigned char *bytes;
    size_t length;
} sslb_ech_data;

/* Gives a new connection the ECH keys (server) or the ECHConfigList (client)
   of its context: 0, or -1 with an exception. */
int sslb_ech_begin(sslb_connection *self);

/* Whether the connection's settings allow TLS 1.3, and the message if they do
   not. */
#define SSLB_ECH_NEEDS_TLS13 \
    "ech_config_list needs TLS 1.3, which the context does not allow"
int sslb_ech_has_version_locked(const SSL *ssl);

/* Sets the connection's list, and puts the bytes of the previous list into
   `list`, which the caller clears: 1, or 0 when out of memory.  Only before
   the handshake. */
int sslb_ech_use_list_locked(sslb_connection *self, sslb_ech_list *list);

/* Returns the state of ECH as one word, or NULL if OpenSSL has no ECH.  Sets
   `*outer_name`, which the caller initialises to NULL and frees, to the server
   name in the unencrypted ClientHello. */
const char *sslb_ech_status_locked(SSL *ssl, char **outer_name);

/* Sets `*outer_name`, which the caller initialises to NULL and frees.  If the
   server did not decrypt the ClientHello, OpenSSL verifies the certificate for
   this name instead of server_hostname; else the name is NULL. */
void sslb_ech_fallback_locked(SSL *ssl, char **outer_name);

/* If a verified server sent another ECHConfigList, sets `*configs` to it; the
   caller frees it.  0, or -1 without an exception if OpenSSL has no ECH. */
int sslb_ech_retry_configs_locked(SSL *ssl, sslb_ech_data *configs);

/* Whether a client ended the handshake because the server did not decrypt the
   ClientHello. */
int sslb_ech_is_required(const sslb_outcome *outcome);

/* Sets the attribute ech_retry_configs of the current exception, which stays
   set, and frees `configs`. */
void sslb_ech_explain(sslb_ech_data *configs);

/* Returns the data as bytes (None without data) and frees the data; NULL with
   an exception. */
PyObject *sslb_ech_data_as_bytes(sslb_ech_data *data);

#endif
