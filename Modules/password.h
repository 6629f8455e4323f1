/* password.h: the password of a private key. */

#ifndef SSLB_PASSWORD_H
#define SSLB_PASSWORD_H

#include "pycompat.h"

/* The password of a private key, while the key is loaded. */
typedef struct {
    PyObject *source;           /* text, bytes, a callable or None; borrowed */
    int failed;                 /* `exception` is set */
    sslb_exception exception;
    PyThreadState *thread;      /* of the thread that loads the key without the
                                   GIL */
} sslb_password;

/* Checks the type of a password before any file is opened.  Returns 0, or -1
   with a TypeError.  The length is checked later, only if OpenSSL asks for the
   password. */
int sslb_password_check(PyObject *source);

/* Copies the password to the buffer; the caller wipes the buffer.  A callable
   is called.  Returns the length in bytes, or -1 with an exception. */
int sslb_password_ask(sslb_password *self, char *buffer, int size);

/* OpenSSL's pem_password_cb; its argument is an sslb_password.  OpenSSL calls
   it without the GIL, inside the gate; the function leaves the gate, acquires
   the GIL, and restores both states. */
int sslb_password_callback(char *buffer, int size, int writing,
                           void *argument);

/* Releases bytes (or NULL) with a secret; wipes them unless other references
   exist. */
void sslb_secret_drop(PyObject *bytes);

#endif
