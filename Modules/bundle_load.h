/* bundle_load.h: reads bundles from files and data; parses each file once.

   The functions release the GIL while they read and parse files. */

#ifndef SSLB_BUNDLE_LOAD_H
#define SSLB_BUNDLE_LOAD_H

#include "pycompat.h"
#include "bundle.h"
#include "source.h"

/* Return the bundle of a PEM file (`path` is bytes), from the cache if it
   is there; of a source, whose read() is called if it is an object; and of
   cadata.  The result is a reference, or NULL with an exception.  Contents
   without any certificate are an error; for files and sources, CRLs
   suffice. */
sslb_bundle *sslb_bundle_from_file(PyObject *path);
sslb_bundle *sslb_bundle_from_source(sslb_source *source);
sslb_bundle *sslb_bundle_from_data(PyObject *cadata);

#endif
