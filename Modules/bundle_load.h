/* bundle_load.h: reads bundles from files and data; parses each file once.

   The functions release the GIL while they read and parse files. */

#ifndef SSLB_BUNDLE_LOAD_H
#define SSLB_BUNDLE_LOAD_H

#include "pycompat.h"
#include "bundle.h"
#include "source.h"

/* Return a new reference to a bundle, or NULL with an exception: of a PEM file
   (`path` is bytes), which may be in the cache; of a source, whose read() is
   called if the source is an object; of cadata.  A file or a source must have
   a certificate or a CRL, cadata a certificate. */
sslb_bundle *sslb_bundle_from_file(PyObject *path);
sslb_bundle *sslb_bundle_from_source(sslb_source *source);
sslb_bundle *sslb_bundle_from_data(PyObject *cadata);

#endif
