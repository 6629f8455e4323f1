bind = "127.0.0.1:8000"
chdir = "/srv/app"
pidfile = "/srv/app/gunicorn.pid"
workers = 2


def when_ready(server):
    import ssl
    server.log.info("%s, by %s", ssl.OPENSSL_VERSION, ssl.__file__)
