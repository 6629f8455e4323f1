/* host.h: the name of a server, as a connection is given it. */

#ifndef SSLB_HOST_H
#define SSLB_HOST_H

#include "pycompat.h"

/* Whether it is an IPv4 or IPv6 address, and nothing behind it: 1 or 0. */
int sslb_host_is_address(const char *name);

/* 0 where the bytes are the name of a server, or -1 with a ValueError (or a
   subclass of it) or a TypeError. */
int sslb_host_check(PyObject *host);

/* Raises ValueError for what is neither a DNS name nor an address: -1. */
int sslb_host_refuse(void);

/* A function of the module: a host name as A-labels, native str, which is what
   server_hostname becomes. */
PyObject *sslb_host_encode(PyObject *module, PyObject *name);

#endif
