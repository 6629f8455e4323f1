import ssl

from celery import Celery
from celery.signals import celeryd_init

import program

app = Celery("tasks", broker="rediss://localhost:6379/0",
             backend="rediss://localhost:6379/1")
app.conf.broker_use_ssl = app.conf.redis_backend_use_ssl = {
    "ssl_cert_reqs": ssl.CERT_REQUIRED,
    "ssl_ca_certs": "/srv/app/ca.pem",
}


@app.task
def tell():
    return program.tell()


@celeryd_init.connect
def show_ssl(**arguments):
    print("%s, by %s" % (ssl.OPENSSL_VERSION, ssl.__file__))
