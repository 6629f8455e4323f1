/* judges.h: callbacks that decide whether a peer is accepted. */

#ifndef SSLB_JUDGES_H
#define SSLB_JUDGES_H

#include "pycompat.h"
#include "context.h"
#include "opensslcompat.h"

/* Of a new connection, or of one that goes over to another context.  They run
   no Python code. */
static inline sslb_judges
sslb_judges_copy(const sslb_context *context)
{
    Py_XINCREF(context->judges.verify);
    Py_XINCREF(context->judges.ocsp);
    return context->judges;
}

/* For tp_traverse, tp_clear and the end of whoever refers to judges. */
int sslb_judges_traverse(const sslb_judges *judges, visitproc visit,
                         void *arg);
void sslb_judges_clear(sslb_judges *judges);

/* What a setter does for one of a context's judges: AttributeError for `del`,
   TypeError for what is neither None nor callable. */
int sslb_judge_set(sslb_context *context, PyObject **judge, PyObject *value,
                   const char *name);

/* The first argument of a judge, or NULL with an exception. */
PyObject *sslb_judge_owner(const SSL *ssl);

/* What a judge has said: 1 for True, 0 for False, and -1, with the exception
   kept, for anything else.  Takes the reference, which may be NULL. */
int sslb_judge_verdict(const SSL *ssl, PyObject *result, const char *name);

#endif
