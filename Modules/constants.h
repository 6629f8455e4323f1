/* constants.h: the constants of the module. */

#ifndef SSLB_CONSTANTS_H
#define SSLB_CONSTANTS_H

#include "pycompat.h"

/* Adds the constants to the module: 0, or -1 with an exception. */
int sslb_constants_init(PyObject *module);

#endif
