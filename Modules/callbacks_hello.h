/* callbacks_hello.h: the ClientHello, as soon as a server has it. */

#ifndef SSLB_CALLBACKS_HELLO_H
#define SSLB_CALLBACKS_HELLO_H

#include "pycompat.h"
#include "context.h"

/* For a new SSL_CTX: its servers look at each hello from now on. */
void sslb_hello_attach(sslb_context *context);

#endif
