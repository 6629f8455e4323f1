"""Code that the tests share: contexts, connected pairs, servers, threads.

This file and conftest.py handle the differences between Python 2.7 and 3.
Tests use loopback only, on ports that the system chooses.  Every wait ends
after TIMEOUT seconds, which a passing test never reaches.
"""

import contextlib
import errno
import gc
import os
import platform
import socket
import ssl
import subprocess
import sys
import threading
import traceback

PY2 = sys.version_info[0] == 2
PYPY = platform.python_implementation() == "PyPy"
BACKPORT = ssl._ssl.__name__ == "__ssl_backport"
HOST_VERSION = sys.version_info[:2]
TIMEOUT = 30.0
# make test-long sets it: random tests run for longer, and slow tests run, too
LONG = os.environ.get("SSLB_LONG") == "1"
# make check-ktls sets it: every connection asks for kTLS, which needs TCP
KTLS = os.environ.get("SSLB_KTLS") == "1"
TESTS = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(TESTS)
CERTS = os.path.join(TESTS, "certs")
PASSWORD = "secret passphrase"
# environment variables that change what TLS clients do
SETTINGS = ["SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE",
            "PYTHONHTTPSVERIFY", "http_proxy", "https_proxy", "all_proxy",
            "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
VERSIONS = ["TLSv1.2", "TLSv1.3"]
# the error for a missing file; 2.7 has two different classes
FileError = IOError if PY2 else OSError
text_type = type(u"")
if PY2:
    import SocketServer as socketserver
    buffer_types = [bytes, bytearray, memoryview, buffer]  # noqa: F821
    integer_types = (int, long)  # noqa: F821
else:
    import socketserver
    buffer_types = [bytes, bytearray, memoryview]
    integer_types = (int,)

__all__ = [
    "BACKPORT", "HOST_VERSION", "LONG", "PASSWORD", "PY2", "PYPY",
    "SETTINGS", "TIMEOUT", "VERSIONS", "BioPair", "FileError", "RawPair",
    "SocketPair", "Task", "array_bytes", "assert_serves", "buffer_types",
    "cert", "client_context", "collect", "descriptors", "ech_list_of",
    "fill", "fill_fifo", "in_child", "integer_types", "let_answer",
    "limit_version", "listening", "load_bundle", "meanwhile", "native",
    "outcome_of_bundle", "program_file", "read_all", "read_cert",
    "receive", "run_isolated", "server_context", "serving", "socketserver",
    "tcp_pair", "text_type", "through_pipe", "told_of_bundle", "unix_pair",
]


# Data

def cert(name):
    """The path of a file in tests/certs, a str."""
    return os.path.join(CERTS, name)


def program_file(*names):
    """The path of a file in tests/programs, a str."""
    return os.path.join(TESTS, "programs", *names)


def read_cert(name):
    """The text of a PEM file in tests/certs, as unicode."""
    with open(cert(name), "rb") as stream:
        return stream.read().decode("ascii")


def native(text):
    """Text as the backport returns it: on 2.7 a str in UTF-8."""
    return text.encode("utf-8") if PY2 else text


def array_bytes(numbers):
    """The bytes of an array.array."""
    return numbers.tostring() if PY2 else numbers.tobytes()


def descriptors():
    """The set of open file descriptors of this process."""
    found = set()
    for name in os.listdir("/dev/fd"):
        try:
            os.fstat(int(name))
        except OSError:
            continue  # listdir() itself had this descriptor open
        found.add(int(name))
    return found


def collect():
    """Collect garbage.  PyPy needs one collection for each object in a chain
    of extension objects that hold each other."""
    for _ in range(5 if PYPY else 1):
        gc.collect()


# Contexts

def limit_version(context, version):
    """Limit a context to "TLSv1.2" or "TLSv1.3"; None means no limit."""
    if version == "TLSv1.2":
        context.options |= ssl.OP_NO_TLSv1_3
    elif version == "TLSv1.3":
        context.options |= (ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1 |
                            ssl.OP_NO_TLSv1_2)
    return context


def new_context(protocol):
    context = ssl.SSLContext(protocol)
    if KTLS:
        context.options |= ssl.OP_ENABLE_KTLS
    return context


def ech_list_of(pem):
    """The ECHConfigList in a PEM text, in base64; b"" if there is none."""
    block = "".join(pem.split("-----")[6:7])
    return "".join(block.split()).encode("ascii")


def client_context(version=None, roots="root.pem"):
    """A verifying client context that trusts tests/certs/root.pem."""
    context = new_context(ssl.PROTOCOL_TLS_CLIENT)
    if roots is not None:
        context.load_verify_locations(cert(roots))
    return limit_version(context, version)


def server_context(version=None, chain="localhost.pem"):
    """A server context with a certificate of tests/certs."""
    context = new_context(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert(chain))
    return limit_version(context, version)


# CA files

def through_pipe(data, use):
    """Call use(path) with the path of a pipe that yields these bytes."""
    source, target = os.pipe()
    try:
        try:
            assert len(data) < 65536  # a pipe's buffer has room for it
            os.write(target, data)
        finally:
            os.close(target)
        return use("/dev/fd/%d" % source)
    finally:
        os.close(source)


def load_bundle(path):
    """Load a CA file; returns (its error or None, the context)."""
    context = new_context(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        return (type(error), error.library, error.reason, error.errno,
                str(error).replace(path, "PATH")), context
    return None, context


def told_of_bundle(context):
    """All that a context's methods show of its CA certificates."""
    told = context.cert_store_stats(), context.get_ca_certs(True)
    try:
        return told + (context.get_ca_certs(),)
    except (ssl.SSLError, ValueError) as error:  # an extension is malformed
        return told + (type(error), str(error))


def outcome_of_bundle(path):
    """The error of loading a CA file, and the context's CA certificates."""
    problem, context = load_bundle(path)
    return problem, told_of_bundle(context)


# Threads

class Task(object):
    """A function that runs in a thread.

    result() waits for the thread, and returns the function's result or raises
    its error.  error() waits, and returns the error.  The end of a with block
    joins the thread.  It raises an error that neither method has reported,
    unless the block itself raises.
    """

    def __init__(self, function, *args, **kwargs):
        self._call = (function, args, kwargs)
        self._value = None
        self._error = None
        self._reported = False
        self.name = getattr(function, "__name__", "task")
        self._thread = threading.Thread(target=self._run, name=self.name)
        self._thread.daemon = True
        self._thread.start()

    def _run(self):
        function, args, kwargs = self._call
        self._call = None
        try:
            self._value = function(*args, **kwargs)
        except BaseException as error:
            traceback.print_exc()
            # The traceback would keep the sockets of the frames alive.
            if not PY2:
                error.__traceback__ = None
            self._error = error
        del function, args, kwargs

    def join(self):
        """Wait for the end of the thread; AssertionError if it hangs."""
        self._thread.join(TIMEOUT)
        assert not self._thread.is_alive(), "%s hangs" % self.name

    def running(self):
        return self._thread.is_alive()

    def result(self):
        if self.error() is not None:
            raise self._error
        return self._value

    def error(self):
        """Wait for the end of the thread; returns its exception or None."""
        self.join()
        self._reported = True
        return self._error

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self._thread.join(TIMEOUT)
        elif not self._reported:
            self.result()


@contextlib.contextmanager
def meanwhile(function):
    """During the block, call the function repeatedly in a thread."""
    done = threading.Event()

    def repeat():
        # 2.7's GIL is not fair: a thread that never waits can keep it
        while not done.wait(0.0001):
            function()

    with Task(repeat):
        try:
            yield
        finally:
            done.set()


def run_isolated(script, *arguments, **variables):
    """Run a script of programs/isolated/; the test fails with its errors."""
    child = subprocess.Popen(
        [sys.executable, program_file("isolated", script)] + list(arguments),
        env=dict(os.environ, **variables),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = child.communicate()[0]
    assert child.returncode == 0, output.decode("utf-8", "replace")


def let_answer(pair):
    """A request to authenticate after the handshake, and the
    client's answer on its way, before a byte y."""
    pair.server.verify_client_post_handshake()
    pair.server.write(b"x")
    pair.flush()
    assert pair.client.read(1) == b"x"
    pair.client.write(b"y")
    pair.flush()


def assert_serves(context):
    """The context has a working certificate for localhost."""
    with SocketPair(server=context):
        pass


# Processes

def in_child(function):
    """Call the function in a forked child; returns its result, bytes."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            result = function()
            os.write(writer, result if isinstance(result, bytes) else b"")
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    with contextlib.closing(os.fdopen(reader, "rb")) as stream:
        data = stream.read()
    assert os.waitpid(pid, 0)[1] == 0
    return data


# Plain sockets

def unix_pair(timeout=TIMEOUT):
    """Two connected stream sockets without a network address."""
    pair = socket.socketpair()
    if PY2:
        # 2.7 returns objects of _socket.socket
        raw, pair = pair, tuple(socket.socket(_sock=sock) for sock in pair)
        if PYPY:
            for sock in raw:
                sock._drop()  # the pair alone keeps the raw socket open
    for sock in pair:
        sock.settimeout(timeout)
    return pair


@contextlib.contextmanager
def listening(backlog=5):
    """A TCP socket that listens on a free port of 127.0.0.1."""
    with contextlib.closing(socket.socket()) as listener:
        listener.settimeout(TIMEOUT)
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        yield listener


def tcp_pair(timeout=TIMEOUT):
    """Two connected TCP sockets: the client's, and the accepted one."""
    with listening() as listener:
        client = socket.create_connection(listener.getsockname(), TIMEOUT)
        server = listener.accept()[0]
    for sock in (client, server):
        sock.settimeout(timeout)
    return client, server


stream_pair = tcp_pair if KTLS else unix_pair


def receive(sock, size):
    """Receive exactly `size` bytes from a plain or TLS socket; EOFError if
    the stream ends before."""
    data = bytearray()
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise EOFError("%d of %d bytes" % (len(data), size))
        data += piece
    return bytes(data)


def fill(sock, piece):
    """Write to a non-blocking TLS socket until it would block; returns the
    number of bytes written."""
    total = 0
    while True:
        try:
            total += sock.write(piece)
        except ssl.SSLWantWriteError:
            return total


def fill_fifo(path):
    """Write to a FIFO until it is full; somebody must have it open."""
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        while True:
            os.write(writer, b"#" * 1023 + b"\n")
    except OSError as error:
        assert error.errno == errno.EAGAIN
    finally:
        os.close(writer)


def read_all(sock):
    """Read all bytes up to the end of the stream."""
    pieces = []
    while True:
        piece = sock.recv(65536)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


@contextlib.contextmanager
def serving(handler, context=None, connections=1):
    """Context manager: the address of a server that runs in a thread.

    The server calls handler(sock) for one connection after the other, over
    TLS if there is a context.  The with block raises the handler's error.
    """
    with listening() as listener:
        def serve():
            for _ in range(connections):
                sock = listener.accept()[0]
                sock.settimeout(TIMEOUT)
                with contextlib.closing(sock):
                    if context is None:
                        handler(sock)
                        continue
                    wrapped = context.wrap_socket(sock, server_side=True)
                    with contextlib.closing(wrapped):
                        handler(wrapped)

        with Task(serve):
            try:
                yield listener.getsockname()
            except BaseException:
                # accept() must end even if no client has connected
                listener.shutdown(socket.SHUT_RDWR)
                raise


# TLS pairs

class SocketPair(object):
    """A client and a server SSLSocket that are connected with each other.

    It does the handshake unless handshake=False.  A with block closes both.
    """

    def __init__(self, client=None, server=None, version=None,
                 server_hostname="localhost", session=None, pair=None,
                 timeout=TIMEOUT, handshake=True):
        client = client or client_context(version)
        server = server or server_context(version)
        left, right = pair or stream_pair(timeout)
        options = {"do_handshake_on_connect": False}
        self.client = self.server = None
        try:
            self.client = client.wrap_socket(
                left, server_hostname=server_hostname, session=session,
                **options)
            self.server = server.wrap_socket(
                right, server_side=True, **options)
            if handshake:
                self.handshake()
        except BaseException:
            for sock in (self.client, self.server, left, right):
                if sock is not None:
                    sock.close()
            raise

    def handshake(self):
        with Task(self.server.do_handshake):
            try:
                self.client.do_handshake()
            except BaseException:
                # close() does not end the connection while another object
                # holds the descriptor, as 2.7's plain socket does
                try:
                    self.client.shutdown(socket.SHUT_RDWR)
                except socket.error:
                    pass  # the peer has closed the connection
                self.client.close()
                raise

    def flush(self):
        """Do nothing: sockets deliver records by themselves."""

    def close(self):
        self.client.close()
        self.server.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()


class BioPair(object):
    """A client and a server SSLObject over MemoryBIOs.

    flush() carries the records of each end to the other.  handshake() does
    the handshake of both, and raises the first error of either.
    """

    def __init__(self, client=None, server=None, version=None,
                 server_hostname="localhost", session=None, handshake=True):
        client = client or client_context(version)
        server = server or server_context(version)
        self.client_in, self.client_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server_in, self.server_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(
            self.client_in, self.client_out,
            server_hostname=server_hostname, session=session)
        self.server = server.wrap_bio(
            self.server_in, self.server_out, server_side=True)
        if handshake:
            self.handshake()

    def flush(self):
        self.server_in.write(self.client_out.read())
        self.client_in.write(self.server_out.read())

    def handshake(self):
        self.finish(self.client.do_handshake, self.server.do_handshake)

    def finish(self, *operations):
        """Run operations in turn until each has the records that it needs."""
        todo = list(operations)
        for _ in range(50):
            for operation in list(todo):
                try:
                    operation()
                    todo.remove(operation)
                except ssl.SSLWantReadError:
                    pass
                self.flush()
            if not todo:
                return
        raise AssertionError("no progress: %r" % (todo,))

    def close(self):
        """Do nothing: an SSLObject has no descriptor."""

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()


class RawPair(object):
    """A client SSLSocket, and a peer whose records the test sends itself.

    `peer` is the plain socket of the other side, and `tls` its SSLObject.
    records() returns the records of data written to `tls`; the test can send,
    cut or change them.  client_side=False makes a server SSLSocket instead.
    """

    def __init__(self, version=None, client_side=True, timeout=TIMEOUT,
                 handshake=True, pair=None, client=None, server=None,
                 **options):
        left, self.peer = pair or stream_pair(timeout)
        client = client or client_context(version)
        server = server or server_context(version)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        options["do_handshake_on_connect"] = False
        if client_side:
            self.sock = client.wrap_socket(
                left, server_hostname="localhost", **options)
            self.tls = server.wrap_bio(self._in, self._out, True)
        else:
            self.sock = server.wrap_socket(left, server_side=True, **options)
            self.tls = client.wrap_bio(self._in, self._out,
                                       server_hostname="localhost")
        if handshake:
            with Task(self.sock.do_handshake):
                self.run(self.tls.do_handshake)

    def run(self, operation, *args):
        """Run an operation of `tls`, and send and receive its records."""
        while True:
            try:
                return operation(*args)
            except ssl.SSLWantReadError:
                self.peer.sendall(self.records())
                data = self.peer.recv(65536)
                if data:
                    self._in.write(data)
                else:
                    self._in.write_eof()
            finally:
                self.peer.sendall(self.records())

    def records(self, data=None):
        """The records that `tls` has to send; `data` is in the last one."""
        if data is not None:
            self.tls.write(data)
        return self._out.read()

    def close_notify(self):
        """The record with the close_notify alert of `tls`."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        return self._out.read()

    def close(self):
        self.sock.close()
        self.peer.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()
