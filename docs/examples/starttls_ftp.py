"""FTP over TLS, verified: the control connection and the data connections.

    python starttls_ftp.py HOST PORT [USER PASSWORD]
"""

import _ssl_backport
_ssl_backport.install()

import ftplib
import ssl
import sys


class FTP(ftplib.FTP_TLS):
    """Each data connection resumes the session of the control connection:
    vsftpd and other servers refuse data connections without resumption."""

    def ntransfercmd(self, cmd, rest=None):
        sock, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            sock = self.context.wrap_socket(
                sock, server_hostname=self.host, session=self.sock.session)
            print("data connection resumed: %s" % sock.session_reused)
        return sock, size


ftp = FTP(context=ssl.create_default_context(), timeout=30)
ftp.connect(sys.argv[1], int(sys.argv[2]))
ftp.login(*sys.argv[3:])    # sends AUTH TLS before the password
print(ftp.sock.version())
ftp.prot_p()                # TLS for the data connections
print("\n".join(ftp.nlst()))
ftp.quit()
