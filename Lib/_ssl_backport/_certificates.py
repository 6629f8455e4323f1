"""Converts certificates between PEM and DER, and parses their times."""

from __future__ import absolute_import

import binascii

__all__ = ["DER_cert_to_PEM_cert", "PEM_FOOTER", "PEM_HEADER",
           "PEM_cert_to_DER_cert", "cert_time_to_seconds"]

PEM_HEADER = "-----BEGIN CERTIFICATE-----"
PEM_FOOTER = "-----END CERTIFICATE-----"


def cert_time_to_seconds(cert_time):
    """Return a certificate's time as seconds since the epoch (int).

    cert_time: str such as "Jan  5 09:34:43 2018 GMT", the form of notBefore
    and notAfter in getpeercert(). Raises ValueError for any other form.
    """
    import re
    from calendar import timegm
    match = re.match(
        r"([a-z]{3}) +(0?[1-9]|[12][0-9]|3[01]) +"
        r"([01]?[0-9]|2[0-3]):([0-5]?[0-9]):([0-5]?[0-9]|6[01]) +"
        r"([0-9]{4}) +gmt\Z", cert_time, re.IGNORECASE)
    months = "jan feb mar apr may jun jul aug sep oct nov dec".split()
    if match is None or match.group(1).lower() not in months:
        raise ValueError("not a certificate's time, such as "
                         "'Jan  5 09:34:43 2018 GMT': %r" % cert_time)
    day, hour, minute, second, year = map(int, match.groups()[1:])
    month = months.index(match.group(1).lower()) + 1
    return timegm((year, month, day, hour, minute, second))


def DER_cert_to_PEM_cert(der_cert_bytes):
    """Return the PEM form (str) of a DER certificate (bytes)."""
    text = str(binascii.b2a_base64(der_cert_bytes).decode("ascii"))[:-1]
    lines = [text[start:start + 64] for start in range(0, len(text), 64)]
    return "\n".join([PEM_HEADER] + (lines or [""]) + [PEM_FOOTER, ""])


def PEM_cert_to_DER_cert(pem_cert_string):
    """Return the DER form (bytes) of a PEM certificate (str).

    Raises ValueError if the BEGIN or END line is missing.
    """
    text = pem_cert_string.rstrip()
    for place, fits in (("start with " + PEM_HEADER,
                         text.startswith(PEM_HEADER)),
                        ("end with " + PEM_FOOTER,
                         text.endswith(PEM_FOOTER))):
        if not fits:
            raise ValueError("Invalid PEM encoding; must %s" % place)
    body = text[len(PEM_HEADER):-len(PEM_FOOTER)]
    return binascii.a2b_base64(body.encode("ascii"))
