/* functions.h: the functions of the module. */

#ifndef SSLB_FUNCTIONS_H
#define SSLB_FUNCTIONS_H

#include "pycompat.h"

/* The table ends with an empty row. */
extern PyMethodDef sslb_functions[];

#endif
