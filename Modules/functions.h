/* functions.h: the functions of the module. */

#ifndef SSLB_FUNCTIONS_H
#define SSLB_FUNCTIONS_H

#include "pycompat.h"

/* Ends with an empty one. */
extern PyMethodDef sslb_functions[];

#endif
