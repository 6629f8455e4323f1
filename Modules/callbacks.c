/* callbacks.c: how a function that OpenSSL calls runs Python code.

   Owns the code that every OpenSSL callback needs to run Python code.  OpenSSL
   calls a callback without the GIL, while this thread holds the connection's
   lock.  A callback that uses Python takes the GIL first and releases it last;
   a helper has the body, so that no return can skip the release.  The
   connection's lock or the GIL keeps the SSL's current context alive.  An
   earlier context of the SSL may be freed already.  So a callback must not use
   a context pointer that was registered as its argument, unless OpenSSL reads
   that argument from the current SSL_CTX.  After Python code has run, a
   callback must not use a borrowed context. */

#include "callbacks.h"
#include "connection.h"
#include "context.h"
#include "lock.h"

/* Restores the thread state that the step saved.  PyGILState_Ensure() would
   create a second thread state; while Python 2.7 finalizes, this second state
   would have no interpreter, and the process would crash. */
void
sslb_callback_begin_nogil(const SSL *ssl)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);

    sslb_gate_leave_nogil();
    if (connection->guard != NULL) {
        sslb_guard_release_nogil(connection->guard);
    }
    sslb_step_lend_nogil(&connection->lock);
    PyEval_RestoreThread(connection->thread);
}

/* The Python code may have forked, or switched the connection to another
   context: checks the lock and the current context's guard. */
void
sslb_callback_end(const SSL *ssl)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);

    sslb_lock_check_fork(&connection->lock);
    sslb_guard_check_fork(&sslb_context_of_nogil(ssl)->guard);
    connection->thread = PyEval_SaveThread();
    sslb_step_reclaim_nogil(&connection->lock);
    if (connection->guard != NULL) {
        connection->guard = &sslb_context_of_nogil(ssl)->guard;
        sslb_guard_share_nogil(connection->guard);
    }
    sslb_gate_enter_nogil();
}

PyObject *
sslb_callbacks_owner(const SSL *ssl)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);
    PyObject *owner = NULL;

    if (sslb_reference_get(connection->owner != NULL ? connection->owner
                                                     : connection->socket,
                           &owner) < 0) {
        PyErr_Clear();
    }
    return owner;
}

void
sslb_callbacks_keep_exception(const SSL *ssl)
{
    sslb_connection *connection = sslb_connection_of_nogil(ssl);

    if (connection->kept->type == NULL) {
        sslb_exception_keep(connection->kept);
    }
    else {
        PyErr_Clear();  /* OpenSSL went on and called another callback */
    }
}
