# A Python that runs without the GIL turns the GIL on for the backport and
# warns, as for every extension that needs the GIL.  With PYTHON_GIL=0 it must
# not: install() then raises an error and changes nothing.
import sys
import warnings
import _ssl_backport

expected = sys.argv[1]
assert not sys._is_gil_enabled()
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    try:
        _ssl_backport.install()
    except ImportError as error:
        assert expected == "refused" and "PYTHON_GIL" in str(error), error
        assert "ssl" not in sys.modules and "_ssl" not in sys.modules
        assert "__ssl_backport" not in sys.modules
        assert not sys._is_gil_enabled()
    else:
        assert expected == "taken"
        assert sys._is_gil_enabled()
        message, = [str(warning.message) for warning in warned
                    if warning.category is RuntimeWarning]
        assert "__ssl_backport" in message, message
