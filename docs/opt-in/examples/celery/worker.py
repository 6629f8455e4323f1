#!/srv/app/venv/bin/python
import _ssl_backport
_ssl_backport.install()

from celery.__main__ import main


if __name__ == "__main__":
    main()
