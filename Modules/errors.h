/* errors.h: from OpenSSL's error queue to Python's exceptions.

   The GIL is held by all but the functions whose names say otherwise. */

#ifndef SSLB_ERRORS_H
#define SSLB_ERRORS_H

#include "pycompat.h"
#include "opensslcompat.h"
#include "transport.h"

/* What one SSL_* call came to, captured at once so that it outlives the
   lock, the GIL and other calls of the thread (errors.c). */
typedef struct {
    int ssl_error;              /* SSL_ERROR_* */
    int sys_errno;              /* the transport's, or 0 */
    int eof;                    /* the peer hung up without close_notify */
    long verify;                /* X509_V_* */
    unsigned long code;         /* of the error queue, or 0 */
    int of_shutdown;            /* the call was a shutdown */
} sslb_outcome;

typedef struct {
    PyObject *error;
    PyObject *zero_return;
    PyObject *want_read;
    PyObject *want_write;
    PyObject *syscall;
    PyObject *eof;
    PyObject *verification;
} sslb_error_types;

extern sslb_error_types sslb_errors;

/* The functions that raise take the line of their caller, for the text: it
   tells where the error comes from. */

/* Reads and empties the thread's error queue; `rc` is what the SSL_* call
   returned.  The newest entry counts that tells a cause. */
void sslb_outcome_capture_nogil(sslb_outcome *outcome, SSL *ssl, int rc,
                                const sslb_transport *transport);

/* Whether it says that the peer hung up without a close_notify. */
int sslb_outcome_is_eof_nogil(const sslb_outcome *outcome);

/* Raise what the outcome says: SSLError or a subclass, or, for a failed
   system call, an OSError (socket.error on 2.7) with its errno. */
void sslb_outcome_raise(const sslb_outcome *outcome, PyObject *hostname,
                        int line);

/* Empties the thread's error queue, which nearly always is. */
static inline void
sslb_queue_clear_nogil(void)
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

/* Raise SSLError of the newest entry of the error queue, and empty it;
   `detail` (or NULL) is added to the text. */
void sslb_queue_raise(const char *detail, int line);

/* Raise for a file that could not be read (OSError, on 2.7 IOError, with
   errno and filename) or understood: SSLError with the library and reason of
   `code`, or of the newest entry where it is 0; the text says what is wrong
   with which file (path NULL: of what is no file `what` says all).  Empties
   the error queue. */
void sslb_file_raise(unsigned long code, PyObject *path, const char *what,
                     int line);

/* Whether the newest entry says only that there is no more PEM to read; it
   is taken off the queue then. */
int sslb_queue_take_end_of_pem_nogil(void);

/* Raise one of the classes above with a number and a text of ours. */
void sslb_error_raise(PyObject *type, int number, const char *text, int line);

/* What every setter starts with: AttributeError for `del`, whose value is
   NULL. */
int sslb_refuse_deletion(PyObject *value, const char *name);

int sslb_errors_init(PyObject *module);

#endif
