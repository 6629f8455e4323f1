#!/srv/app/venv/bin/python
import _ssl_backport
_ssl_backport.install()

from gunicorn.app.wsgiapp import run


if __name__ == "__main__":
    run()
