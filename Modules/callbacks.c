/* callbacks.c: the way from OpenSSL back into Python.

   Owns what every callback of OpenSSL's needs that runs Python code.  They are
   called without the GIL, with the connection's lock held by this thread.
   Those that call Python take the GIL first and give it back last, with the
   body in a helper so that no return can skip that.  The context that the SSL
   belongs to now is alive while the connection's lock or the GIL is held; the
   one before it may be gone, so that no callback takes a context for its
   argument but one that OpenSSL takes from the SSL_CTX of now, and none uses
   it any more after Python code has run. */

#include "callbacks.h"
#include "connection.h"
#include "context.h"
#include "lock.h"

/* The thread has a state already; PyGILState_Ensure() would make a new one,
   in no interpreter, when Python 2.7 is at its end, and crash. */
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

/* Python code may have forked, and the connection have gone over to another
   context; who makes it do so looks at that one's guard. */
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
        PyErr_Clear();  /* OpenSSL went on and called the next one */
    }
}
