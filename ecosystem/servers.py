"""The servers that the libraries talk to: real ones, from packages.

Servers() starts each on ports of loopback that the system chooses, with the
certificates of tests/certs, in a temporary folder.  Needs Python 3.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CERTS = os.path.join(ROOT, "tests", "certs")
START_SECONDS = 30

# The programs, and Debian's packages that have them.
PACKAGES = {"nginx": "nginx-light", "redis-server": "redis-server",
            "mosquitto": "mosquitto", "slapd": "slapd"}

MISSING = """\
These servers were not found: %s.  To get them:

    Debian, Ubuntu:  apt-get install --no-install-recommends %s"""

NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type text/plain;
    ssl_protocols TLSv1.2 TLSv1.3;
    server {{
        listen 127.0.0.1:{https} ssl;
        {localhost}
        root {folder}/files;
    }}
    server {{
        listen 127.0.0.1:{https_tls12} ssl;
        {localhost}
        ssl_protocols TLSv1.2;
        location / {{ return 200 $ssl_protocol; }}
    }}
    server {{
        listen 127.0.0.1:{https_unknown} ssl;
        ssl_certificate {certs}/unknown.pem;
        ssl_certificate_key {certs}/unknown.pem;
        location / {{ return 200 unknown; }}
    }}
    server {{
        listen 127.0.0.1:{https_other} ssl;
        ssl_certificate {certs}/host-other.pem;
        ssl_certificate_key {certs}/host-other.pem;
        location / {{ return 200 other; }}
    }}
    server {{
        listen 127.0.0.1:{https_client} ssl;
        {localhost}
        ssl_client_certificate {certs}/root.pem;
        ssl_verify_client on;
        location / {{ return 200 $ssl_client_s_dn; }}
    }}
    server {{
        listen 127.0.0.1:{https_session} ssl;
        {localhost}
        location / {{ return 200 $ssl_session_reused; }}
    }}
}}
"""
LOCALHOST = ("ssl_certificate {certs}/localhost.pem; "
             "ssl_certificate_key {certs}/localhost.pem;")
HTTPS = ["https", "https_tls12", "https_unknown", "https_other",
         "https_client", "https_session"]

MOSQUITTO = """\
listener {mqtts} 127.0.0.1
cafile {certs}/root.pem
certfile {certs}/localhost.pem
keyfile {certs}/localhost-key.pem
allow_anonymous true
user root
"""


def missing():
    """The message that says which servers are not there, or None."""
    absent = sorted(name for name in PACKAGES if find(name) is None)
    if not absent:
        return None
    return MISSING % (", ".join(absent),
                      " ".join(PACKAGES[name] for name in absent))


def find(name):
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin:/sbin"
    return shutil.which(name, path=path)


def free_port():
    with contextlib.closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Servers:
    """Started servers; ports is a dict of name and port, as the libraries'
    files have it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ecosystem-")
        os.chmod(self.folder, 0o755)
        self.ports = {}
        self.children = []

    def __enter__(self):
        try:
            self.start_nginx()
            self.start_redis()
            self.start_mosquitto()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc_info):
        self.stop()

    def stop(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def take_port(self, name):
        self.ports[name] = free_port()
        return self.ports[name]

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as stream:
            stream.write(text)
        return path

    def start(self, command, port):
        """Start a server and wait until it listens."""
        log = open(os.path.join(
            self.folder, os.path.basename(command[0]) + ".log"), "w")
        with log:
            child = subprocess.Popen(command, stdout=log, stderr=log,
                                     stdin=subprocess.DEVNULL)
        self.children.append(child)
        deadline = time.time() + START_SECONDS
        while True:
            with contextlib.closing(socket.socket()) as sock:
                if sock.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if child.poll() is not None or time.time() > deadline:
                with open(log.name) as stream:
                    raise RuntimeError("%s did not start:\n%s" % (
                        command[0], stream.read()))
            time.sleep(0.05)

    def start_nginx(self):
        self.write("files/hello", "hello")
        self.write("files/big", "0123456789abcdef" * 65536)
        ports = {name: self.take_port(name) for name in HTTPS}
        path = self.write("nginx.conf", NGINX.format(
            folder=self.folder, certs=CERTS,
            localhost=LOCALHOST.format(certs=CERTS), **ports))
        self.start([find("nginx"), "-c", path, "-e", "stderr"],
                   ports["https"])

    def start_redis(self):
        port = self.take_port("rediss")
        self.start([
            find("redis-server"), "--port", "0", "--tls-port", str(port),
            "--bind", "127.0.0.1", "--tls-cert-file", CERTS + "/localhost.pem",
            "--tls-key-file", CERTS + "/localhost-key.pem",
            "--tls-ca-cert-file", CERTS + "/root.pem",
            "--tls-auth-clients", "no", "--save", "", "--dir", self.folder],
            port)

    def start_mosquitto(self):
        port = self.take_port("mqtts")
        path = self.write("mosquitto.conf", MOSQUITTO.format(
            certs=CERTS, mqtts=port))
        self.start([find("mosquitto"), "-c", path], port)
