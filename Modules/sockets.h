/* sockets.h: the descriptor and the timeout of Python's socket objects. */

#ifndef SSLB_SOCKETS_H
#define SSLB_SOCKETS_H

#include "pycompat.h"

/* Called in each interpreter that imports the module. */
int sslb_sockets_module_init(void);

/* Returns 1 if the object is an instance of this interpreter's _socket.socket,
   0 if not, or -1 with an exception. */
int sslb_socket_check(PyObject *object);

/* Stores the result of the socket's fileno(). */
int sslb_socket_descriptor(PyObject *socket, long *fd);

/* The result of the socket's gettimeout(), for
   sslb_deadline_from_timeout(). */
PyObject *sslb_socket_timeout(PyObject *socket);

#endif
