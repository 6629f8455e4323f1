# from ssl import * gives the public names.
import _ssl_backport

_ssl_backport.install()
from ssl import *

context = create_default_context()
assert isinstance(context, SSLContext)
assert context.verify_mode == CERT_REQUIRED
