/* callbacks_hello.c: what a server does with the ClientHello.

   Owns the copy of the ClientHello's cipher suites for shared_ciphers(), the
   notes for hints, and the moment when a server sets the session ID
   context. */

#include "callbacks_hello.h"
#include "connection.h"
#include "hints.h"
#include "opensslcompat.h"
#include "verification.h"

/* Runs before OpenSSL looks up a session.  Only a later callback decides which
   context serves the requested host, so a session is bound to the host name
   (RFC 6066, 3). */
static int
name_sessions(sslb_connection *connection)
{
    const unsigned char *host = NULL;
    size_t length = 0;

    if (!connection->knows_names
        || !SSL_client_hello_get0_ext(connection->ssl,
                                      TLSEXT_TYPE_server_name, &host,
                                      &length)) {
        return 1;
    }
    return sslb_verification_name_sessions_nogil(connection, host, length);
}

/* shared_ciphers() needs the client's list, which OpenSSL drops when the
   client resumes a session (gh-106344).  There is no list to show if memory
   runs out, or if the hello has the SSL 2.0 format, which encodes suites
   differently. */
static int
client_hello_callback(SSL *ssl, int *alert, void *argument)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);
    const unsigned char *ciphers;
    size_t length = SSL_client_hello_get0_ciphers(ssl, &ciphers);

    (void)argument;
    if (!SSL_client_hello_isv2(ssl)) {
        OPENSSL_free(connection->client_ciphers);
        connection->client_ciphers = OPENSSL_memdup(ciphers, length);
        connection->client_ciphers_length =
            connection->client_ciphers != NULL ? length : 0;
    }
    sslb_hints_note_hello_nogil(connection);
    if (!name_sessions(connection)) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

void
sslb_hello_attach(sslb_context *context)
{
    SSL_CTX_set_client_hello_cb(context->ctx, client_hello_callback, NULL);
}
