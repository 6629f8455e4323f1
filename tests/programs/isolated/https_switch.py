# PYTHONHTTPSVERIFY (PEP 493); argv is "verifies" if clients must verify.
import sys
import _ssl_backport

_ssl_backport.install()
import ssl

verifies = sys.argv[1] == "verifies"
context = ssl._create_default_https_context()
assert context.check_hostname is verifies
assert (context.verify_mode == ssl.CERT_REQUIRED) is verifies
assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED

ssl._https_verify_certificates(enable=False)
context = ssl._create_default_https_context()
assert context.verify_mode == ssl.CERT_NONE
ssl._https_verify_certificates()
context = ssl._create_default_https_context()
assert context.verify_mode == ssl.CERT_REQUIRED
