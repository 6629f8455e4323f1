/* context.c: the guard of a context, and small queries.

   Owns the way from an SSL to its current context.  context_type.c has the
   type SSLContext and the creation and end of contexts. */

#include "context.h"

/* SSLContext.  Its tables are in a higher layer than the files with its
   methods. */
static PyTypeObject *context_type = NULL;

void
sslb_context_introduce(PyTypeObject *type)
{
    context_type = type;
}

int
sslb_context_check(PyObject *object)
{
    return PyObject_TypeCheck(object, context_type);
}

int
sslb_context_attach(sslb_context *self)
{
    return SSL_CTX_set_app_data(self->ctx, self);
}

sslb_context *
sslb_context_of_nogil(const SSL *ssl)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

void
sslb_context_take(sslb_context *context)
{
    sslb_guard_check_fork(&context->guard);
    Py_BEGIN_ALLOW_THREADS
    sslb_guard_take_nogil(&context->guard);
    Py_END_ALLOW_THREADS
    ERR_clear_error();
}

void
sslb_context_share(sslb_context *context)
{
    sslb_guard_check_fork(&context->guard);
    Py_BEGIN_ALLOW_THREADS
    sslb_guard_share_nogil(&context->guard);
    Py_END_ALLOW_THREADS
    ERR_clear_error();
}

void
sslb_context_release(sslb_context *context)
{
    sslb_guard_release_nogil(&context->guard);
}

int
sslb_context_lacks_side(const sslb_context *context, int server_side)
{
    return context->protocol == (server_side ? SSLB_PROTOCOL_TLS_CLIENT
                                             : SSLB_PROTOCOL_TLS_SERVER);
}
