/* password.h: how a private key is unlocked. */

#ifndef SSLB_PASSWORD_H
#define SSLB_PASSWORD_H

#include "pycompat.h"

/* How a private key is unlocked (password.c). */
typedef struct {
    PyObject *source;           /* text, bytes, callable or None; borrowed */
    int failed;                 /* an exception is waiting */
    sslb_exception exception;
    PyThreadState *thread;      /* of who loads, without the GIL */
} sslb_password;

/* A password of the wrong type is refused before any file is opened: 0, or -1
   with a TypeError.  One that is too long matters only when it is asked
   for. */
int sslb_password_check(PyObject *source);

/* Copies it to a buffer, which the caller wipes: its length, or -1 with an
   exception. */
int sslb_password_ask(sslb_password *self, char *buffer, int size);

/* OpenSSL's pem_password_cb; its argument is an sslb_password.  Runs without
   the GIL, inside the gate, and takes the GIL. */
int sslb_password_callback(char *buffer, int size, int writing,
                           void *argument);

/* Gives up bytes (or NULL) of a secret, wiped unless others have them too. */
void sslb_secret_drop(PyObject *bytes);

#endif
