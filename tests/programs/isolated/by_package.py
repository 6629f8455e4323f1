# _ssl_backport.ssl cannot be imported; the error names install().
import _ssl_backport

for installed in (False, True):
    try:
        import _ssl_backport.ssl
    except ImportError as error:
        assert "install()" in str(error), error
    else:
        raise AssertionError("_ssl_backport.ssl was imported")
    _ssl_backport.install()
