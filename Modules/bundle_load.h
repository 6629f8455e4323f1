/* bundle_load.h: bundles out of files and data, parsed once.

   Files are read and parsed without the GIL. */

#ifndef SSLB_BUNDLE_LOAD_H
#define SSLB_BUNDLE_LOAD_H

#include "pycompat.h"
#include "bundle.h"
#include "source.h"

/* The bundle of a PEM file (a path as bytes), from the cache or read, or of
   cadata.  A reference, or NULL with an exception; it is one as well if there
   is no certificate.  The source may be an object, which is read. */
sslb_bundle *sslb_bundle_from_file(PyObject *path);
sslb_bundle *sslb_bundle_from_source(sslb_source *source);
sslb_bundle *sslb_bundle_from_data(PyObject *cadata);

#endif
