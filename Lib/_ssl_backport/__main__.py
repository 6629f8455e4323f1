"""python -m _ssl_backport: see _launcher.py, which leaves this module's
namespace to the program that it runs.
"""

from _ssl_backport import _launcher

_launcher.main()
