/* judges.c: callbacks that decide whether to accept a peer.

   Owns the common parts of verify_callback and ocsp_callback: the references,
   the setter and the meaning of the result.  The judges of a session's first
   connection have accepted the peer.  So a new judge makes the context's
   sessions unusable, as a change of trust does. */

#include "judges.h"
#include "callbacks.h"
#include "errors.h"
#include "parameters.h"

int
sslb_judges_traverse(const sslb_judges *judges, visitproc visit, void *arg)
{
    Py_VISIT(judges->verify);
    Py_VISIT(judges->ocsp);
    return 0;
}

void
sslb_judges_clear(sslb_judges *judges)
{
    Py_CLEAR(judges->verify);
    Py_CLEAR(judges->ocsp);
}

int
sslb_judge_set(sslb_context *context, PyObject **judge, PyObject *value,
               const char *name)
{
    PyObject *old, *fresh;

    if (sslb_refuse_deletion(value, name) < 0) {
        return -1;
    }
    if (value != Py_None && !PyCallable_Check(value)) {
        PyErr_Format(PyExc_TypeError,
                     "%s must be a callable or None, not %.200s", name,
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    fresh = value != Py_None ? Py_NewRef(value) : NULL;
    /* The checks may have run Python code that set another judge. */
    sslb_context_take(context);
    old = *judge;
    *judge = fresh;
    if (fresh != old) {
        sslb_parameters_trust_changed(context);
    }
    sslb_context_release(context);
    Py_XDECREF(old);
    return 0;
}

PyObject *
sslb_judge_owner(const SSL *ssl)
{
    PyObject *owner = sslb_callbacks_owner(ssl);

    if (owner == NULL) {
        sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL, "the SSLSocket or "
                         "SSLObject of the connection no longer exists",
                         __LINE__);
    }
    return owner;
}

int
sslb_judge_verdict(const SSL *ssl, PyObject *result, const char *name)
{
    int verdict = -1;

    if (result != NULL && !PyBool_Check(result)) {
        PyErr_Format(PyExc_TypeError, "%s must return a bool, not %.200s",
                     name, Py_TYPE(result)->tp_name);
    }
    else if (result != NULL) {
        verdict = result == Py_True;
    }
    Py_XDECREF(result);
    if (verdict < 0) {
        sslb_callbacks_keep_exception(ssl);
    }
    return verdict;
}
