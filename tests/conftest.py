"""Fixtures and markers of the tests, the watchdog, and the environment.

Nearly every test also passes with the stock ssl of Python 3.6.  Markers name
the other tests and the reasons.  With the backport installed, all tests run
that apply to the host's Python.
"""

import os
import subprocess
import sys
import threading
import traceback

import pytest

import helpers

# about the package itself: nothing in them is for a stock ssl
collect_ignore = [] if helpers.BACKPORT else [
    "context/test_copies.py", "context/test_copy.py",
    "diagnosis/test_check.py",
    "installation/test_install.py", "installation/test_launcher.py",
    "module/test_api_docs.py", "module/test_names.py",
    "module/test_surface.py", "project/test_examples.py",
    "project/test_upstream.py"]
# A Python may be built without ssl: there the backport is the only one.
HAS_STOCK = subprocess.call(
    [sys.executable, "-c", "import _ssl"], stderr=subprocess.PIPE) == 0
# Tests must not depend on this machine's settings for TLS clients, nor on its
# openssl.cnf, which applies to every context.
for _name in helpers.SETTINGS:
    os.environ.pop(_name, None)
# A test takes less than a tenth of it.  A long form is many tests in one.
WATCHDOG_SECONDS = 1800 if helpers.LONG else 120

MARKERS = [
    "backport_only(reason): no stock ssl passes this test",
    "since(major, minor, reason): stock ssl passes from that version on",
    "until(major, minor, reason): stock ssl passed before that version",
    "with_stock: needs the Python's own ssl",
    "python2(reason): for Python 2 only",
    "python3(reason): for Python 3 only",
    "cpython(reason): needs something that PyPy lacks",
]


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    # later Pythons deprecate options and functions of 3.6
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning")
    # pytest does not capture the report of a hang
    config.watchdog_stream = os.fdopen(os.dup(2), "w")


def pytest_cmdline_main(config):
    """Start pytest again without openssl.cnf, which OpenSSL has read."""
    if os.environ.get("OPENSSL_CONF") == os.devnull:
        return
    launcher = ["-m", "_ssl_backport"] if helpers.BACKPORT else []
    os.execve(sys.executable, [sys.executable] + launcher + ["-m", "pytest"] +
              sys.argv[1:], dict(os.environ, OPENSSL_CONF=os.devnull))


def pytest_report_header(config):
    import ssl
    return "ssl: %s, %s" % (
        "backport" if helpers.BACKPORT else "stock", ssl.OPENSSL_VERSION)


def _unfit(item):
    """The reason to skip a test here, or None."""
    if item.get_closest_marker("python2") and not helpers.PY2:
        return "for Python 2 only"
    if item.get_closest_marker("python3") and helpers.PY2:
        return "for Python 3 only"
    if item.get_closest_marker("with_stock") and not HAS_STOCK:
        return "this Python has no ssl of its own"
    if item.get_closest_marker("cpython") and helpers.PYPY:
        return "PyPy %s" % item.get_closest_marker("cpython").args[0]
    if helpers.BACKPORT:
        return None
    for marker in item.iter_markers():
        if marker.name == "backport_only":
            return "backport only: %s" % marker.args[0]
        if (marker.name == "since"
                and helpers.HOST_VERSION < tuple(marker.args[:2])):
            return "stock before %d.%d: %s" % marker.args
        if (marker.name == "until"
                and helpers.HOST_VERSION >= tuple(marker.args[:2])):
            return "stock since %d.%d: %s" % marker.args
    return None


def pytest_runtest_setup(item):
    reason = _unfit(item)
    if reason is not None:
        pytest.skip(reason)


def _report_hang(stream, name):
    """Print the stacks of all threads and end the process; for 2.7."""
    stream.write("\n%s hangs\n" % name)
    for frame in sys._current_frames().values():
        traceback.print_stack(frame, file=stream)
        stream.write("\n")
    stream.flush()
    os._exit(3)


@pytest.fixture(autouse=True)
def watchdog(request):
    """End the whole run if a test hangs."""
    stream = request.config.watchdog_stream
    if helpers.PY2:
        timer = threading.Timer(WATCHDOG_SECONDS, _report_hang,
                                [stream, request.node.name])
        timer.daemon = True
        timer.start()
        yield
        timer.cancel()
    else:
        import faulthandler
        faulthandler.dump_traceback_later(
            WATCHDOG_SECONDS, exit=True, file=stream)
        yield
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(params=helpers.VERSIONS)
def version(request):
    """Each TLS version in turn."""
    return request.param


@pytest.fixture(params=[helpers.SocketPair, helpers.BioPair],
                ids=["socket", "bio"])
def pair_type(request):
    """SocketPair and BioPair in turn."""
    return request.param


@pytest.fixture
def pair(pair_type, version):
    """A SocketPair or BioPair after the handshake."""
    with pair_type(version=version) as connected:
        yield connected


@pytest.fixture
def sockets(version):
    """A SocketPair after the handshake, with each TLS version."""
    with helpers.SocketPair(version=version) as connected:
        yield connected


@pytest.fixture(params=[
    lambda end: end.do_handshake(), lambda end: end.read(1),
    lambda end: end.write(b"x"), lambda end: end.unwrap()],
    ids=["do_handshake", "read", "write", "unwrap"])
def entrance(request):
    """An operation that a callback tries on its own connection."""
    return request.param
