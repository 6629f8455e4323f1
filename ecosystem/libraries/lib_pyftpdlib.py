"""pyftpdlib's FTPS server, which uses pyOpenSSL, with ftplib's client."""

import ftplib
import io
import logging
import threading

import pyftpdlib
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer

import peers

VERSION = pyftpdlib.__ver__


def same_upload_and_download():
    logging.getLogger("pyftpdlib").setLevel(logging.CRITICAL)

    class Handler(TLS_FTPHandler):
        certfile = peers.SERVER
        tls_control_required = tls_data_required = True
        authorizer = DummyAuthorizer()

    with peers.folder() as path:
        Handler.authorizer.add_user("user", "secret", path, perm="elradfmw")
        server = FTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.daemon = True
        thread.start()
        client = ftplib.FTP_TLS(timeout=peers.TIMEOUT)
        client.connect("127.0.0.1", server.address[1])
        client.login("user", "secret")
        client.prot_p()
        client.storbinary("STOR file", io.BytesIO(b"x" * 100000))
        pieces = []
        client.retrbinary("RETR file", pieces.append)
        client.quit()
        server.close_all()
        return len(b"".join(pieces))
