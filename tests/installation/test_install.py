"""install().

Each script of programs/isolated runs in a new process, as the process of the
tests has already installed the backport.
"""

import sys
import sysconfig

import pytest

from helpers import run_isolated


@pytest.mark.parametrize("script", [
    "import_alone.py", "names.py", "star.py", "twice.py", "again.py",
    "by_package.py", "threads.py", "light.py", "hosts.py", "archived.py",
    "loader.py",
])
def test_isolated(script):
    run_isolated(script)


@pytest.mark.with_stock
def test_odd_modules():
    run_isolated("odd_modules.py")


@pytest.mark.parametrize("module", ["__ssl_backport", "_ssl_backport._trust"])
def test_missing(module):
    run_isolated("missing.py", module)


@pytest.mark.skipif(not sys.platform.startswith("linux"),
                    reason="the test changes an ELF file")
@pytest.mark.parametrize("way", ["for_another_machine", "for_a_newer_glibc"])
def test_unloadable(way):
    run_isolated("unloadable.py", way)


@pytest.mark.with_stock
@pytest.mark.parametrize("module", ["ssl", "_ssl"])
def test_too_late(module):
    run_isolated("too_late.py", module)


@pytest.mark.python2("3.x does not have these clients")
@pytest.mark.cpython("has no reference counts, and closes sockets later")
def test_old_clients():
    run_isolated("old_clients.py")


@pytest.mark.python2("3.x does not have these clients")
@pytest.mark.cpython("has no reference counts, and closes sockets later")
def test_old_clients_switched_off():
    run_isolated("old_clients.py", "trusts", PYTHONHTTPSVERIFY="0")


@pytest.mark.python2("3.x sockets have weak references")
@pytest.mark.cpython("implements sockets in its own way")
def test_raw_sockets_without_weak_references():
    run_isolated("raw_sockets.py")


@pytest.mark.python2("only 2.7's socket.py imports RAND_egd")
def test_socket_module_that_wants_rand_egd():
    run_isolated("rand_egd.py")


@pytest.mark.python3("2.7 has one lock for all imports, so no race")
@pytest.mark.parametrize("moment", ["before", "meanwhile"])
def test_race(moment):
    run_isolated("race.py", moment)


@pytest.mark.python2("PEP 493 is for Python 2.7")
@pytest.mark.parametrize("value", ["", "1", "no", "00"])
def test_https_verification_stays_on(value):
    run_isolated("https_switch.py", "verifies", PYTHONHTTPSVERIFY=value)


@pytest.mark.python2("PEP 493 is for Python 2.7")
def test_https_verification_switched_off():
    run_isolated("https_switch.py", "trusts", PYTHONHTTPSVERIFY="0")


@pytest.mark.python3("PEP 493 is for Python 2.7")
def test_https_switch_is_for_python_2():
    run_isolated("https_switch.py", "verifies", PYTHONHTTPSVERIFY="0")


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"),
                    reason="this Python always has the GIL")
@pytest.mark.parametrize("variables, expected", [
    ({}, "taken"), ({"PYTHON_GIL": "0"}, "refused")],
    ids=["by itself", "PYTHON_GIL=0"])
def test_python_without_gil(variables, expected, monkeypatch):
    monkeypatch.delenv("PYTHON_GIL", raising=False)
    run_isolated("gil.py", expected, **variables)
