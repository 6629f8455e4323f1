/* callbacks_hello.c: the ClientHello, as soon as a server has it.

   Owns what is kept of it for shared_ciphers() and hints, and the moment at
   which a server's sessions get their name. */

#include "callbacks_hello.h"
#include "connection.h"
#include "hints.h"
#include "opensslcompat.h"
#include "verification.h"

/* Before OpenSSL looks for a session.  What comes of the host that the client
   wants is known later only: RFC 6066, 3. */
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

/* OpenSSL forgets a resuming client's list, so it is kept here for
   shared_ciphers() (gh-106344).  Out of memory, or a hello in the format of
   SSL 2.0, which lists them otherwise: there is none to show. */
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
