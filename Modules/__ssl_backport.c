/* __ssl_backport.c: the module: the table of its types, the order in which its
   parts are initialised, and the entry point. */

#include "pycompat.h"
#include "certificate.h"
#include "client_sessions.h"
#include "connection.h"
#include "connection_type.h"
#include "constants.h"
#include "context.h"
#include "context_type.h"
#include "errors.h"
#include "functions.h"
#include "lock.h"
#include "membio.h"
#include "opensslcompat.h"
#include "session.h"
#include "sockets.h"
#include "ticket_keys.h"
#include "transport.h"
#include "trust.h"

static const struct {
    PyTypeObject *type;
    const char *name;
} types[] = {
    {&sslb_context_type, "_SSLContext"},
    {&sslb_connection_type, "_SSLSocket"},
    {&sslb_membio_type, "MemoryBIO"},
    {&sslb_session_type, "SSLSession"},
    {&sslb_certificate_type, "Certificate"},
};

static int
types_init(PyObject *module)
{
    size_t i;

    sslb_context_introduce(&sslb_context_type);
    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (sslb_type_ready(types[i].type) < 0
            || PyModule_AddObjectRef(module, types[i].name,
                                     (PyObject *)types[i].type) < 0) {
            return -1;
        }
    }
    return 0;
}

/* When the process exits, closes the gate before OpenSSL frees its objects. */
static int
cleanup_init(void)
{
    static int registered = 0;

    if (!registered && !OPENSSL_atexit(sslb_gate_close_nogil)) {
        PyErr_NoMemory();
        return -1;
    }
    registered = 1;
    return 0;
}

static int
process_init(PyObject *module)
{
    (void)module;
    return sslb_lock_module_init() < 0  /* before any other use of OpenSSL */
        || cleanup_init() < 0
        || sslb_pycompat_module_init() < 0
        || sslb_transport_module_init() < 0
        || sslb_membio_module_init() < 0
        || sslb_trust_module_init() < 0
        || sslb_ticket_keys_module_init() < 0
        || sslb_client_sessions_module_init() < 0
        || sslb_connection_module_init() < 0
        || sslb_sockets_module_init() < 0 ? -1 : 0;
}

static int (*const steps[])(PyObject *module) = {
    process_init,
    sslb_errors_init,
    types_init,
    sslb_constants_init,
};

static PyObject *
module_create(void)
{
    PyObject *module = sslb_module_new(
        "__ssl_backport", "The extension module that ssl uses: TLS with "
        "OpenSSL.", sslb_functions);
    size_t i;

    if (module == NULL) {
        return NULL;
    }
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i](module) < 0) {
            sslb_module_drop(module);
            return NULL;
        }
    }
    return module;
}

SSLB_MODULE_INIT(module_create)
