# Threads that call install() at the same time get the same ssl.
import sys
import threading
import _ssl_backport

found = []
errors = []
start = threading.Event()


def install():
    start.wait()
    try:
        _ssl_backport.install()
        import ssl
        found.append((ssl, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
    except BaseException as error:
        errors.append(error)
        raise


threads = [threading.Thread(target=install) for _ in range(8)]
for thread in threads:
    thread.start()
start.set()
for thread in threads:
    thread.join()
assert not errors, errors
assert len(found) == 8
assert set(module for module, _ in found) == set([sys.modules["ssl"]])
assert sum(type(f).__module__ == "_ssl_backport._install"
           for f in sys.meta_path) == 1
