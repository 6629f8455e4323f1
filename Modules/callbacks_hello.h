/* callbacks_hello.h: what a server does with the ClientHello. */

#ifndef SSLB_CALLBACKS_HELLO_H
#define SSLB_CALLBACKS_HELLO_H

#include "pycompat.h"
#include "context.h"

/* Registers the ClientHello callback in a new context's SSL_CTX. */
void sslb_hello_attach(sslb_context *context);

#endif
