# On an unsupported Python, which is imitated here, the error of install()
# lists the supported ones.  If there is only an extension module for another
# Python, the error says so.
import os
import shutil
import sys
import tempfile
import _ssl_backport


def refusal():
    try:
        _ssl_backport.install()
    except ImportError as error:
        assert not _ssl_backport.is_installed()
        return str(error)
    sys.exit("install() raised no error")


version, platform = sys.version_info, sys.platform
for sys.version_info, sys.platform in [
        ((2, 6, 9, "final", 0), platform), ((3, 5, 10, "final", 0), platform),
        (version, "java1.8.0_292"), (version, "cli")]:
    message = refusal()
    assert "CPython 2.7" in message and "PyPy" in message, message
    assert sys.platform in message, message
sys.version_info, sys.platform = version, platform

# the folder of the package has only the extension module of another Python
folder = tempfile.mkdtemp()
try:
    package = os.path.dirname(os.path.abspath(_ssl_backport.__file__))
    shutil.copytree(package, os.path.join(folder, "_ssl_backport"))
    name = os.path.join(folder, "__ssl_backport.of-another-python.so")
    open(name, "wb").close()
    path = sys.path[:]
    sys.path[:] = [folder] + [entry for entry in path if not os.path.exists(
        os.path.join(entry, "_ssl_backport"))]
    for module in [item for item in sys.modules
                   if item.split(".")[0] == "_ssl_backport"]:
        del sys.modules[module]
    import _ssl_backport
    message = refusal()
    assert name in message and "another Python" in message, message
    sys.path[:] = path
finally:
    shutil.rmtree(folder)
