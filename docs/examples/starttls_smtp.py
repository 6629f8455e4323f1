"""SMTP over STARTTLS, verified, on Python 2.7 and 3.

    python starttls_smtp.py HOST PORT
"""

import _ssl_backport
_ssl_backport.install()

import smtplib
import ssl
import sys


def starttls(smtp, host, context):
    """Start TLS, like smtp.starttls(context=context) on Python 3."""
    smtp.ehlo_or_helo_if_needed()
    code, reply = smtp.docmd("STARTTLS")
    if code != 220:
        raise smtplib.SMTPResponseException(code, reply)
    smtp.sock = context.wrap_socket(smtp.sock, server_hostname=host)
    smtp.file = None    # discard data from before TLS
    smtp.ehlo()         # the server may offer other extensions


host, port = sys.argv[1], int(sys.argv[2])
smtp = smtplib.SMTP(host, port, timeout=30)
starttls(smtp, host, ssl.create_default_context())
print(smtp.sock.version())
print(smtp.noop()[0])   # then: smtp.login(...), smtp.sendmail(...)
smtp.quit()
