"""What the tests share: contexts, connected pairs, servers, threads.

All that differs between Python 2.7 and 3 in the tests is decided here or in
conftest.py.  Only loopback is used, every port is chosen by the system, and
every wait has an end (TIMEOUT seconds) that a working test never reaches.
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
# make test-long: more of what is tried at random, and what takes long
LONG = os.environ.get("SSLB_LONG") == "1"
# make check-ktls: every connection asks the kernel, which knows TCP alone
KTLS = os.environ.get("SSLB_KTLS") == "1"
TESTS = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(TESTS)
CERTS = os.path.join(TESTS, "certs")
PASSWORD = "secret passphrase"
VERSIONS = ["TLSv1.2", "TLSv1.3"]
# what a missing file is on 2.7, where IOError and OSError are two
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
    "BACKPORT", "HOST_VERSION", "LONG", "PASSWORD", "PY2", "PYPY", "TIMEOUT",
    "VERSIONS", "BioPair", "FileError", "RawPair", "SocketPair", "Task",
    "array_bytes", "assert_serves", "buffer_types", "cert", "client_context",
    "collect", "descriptors", "ech_list_of", "fill", "fill_fifo", "in_child",
    "integer_types", "let_answer", "limit_version", "listening", "load_bundle",
    "meanwhile", "native", "outcome_of_bundle", "program_file", "read_all",
    "read_cert", "receive", "run_isolated", "server_context", "serving",
    "socketserver", "tcp_pair", "text_type", "through_pipe", "told_of_bundle",
    "unix_pair",
]


# Data

def cert(name):
    """The path of a file in tests/certs, as str."""
    return os.path.join(CERTS, name)


def program_file(*names):
    """The path of a file in tests/programs, as str."""
    return os.path.join(TESTS, "programs", *names)


def read_cert(name):
    """The text of a PEM file in tests/certs, as unicode."""
    with open(cert(name), "rb") as stream:
        return stream.read().decode("ascii")


def native(text):
    """unicode text as the backport shows it: UTF-8 in a str on 2.7."""
    return text.encode("utf-8") if PY2 else text


def array_bytes(numbers):
    """The bytes of an array.array."""
    return numbers.tostring() if PY2 else numbers.tobytes()


def descriptors():
    """The set of this process' open file descriptors."""
    found = set()
    for name in os.listdir("/dev/fd"):
        try:
            os.fstat(int(name))
        except OSError:
            continue  # the descriptor of the listing itself
        found.add(int(name))
    return found


def collect():
    """Collects what nobody holds any more, and what that held in turn: for
    each object of an extension that holds another PyPy takes a round."""
    for _ in range(5 if PYPY else 1):
        gc.collect()


# Contexts

def limit_version(context, version):
    """Lets the context speak "TLSv1.2" or "TLSv1.3" only, None: all."""
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
    """A server context with a certificate out of tests/certs."""
    context = new_context(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert(chain))
    return limit_version(context, version)


# CA files

def through_pipe(data, use):
    """What `use` makes of a path where these bytes come from a pipe."""
    source, target = os.pipe()
    try:
        try:
            assert len(data) < 65536  # so many it holds before it is read
            os.write(target, data)
        finally:
            os.close(target)
        return use("/dev/fd/%d" % source)
    finally:
        os.close(source)


