/* sockets.h: what is asked of Python's socket objects. */

#ifndef SSLB_SOCKETS_H
#define SSLB_SOCKETS_H

#include "pycompat.h"

/* For each interpreter that imports us: 0, or -1 with an exception. */
int sslb_sockets_module_init(void);

/* Whether it is a `socket` of the C module _socket, as this interpreter has
   it: 1 or 0, or -1 with an exception. */
int sslb_socket_check(PyObject *object);

/* What its fileno() says: 0, or -1 with an exception. */
int sslb_socket_descriptor(PyObject *socket, long *fd);

/* What its gettimeout() says: see sslb_deadline_from_timeout().  New
   reference. */
PyObject *sslb_socket_timeout(PyObject *socket);

#endif
