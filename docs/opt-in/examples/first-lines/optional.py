try:
    import _ssl_backport
except ImportError:
    pass
else:
    _ssl_backport.install()

import program


if __name__ == "__main__":
    program.main()
