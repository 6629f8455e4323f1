"""Start the servers that the libraries connect to: nginx, Redis and others.

Servers() starts each program on free ports of loopback, with the certificates
of tests/certs, in a temporary folder.  It needs Python 3.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import zipfile

from ci.shared.processes import find, free_port, stop_all

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CERTS = os.path.join(ROOT, "tests", "certs")
START_SECONDS = 120

# The programs, and the Debian packages that contain them.
PACKAGES = {"nginx": "nginx-light", "redis-server": "redis-server",
            "mosquitto": "mosquitto", "slapd": "slapd",
            "mariadbd": "mariadb-server", "rabbitmq-server": "rabbitmq-server"}

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
        location /simple/ {{ default_type text/html; index index.html; }}
        location = / {{ default_type text/xml; return 200 '{buckets}'; }}
        location = /soap {{ default_type text/xml; return 200 '{soap}'; }}
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
BUCKETS = ("<ListAllMyBucketsResult><Buckets><Bucket><Name>bucket</Name>"
           "</Bucket></Buckets></ListAllMyBucketsResult>")
SOAP = ('<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
        '<e:Body><answer xmlns="urn:ecosystem"><value>42</value></answer>'
        '</e:Body>'
        '</e:Envelope>')
WSDL = """\
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"
    xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:ecosystem"
    targetNamespace="urn:ecosystem">
  <types>
    <x:schema targetNamespace="urn:ecosystem" elementFormDefault="qualified">
      <x:element name="question" type="x:string"/>
      <x:element name="answer">
        <x:complexType><x:sequence>
          <x:element name="value" type="x:int"/>
        </x:sequence></x:complexType>
      </x:element>
    </x:schema>
  </types>
  <message name="ask"><part name="body" element="t:question"/></message>
  <message name="told"><part name="body" element="t:answer"/></message>
  <portType name="Port">
    <operation name="Ask">
      <input message="t:ask"/><output message="t:told"/>
    </operation>
  </portType>
  <binding name="Binding" type="t:Port">
    <s:binding style="document"
        transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="Ask">
      <s:operation soapAction="ask"/>
      <input><s:body use="literal"/></input>
      <output><s:body use="literal"/></output>
    </operation>
  </binding>
  <service name="Service">
    <port name="Port" binding="t:Binding">
      <s:address location="https://localhost:{https}/soap"/>
    </port>
  </service>
