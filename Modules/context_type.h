/* context_type.h: the type SSLContext. */

#ifndef SSLB_CONTEXT_TYPE_H
#define SSLB_CONTEXT_TYPE_H

#include "pycompat.h"

extern PyTypeObject sslb_context_type;

#endif
