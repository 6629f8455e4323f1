#!/srv/app/venv/bin/python
import _ssl_backport
_ssl_backport.install()

import program


if __name__ == "__main__":
    program.main()
