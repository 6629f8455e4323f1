/* context_attributes.h: simple attributes of SSLContext, for the type's table.

   A setter that fails has changed nothing. */

#ifndef SSLB_CONTEXT_ATTRIBUTES_H
#define SSLB_CONTEXT_ATTRIBUTES_H

#include "pycompat.h"
#include "opensslcompat.h"

/* CERT_REQUIRED as OpenSSL's flags. */
#define SSLB_VERIFY_REQUIRED \
    (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)

PyObject *sslb_context_get_options(PyObject *self, void *closure);
int sslb_context_set_options(PyObject *self, PyObject *value, void *closure);
PyObject *sslb_context_get_verify_flags(PyObject *self, void *closure);
int sslb_context_set_verify_flags(PyObject *self, PyObject *value,
                                  void *closure);
PyObject *sslb_context_get_verify_mode(PyObject *self, void *closure);
int sslb_context_set_verify_mode(PyObject *self, PyObject *value,
                                 void *closure);
PyObject *sslb_context_get_check_hostname(PyObject *self, void *closure);
int sslb_context_set_check_hostname(PyObject *self, PyObject *value,
                                    void *closure);
PyObject *sslb_context_get_protocol(PyObject *self, void *closure);
PyObject *sslb_context_get_post_handshake_auth(PyObject *self, void *closure);
int sslb_context_set_post_handshake_auth(PyObject *self, PyObject *value,
                                         void *closure);
PyObject *sslb_context_get_host_flags(PyObject *self, void *closure);
int sslb_context_set_host_flags(PyObject *self, PyObject *value,
                                void *closure);
PyObject *sslb_context_get_minimum_version(PyObject *self, void *closure);
int sslb_context_set_minimum_version(PyObject *self, PyObject *value,
                                     void *closure);
PyObject *sslb_context_get_maximum_version(PyObject *self, void *closure);
int sslb_context_set_maximum_version(PyObject *self, PyObject *value,
                                     void *closure);
PyObject *sslb_context_get_num_tickets(PyObject *self, void *closure);
int sslb_context_set_num_tickets(PyObject *self, PyObject *value,
                                 void *closure);
PyObject *sslb_context_get_security_level(PyObject *self, void *closure);
PyObject *sslb_context_session_stats(PyObject *self, PyObject *none);

#endif
