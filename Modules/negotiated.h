/* negotiated.h: the parameters that a handshake negotiated.

   Methods of _SSLSocket, for the type's table.  Each takes the connection's
   lock itself while it reads from the SSL. */

#ifndef SSLB_NEGOTIATED_H
#define SSLB_NEGOTIATED_H

#include "pycompat.h"

PyObject *sslb_connection_peer_certificate(PyObject *self, PyObject *args);
PyObject *sslb_connection_get_verified_chain(PyObject *self, PyObject *none);
PyObject *sslb_connection_get_unverified_chain(PyObject *self,
                                               PyObject *none);
PyObject *sslb_connection_cipher(PyObject *self, PyObject *none);
PyObject *sslb_connection_shared_ciphers(PyObject *self, PyObject *none);
PyObject *sslb_connection_group(PyObject *self, PyObject *none);
PyObject *sslb_connection_client_sigalg(PyObject *self, PyObject *none);
PyObject *sslb_connection_server_sigalg(PyObject *self, PyObject *none);
PyObject *sslb_connection_version(PyObject *self, PyObject *none);
PyObject *sslb_connection_compression(PyObject *self, PyObject *none);
PyObject *sslb_connection_selected_alpn_protocol(PyObject *self,
                                                 PyObject *none);
PyObject *sslb_connection_selected_npn_protocol(PyObject *self,
                                                PyObject *none);
PyObject *sslb_connection_pending(PyObject *self, PyObject *none);
PyObject *sslb_connection_uses_ktls_for_send(PyObject *self,
                                             PyObject *none);
PyObject *sslb_connection_uses_ktls_for_recv(PyObject *self,
                                             PyObject *none);
PyObject *sslb_connection_ech_status(PyObject *self, PyObject *none);
PyObject *sslb_connection_ech_outer_name(PyObject *self, PyObject *none);
PyObject *sslb_connection_ech_retry_configs(PyObject *self, PyObject *none);
PyObject *sslb_connection_tls_unique_cb(PyObject *self, PyObject *none);
PyObject *sslb_connection_get_channel_binding(PyObject *self,
                                              PyObject *args,
                                              PyObject *kwargs);

#endif
