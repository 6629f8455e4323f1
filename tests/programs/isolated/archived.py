"""The package works in a zip file, as in programs that PyInstaller makes."""

import os
import shutil
import sys
import tempfile
import zipfile

import _ssl_backport

folder = tempfile.mkdtemp()
archive = os.path.join(folder, "archive.zip")
try:
    package = os.path.dirname(_ssl_backport.__file__)
    with zipfile.ZipFile(archive, "w") as stream:
        for name in os.listdir(package):
            if name.endswith(".py"):
                stream.write(os.path.join(package, name),
                             "_ssl_backport/" + name)
    del sys.modules["_ssl_backport"]
    sys.path.insert(0, archive)

    import _ssl_backport
    assert _ssl_backport.__file__.startswith(archive)

    # without the extension, the error is an ImportError here, too
    sys.modules["__ssl_backport"] = None
    try:
        _ssl_backport.install()
    except ImportError:
        del sys.modules["__ssl_backport"]
    else:
        sys.exit("install() raised no error")

    _ssl_backport.install()
    import ssl
    assert _ssl_backport.is_installed()
    assert ssl.__name__ == ssl.SSLContext.__module__ == "ssl"
    assert ssl.__file__.startswith(archive), ssl.__file__
    assert "_ssl_backport.ssl" not in sys.modules

    context = ssl.SSLContext
    del sys.modules["ssl"]
    import ssl
    assert ssl.SSLContext is not context
    assert _ssl_backport.is_installed()

    if sys.version_info < (3,):
        context = ssl.SSLContext
        from imp import reload
        assert reload(ssl) is ssl
        assert ssl.SSLContext is not context
finally:
    shutil.rmtree(folder)
