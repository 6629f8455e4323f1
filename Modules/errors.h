/* errors.h: from OpenSSL's error queue to Python's exceptions.

   The caller holds the GIL, unless the name of a function ends with _nogil. */

#ifndef SSLB_ERRORS_H
#define SSLB_ERRORS_H

#include "pycompat.h"
#include "opensslcompat.h"
#include "transport.h"

/* The outcome of one SSL_* call.  The caller captures it at once, so that it
   survives the release of the lock and the GIL, and other OpenSSL calls of the
   thread. */
typedef struct {
    int ssl_error;              /* SSL_ERROR_* */
    int sys_errno;              /* of the transport, or 0 */
    int eof;                    /* the peer has closed its side */
    long verify;                /* X509_V_* */
    unsigned long code;         /* from the error queue, or 0 */
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

/* The functions that raise get the line of their caller: the message shows
   where in our code the error was raised. */

/* Fills the outcome, and reads and empties the thread's error queue.  `rc` is
   the result of the SSL_* call.  `code` becomes the newest entry that is not a
   mere consequence of another.  The caller holds the connection's lock. */
void sslb_outcome_capture_nogil(sslb_outcome *outcome, SSL *ssl, int rc,
                                const sslb_transport *transport);

/* Whether the peer closed the transport without a close_notify, and nothing
   else failed. */
int sslb_outcome_is_eof_nogil(const sslb_outcome *outcome);

/* Raises the exception of an outcome: SSLError or a subclass, or, for a failed
   system call, an OSError (socket.error on 2.7) with its errno.  `hostname`
   (or NULL) is named if the certificate does not match it. */
void sslb_outcome_raise(const sslb_outcome *outcome, PyObject *hostname,
                        int line);

/* Empties the thread's error queue, which nearly always is empty already. */
static inline void
sslb_queue_clear_nogil(void)
{
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

/* Raises SSLError for the newest entry of the error queue, and empties the
   queue.  `detail` (or NULL) is appended to the message. */
void sslb_queue_raise(const char *detail, int line);

/* Raises the exception of a file, and empties the error queue.  If the file
   cannot be read: OSError (IOError on 2.7) with errno and filename.  If it
   cannot be parsed: SSLError with the library and reason of `code`, or of the
   newest entry if `code` is 0.  `what` describes the file, or the other source
   if `path` is NULL; the message has both. */
void sslb_file_raise(unsigned long code, PyObject *path, const char *what,
                     int line);

/* Whether the newest entry only reports the end of PEM input; if so, empties
   the queue. */
int sslb_queue_take_end_of_pem_nogil(void);

/* Raises one of the classes above with an errno and a message of ours. */
void sslb_error_raise(PyObject *type, int number, const char *text, int line);

/* Every setter calls this function first.  `del` passes NULL as value: raises
   AttributeError then. */
int sslb_refuse_deletion(PyObject *value, const char *name);

int sslb_errors_init(PyObject *module);

#endif
