"""ldap3 with OpenLDAP: ldaps, and StartTLS on a plain connection."""

import ssl

import ldap3

import peers

VERSION = ldap3.__version__
ADMIN = "cn=admin,dc=example,dc=org"


def server(name, ca=peers.CA):
    return ldap3.Server(
        "localhost", port=peers.PORTS[name], use_ssl=name == "ldaps",
        connect_timeout=peers.TIMEOUT, tls=ldap3.Tls(
            validate=ssl.CERT_REQUIRED, ca_certs_file=ca))


def bind(server, start_tls=False):
    connection = ldap3.Connection(server, ADMIN, "secret")
    connection.open()
    if start_tls:
        connection.start_tls()
    bound = connection.bind()
    connection.unbind()
    return bound


def same_bind():
    return bind(server("ldaps"))


def same_start_tls():
    return bind(server("ldap"), start_tls=True)


def same_unknown_issuer_is_refused():
    return peers.is_refused(
        lambda: bind(server("ldaps", peers.OTHER_CA)),
        ldap3.core.exceptions.LDAPException)
