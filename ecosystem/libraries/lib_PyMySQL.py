"""PyMySQL with MariaDB: TLS after the greeting, big results, refusals."""

import pymysql

import peers

VERSION = pymysql.__version__
if isinstance(VERSION, tuple):
    VERSION = ".".join(str(part) for part in VERSION if part is not None)


def connect(ca=peers.CA, host="localhost"):
    return pymysql.connect(
        host=host, port=peers.PORTS["mysql"], user="root",
        connect_timeout=peers.TIMEOUT, ssl={"ca": ca, "check_hostname": True})


def ask(question, **options):
    connection = connect(**options)
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()
    finally:
        connection.close()


def same_version_of_tls():
    return ask("SHOW STATUS LIKE 'Ssl_version'")[1]


def same_big_result():
    return len(ask("SELECT REPEAT('x', 4194304)")[0])


def same_unknown_issuer_is_refused():
    return peers.is_refused(lambda: ask("SELECT 1", ca=peers.OTHER_CA),
                            pymysql.err.OperationalError)
