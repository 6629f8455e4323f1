/* judges.h: callbacks that decide whether to accept a peer.

   All functions need the GIL. */

#ifndef SSLB_JUDGES_H
#define SSLB_JUDGES_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

/* Returns new references to a context's judges, for a connection that is new
   or switches to that context.  Runs no Python code. */
static inline sslb_judges
sslb_judges_copy(const sslb_context *context)
{
    Py_XINCREF(context->judges.verify);
    Py_XINCREF(context->judges.ocsp);
    return context->judges;
}

/* For tp_traverse, tp_clear and tp_dealloc of an object with judges. */
int sslb_judges_traverse(const sslb_judges *judges, visitproc visit,
                         void *arg);
void sslb_judges_clear(sslb_judges *judges);

/* Sets one of a context's judges: 0, or -1 with AttributeError for `del` or
   with TypeError for a value that is neither callable nor None. */
int sslb_judge_set(sslb_context *context, PyObject **judge, PyObject *value,
                   const char *name);

/* Returns the first argument for a judge, a new reference, or NULL with
   SSLError. */
PyObject *sslb_judge_owner(const SSL *ssl);

/* Converts a judge's result: 1 for True, 0 for False, or -1 for anything else,
   with the exception stored for the operation.  Consumes the reference to
   `result`, which is NULL if the judge raised an exception. */
int sslb_judge_verdict(const SSL *ssl, PyObject *result, const char *name);

#endif
