/* host.c: checks the server_hostname of a connection.

   Owns the definition of a server name: a DNS name in A-labels or an IP
   address, which every program reads in the same way. */

#include "host.h"
#include "pycompat_values.h"

#include <arpa/inet.h>
#include <string.h>

int
sslb_host_is_address(const char *name)
{
    unsigned char address[16];

    return inet_pton(AF_INET, name, address) == 1
        || inet_pton(AF_INET6, name, address) == 1;
}

/* Whether the name consists of four decimal numbers with dots between them. */
static int
is_four_numbers(const char *name)
{
    int count;

    for (count = 1; *name >= '0' && *name <= '9'; count++) {
        name += strspn(name, "0123456789");
        if (count == 4 || *name != '.') {
            return count == 4 && *name == '\0';
        }
        name++;
    }
    return 0;
}

int
sslb_host_refuse(void)
{
    PyErr_SetString(PyExc_ValueError, "server_hostname is neither a DNS name "
                    "nor an IP address");
    return -1;
}

/* Refuses names that one program reads as an address, and another as a DNS
   name or a different address: 0177.0.0.1, or an address followed by a blank.
   _hostnames.py has the same rule. */
static int
check_notation(const char *name)
{
    const unsigned char *next = (const unsigned char *)name;

    while (*next > ' ' && *next != 0x7f) {
        next++;
    }
    if (*next != '\0'
        || (is_four_numbers(name) && !sslb_host_is_address(name))) {
        return sslb_host_refuse();
    }
    return 0;
}

/* Refuses names that are no DNS names: an empty one, ".x" (which OpenSSL reads
   as "any subdomain of x"), and names with an empty or too long label. */
int
sslb_host_check(PyObject *host)
{
    const char *name = PyBytes_AS_STRING(host);
    Py_ssize_t length = PyBytes_GET_SIZE(host);
    Py_ssize_t i, label = 0;

    if (length == 0 || name[0] == '.') {
        PyErr_SetString(PyExc_UnicodeError, "server_hostname cannot be an "
                        "empty string or start with a leading dot.");
        return -1;
    }
    if (memchr(name, '\0', (size_t)length) != NULL) {
        PyErr_SetString(PyExc_TypeError, "server_hostname must not contain "
                        "null characters");
        return -1;
    }
    for (i = 0; i < length; i++) {
        label = name[i] == '.' ? 0 : label + 1;
        if (label > 63 || (label == 0 && i > 0 && name[i - 1] == '.')) {
            PyErr_SetString(PyExc_UnicodeError,
                            "server_hostname: label empty or too long");
            return -1;
        }
    }
    return check_notation(name);
}

PyObject *
sslb_host_encode(PyObject *module, PyObject *argument)
{
    PyObject *host = sslb_host_as_ascii(argument);
    PyObject *result = NULL;

    (void)module;
    if (host == NULL) {
        return NULL;
    }
    if (sslb_host_check(host) == 0) {
        result = sslb_text_new(PyBytes_AS_STRING(host),
                               PyBytes_GET_SIZE(host));
    }
    Py_DECREF(host);
    return result;
}