</definitions>
"""
# The files of a package that pip downloads.
WHEEL = {
    "nothing.py": "",
    "nothing-1.0.dist-info/METADATA":
        "Metadata-Version: 2.1\nName: nothing\nVersion: 1.0\n",
    "nothing-1.0.dist-info/WHEEL":
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\n",
    "nothing-1.0.dist-info/RECORD": "",
}
WHEEL_NAME = "nothing-1.0-py2-none-any.whl"
LOCALHOST = ("ssl_certificate {certs}/localhost.pem; "
             "ssl_certificate_key {certs}/localhost.pem;")
HTTPS = ["https", "https_tls12", "https_unknown", "https_other",
         "https_client", "https_session"]

SLAPD = """\
include /etc/ldap/schema/core.schema
moduleload back_ldif
modulepath /usr/lib/ldap
pidfile {folder}/slapd.pid
TLSCACertificateFile {certs}/root.pem
TLSCertificateFile {certs}/localhost.pem
TLSCertificateKeyFile {certs}/localhost-key.pem
database ldif
suffix dc=example,dc=org
rootdn cn=admin,dc=example,dc=org
rootpw secret
directory {folder}/ldap
"""

RABBITMQ = """\
listeners.tcp = none
listeners.ssl.1 = 127.0.0.1:{amqps}
stomp.listeners.tcp = none
stomp.listeners.ssl.1 = 127.0.0.1:{stomps}
distribution.listener.interface = 127.0.0.1
ssl_options.cacertfile = {certs}/root.pem
ssl_options.certfile = {certs}/localhost.pem
ssl_options.keyfile = {certs}/localhost-key.pem
ssl_options.verify = verify_none
"""
RABBITMQ_PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"

MOSQUITTO = """\
listener {mqtts} 127.0.0.1
cafile {certs}/root.pem
certfile {certs}/localhost.pem
keyfile {certs}/localhost-key.pem
allow_anonymous true
user root
"""


def missing():
    """A message about servers that are not installed, or None."""
    absent = sorted(name for name in PACKAGES if find(name) is None)
    if not absent:
        return None
    return MISSING % (", ".join(absent),
                      " ".join(PACKAGES[name] for name in absent))


class Servers:
    """The running servers.  `ports` is the dict {name: port} that peers.py
    gives to the files of libraries/."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ecosystem-")
        os.chmod(self.folder, 0o755)
        self.ports = {}
        self.children = []
        self.epmd_port = str(free_port())  # RabbitMQ starts this daemon

    def __enter__(self):
        try:
            self.start_nginx()
            self.start_redis()
            self.start_mosquitto()
            self.start_slapd()
            self.start_mariadb()
            self.start_rabbitmq()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc_info):
        self.stop()

    def stop(self):
        stop_all(self.children)
        subprocess.call(["epmd", "-port", self.epmd_port, "-kill"],
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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

    def start(self, command, port, **variables):
        """Start a server and wait until it listens.  `variables` are added to
        its environment."""
        log = open(os.path.join(
            self.folder, os.path.basename(command[0]) + ".log"), "w")
        with log:
            child = subprocess.Popen(command, stdout=log, stderr=log,
                                     stdin=subprocess.DEVNULL,
                                     env=dict(os.environ, **variables),
                                     start_new_session=True)
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
        self.write("files/bucket/hello", "hello")
        self.write("files/big", "0123456789abcdef" * 65536)
        index = self.write("files/simple/nothing/index.html",
                           '<a href="%s">nothing</a>' % WHEEL_NAME)
        with zipfile.ZipFile(os.path.join(
                os.path.dirname(index), WHEEL_NAME), "w") as archive:
            for name, text in WHEEL.items():
                archive.writestr(name, text)
        ports = {name: self.take_port(name) for name in HTTPS}
        self.write("files/service.wsdl", WSDL.format(**ports))
        path = self.write("nginx.conf", NGINX.format(
            folder=self.folder, certs=CERTS, buckets=BUCKETS, soap=SOAP,
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

    def start_slapd(self):
        os.mkdir(os.path.join(self.folder, "ldap"))
        plain, tls = self.take_port("ldap"), self.take_port("ldaps")
        path = self.write("slapd.conf", SLAPD.format(
            folder=self.folder, certs=CERTS))
        self.start([
            find("slapd"), "-f", path, "-d", "0", "-h",
            "ldap://127.0.0.1:%d ldaps://127.0.0.1:%d" % (plain, tls)], tls)

    def start_mariadb(self):
        data = os.path.join(self.folder, "mariadb")
        subprocess.run(
            [find("mariadb-install-db"), "--no-defaults", "--datadir=" + data,
             "--user=root", "--auth-root-authentication-method=normal",
             "--skip-test-db"], check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        port = self.take_port("mysql")
        self.start([
            find("mariadbd"), "--no-defaults", "--datadir=" + data,
            "--user=root", "--port=%d" % port, "--bind-address=127.0.0.1",
            "--socket=" + os.path.join(self.folder, "mariadb.sock"),
            "--ssl-ca=" + CERTS + "/root.pem",
            "--ssl-cert=" + CERTS + "/localhost.pem",
            "--ssl-key=" + CERTS + "/localhost-key.pem"], port)

    def start_rabbitmq(self):
        ports = {name: self.take_port(name) for name in ("amqps", "stomps")}
        path = self.write("rabbitmq.conf", RABBITMQ.format(
            certs=CERTS, **ports))
        plugins = self.write("enabled_plugins", "[rabbitmq_stomp].\n")
        self.start(
            [RABBITMQ_PROGRAM], ports["stomps"], HOME=self.folder,
            RABBITMQ_NODENAME="ecosystem@localhost",
            RABBITMQ_DIST_PORT=str(free_port()),
            ERL_EPMD_PORT=self.epmd_port, ERL_EPMD_ADDRESS="127.0.0.1",
            RABBITMQ_CONFIG_FILE=path, RABBITMQ_ENABLED_PLUGINS_FILE=plugins,
            RABBITMQ_MNESIA_BASE=os.path.join(self.folder, "rabbitmq"),
            RABBITMQ_LOG_BASE=os.path.join(self.folder, "rabbitmq-logs"),
            RABBITMQ_PID_FILE=os.path.join(self.folder, "rabbitmq.pid"))
