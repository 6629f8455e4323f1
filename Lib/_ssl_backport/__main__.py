"""python -m _ssl_backport: calls _launcher.py, which then clears the namespace
of this module for the program.
"""

from _ssl_backport import _launcher

_launcher.main()
