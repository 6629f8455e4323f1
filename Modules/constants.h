/* constants.h: the constants of the module. */

#ifndef SSLB_CONSTANTS_H
#define SSLB_CONSTANTS_H

#include "pycompat.h"

/* Adds them to the module. */
int sslb_constants_init(PyObject *module);

#endif
