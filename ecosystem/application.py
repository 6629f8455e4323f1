"""The WSGI application that gunicorn serves."""


def hello(environment, start_response):
    """Answer with the scheme of the request: http or https."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environment["wsgi.url_scheme"].encode()]
