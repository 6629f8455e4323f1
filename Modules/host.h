/* host.h: checks the server_hostname of a connection. */

#ifndef SSLB_HOST_H
#define SSLB_HOST_H

#include "pycompat.h"

/* Returns 1 if the name is an IPv4 or IPv6 address and nothing else, else
   0. */
int sslb_host_is_address(const char *name);

/* Returns 0 if the bytes are a valid server name, or -1 with a ValueError (or
   a subclass of it) or a TypeError. */
int sslb_host_check(PyObject *host);

/* Raises ValueError for a name that is neither a DNS name nor an address;
   returns -1. */
int sslb_host_refuse(void);

/* A function of the module: converts a host name to A-labels (native str), as
   a connection does with its server_hostname. */
PyObject *sslb_host_encode(PyObject *module, PyObject *name);

#endif
