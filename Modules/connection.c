/* connection.c: the lock of a connection, and small queries.

   Owns the way from an SSL to its connection.  connection_type.c has the type
   _SSLSocket and the creation and end of connections. */

#include "connection.h"

/* The index of an SSL's reference to its connection. */
static int ex_data_index = -1;

int
sslb_connection_module_init(void)
{
    if (ex_data_index < 0) {
        ex_data_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }
    if (ex_data_index < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

int
sslb_connection_attach(sslb_connection *self)
{
    return SSL_set_ex_data(self->ssl, ex_data_index, self);
}

sslb_connection *
sslb_connection_of_nogil(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, ex_data_index);
}

void
sslb_connection_enter(sslb_connection *self)
{
    sslb_lock_check_fork(&self->lock);
    if (!sslb_lock_try(&self->lock)) {
        Py_BEGIN_ALLOW_THREADS
        sslb_lock_acquire_nogil(&self->lock);
        Py_END_ALLOW_THREADS
    }
}

void
sslb_connection_leave(sslb_connection *self)
{
    sslb_lock_release_nogil(&self->lock);
}

int
sslb_connection_handshake_is_done(sslb_connection *self)
{
    int done;

    sslb_connection_enter(self);
    done = SSL_is_init_finished(self->ssl);
    sslb_connection_leave(self);
    return done;
}

void
sslb_connection_give_up_socket(sslb_connection *self)
{
    if (self->socket != NULL && sslb_reference_is_strong(self->socket)) {
        Py_CLEAR(self->socket);
    }
}
