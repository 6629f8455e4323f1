"""PEM, DER and certificate times, and get_server_certificate()."""

import contextlib
import socket
import ssl
import time

import pytest

from helpers import (cert, listening, read_cert, server_context,
                     serving, text_type)

PEM = read_cert("root.pem")
DER = ssl.PEM_cert_to_DER_cert(PEM)


# PEM and DER

def test_round_trip():
    pem = ssl.DER_cert_to_PEM_cert(DER)
    assert type(pem) is str
    assert pem == PEM
    assert type(DER) is bytes
    assert ssl.PEM_cert_to_DER_cert(pem) == DER


def test_pem_shape():
    lines = ssl.DER_cert_to_PEM_cert(b"\0" * 100).splitlines(True)
    assert lines[0] == ssl.PEM_HEADER + "\n"
    assert lines[-1] == ssl.PEM_FOOTER + "\n"
    assert [len(line) for line in lines[1:-1]] == [65, 65, 9]


def test_pem_with_space_around():
    assert ssl.PEM_cert_to_DER_cert(PEM + "\n\n") == DER
    assert ssl.PEM_cert_to_DER_cert(text_type(PEM)) == DER


@pytest.mark.parametrize("text", ["", "junk", PEM[1:], PEM[:-40],
                                  PEM.replace("CERTIFICATE", "X")])
def test_not_pem(text):
    with pytest.raises(ValueError):
        ssl.PEM_cert_to_DER_cert(text)


# Times

TIMES = [
    ("May  9 00:00:00 2007 GMT", 1178668800),
    ("Jan  5 09:34:43 2018 GMT", 1515144883),
    ("Jan 01 00:00:00 1970 GMT", 0),
    ("JaN  5 09:34:43 2018 GmT", 1515144883),
    ("Feb 29 12:00:00 2016 GMT", 1456747200),
    ("Dec 31 23:59:59 2099 GMT", 4102444799),
    ("Jan 19 03:14:08 2038 GMT", 2 ** 31),
    ("Nov 12 13:14:15 2150 GMT", 5707545255),
    ("Dec 31 23:59:60 2008 GMT", 1230768000),
]


@pytest.mark.parametrize("text, seconds", TIMES)
def test_bpo_19940_gh_101732_time_in_seconds(text, seconds):
    assert ssl.cert_time_to_seconds(text) == seconds
    assert ssl.cert_time_to_seconds(cert_time=text) == seconds


@pytest.mark.parametrize("text", [
    "", "now", "Jan  5 09:34:43 2018", "Jan  5 09:34:43 2018 UTC",
    "Jan 35 09:34:43 2018 GMT", "Jon  5 09:34:43 2018 GMT",
    "Jan  5 24:00:00 2018 GMT", "Jan  5 09:60:43 2018 GMT",
    "Jan  5 09:34:62 2018 GMT", " Jan  5 09:34:43 2018 GMT",
    "Jan  5 09:34 2018 GMT"])
def test_no_certificate_time(text):
    with pytest.raises(ValueError):
        ssl.cert_time_to_seconds(text)


@pytest.mark.skipif(not hasattr(time, "tzset"),
                    reason="this system has no time.tzset()")
def test_bpo_19940_time_zone_does_not_matter(monkeypatch):
    monkeypatch.setenv("TZ", "UTC-10")
    time.tzset()
    try:
        assert ssl.cert_time_to_seconds("Jan  5 09:34:43 2018 GMT") == (
            1515144883)
    finally:
        monkeypatch.undo()
        time.tzset()


# get_server_certificate()

def handshake_only(sock):
    """Return at once, since the client leaves after the handshake."""


def test_get_server_certificate():
    with serving(handshake_only, server_context()) as address:
        pem = ssl.get_server_certificate(address)
    assert pem == read_cert("localhost-cert.pem")
    assert type(pem) is str


def test_get_server_certificate_with_roots():
    with serving(handshake_only, server_context()) as address:
        pem = ssl.get_server_certificate(address, ca_certs=cert("root.pem"))
    assert pem == read_cert("localhost-cert.pem")


def refused(sock):
    """Expect the client's alert in the handshake or in the first read."""
    wrapped = server_context().wrap_socket(
        sock, server_side=True, do_handshake_on_connect=False)
    with contextlib.closing(wrapped):
        with pytest.raises((ssl.SSLError, OSError)):
            wrapped.do_handshake()
            wrapped.recv(1)


def test_get_server_certificate_untrusted():
    with serving(refused) as address:
        with pytest.raises(ssl.SSLError):
            ssl.get_server_certificate(
                address, ca_certs=cert("unknown-root.pem"))


@pytest.mark.since(3, 10, "has no timeout argument")
def test_get_server_certificate_timeout():
    with listening() as listener:
        with pytest.raises(socket.timeout):
            ssl.get_server_certificate(listener.getsockname(), timeout=0.1)