def load_bundle(path):
    """(what is wrong with a CA file or None, a context that has loaded it)"""
    context = new_context(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        return (type(error), error.library, error.reason, error.errno,
                str(error).replace(path, "PATH")), context
    return None, context


def told_of_bundle(context):
    """All that a context tells of its CAs."""
    told = context.cert_store_stats(), context.get_ca_certs(True)
    try:
        return told + (context.get_ca_certs(),)
    except (ssl.SSLError, ValueError) as error:  # of a spoilt extension
        return told + (type(error), str(error))


def outcome_of_bundle(path):
    """What loading a CA file comes to."""
    problem, context = load_bundle(path)
    return problem, told_of_bundle(context)


# Threads

class Task(object):
    """A function that runs in a thread.

    result() waits for it and returns or raises what the function did,
    error() returns its exception.  At the end of a with block the thread is
    joined; an error of which neither has told is raised, unless the block
    has an error itself.
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
        """Waits for the end of the thread; AssertionError if it hangs."""
        self._thread.join(TIMEOUT)
        assert not self._thread.is_alive(), "%s hangs" % self.name

    def running(self):
        return self._thread.is_alive()

    def result(self):
        if self.error() is not None:
            raise self._error
        return self._value

    def error(self):
        """Waits for the end and returns the exception or None."""
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
    """Calls the function again and again in a thread, during the block."""
    done = threading.Event()

    def repeat():
        # 2.7 has no turns: who never waits can keep the GIL to itself
        while not done.wait(0.0001):
            function()

    with Task(repeat):
        try:
            yield
        finally:
            done.set()


def run_isolated(script, *arguments, **variables):
    """Run a script of programs/isolated/; its errors become the test's."""
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
    """Runs it in a forked child; returns what it returned, if bytes."""
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
        # there they are of the type below socket.socket
        raw, pair = pair, tuple(socket.socket(_sock=sock) for sock in pair)
        if PYPY:
            for sock in raw:
                sock._drop()  # which nobody uses but the pair
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
    """Two connected TCP sockets: the one that connected, the accepted."""
    with listening() as listener:
        client = socket.create_connection(listener.getsockname(), TIMEOUT)
        server = listener.accept()[0]
    for sock in (client, server):
        sock.settimeout(timeout)
    return client, server


stream_pair = tcp_pair if KTLS else unix_pair


def receive(sock, size):
    """Exactly size bytes from a socket (plain or TLS), or EOFError."""
    data = bytearray()
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise EOFError("%d of %d bytes" % (len(data), size))
        data += piece
    return bytes(data)


def fill(sock, piece):
    """Writes to a non-blocking TLS socket until it is full; returns how
    many bytes it took."""
    total = 0
    while True:
        try:
            total += sock.write(piece)
        except ssl.SSLWantWriteError:
            return total


def fill_fifo(path):
    """Writes to a FIFO that has a reader until it is full."""
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        while True:
            os.write(writer, b"#" * 1023 + b"\n")
    except OSError as error:
        assert error.errno == errno.EAGAIN
    finally:
        os.close(writer)


def read_all(sock):
    """All bytes up to the end of the stream."""
    pieces = []
    while True:
        piece = sock.recv(65536)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


@contextlib.contextmanager
def serving(handler, context=None, connections=1):
    """A server in a thread; gives its address.

    handler(sock) runs for each accepted connection, one after the other,
    over TLS if there is a context.  What it raises, the with block raises.
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
                # accept() must end, also where nobody connected
                listener.shutdown(socket.SHUT_RDWR)
                raise


# TLS pairs

class SocketPair(object):
    """A client and a server SSLSocket connected with each other.

    The handshake is done unless handshake=False.  Also a context manager,
    which closes both.
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
                # close() alone is not enough where others know the
                # descriptor, as the plain socket does on 2.7
                try:
                    self.client.shutdown(socket.SHUT_RDWR)
                except socket.error:
                    pass  # the peer was first
                self.client.close()
                raise

    def flush(self):
        """Nothing to do: sockets carry what was written by themselves."""

    def close(self):
        self.client.close()
        self.server.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()


class BioPair(object):
    """A client and a server SSLObject over MemoryBIOs.

    flush() carries what each has written to the other.  handshake() runs
    the handshake of both; the first error of either is raised.
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
        """Runs operations that want to read until all are done."""
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
        """Nothing to do: an SSLObject holds no descriptor."""

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()


class RawPair(object):
    """A client SSLSocket whose peer's records the test sends by hand.

    peer is the plain socket of the other side, tls its SSLObject: what is
    written to tls comes out of records(), for the test to send, cut or
    spoil.  client_side=False makes a server SSLSocket instead.
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
        """An operation of tls to its end, records sent and received."""
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
        """What tls has to send, with data as the last."""
        if data is not None:
            self.tls.write(data)
        return self._out.read()

    def close_notify(self):
        """The record with which tls closes the connection."""
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
