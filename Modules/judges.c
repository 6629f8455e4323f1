/* judges.c: callbacks that decide whether a peer is accepted.

   Owns what verify_callback and ocsp_callback have in common: who refers to
   them, how they are set, and what their answer means.  A session counts as
   accepted by the judges that its connection had: whoever sets another one
   makes the context's sessions void, as a change of trust does. */

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
    /* Only now: the checks may have run Python code, which set another. */
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
        sslb_error_raise(sslb_errors.error, SSL_ERROR_SSL, "the object that "
                         "a callback was to be called with is gone",
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
