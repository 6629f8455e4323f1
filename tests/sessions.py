"""Sessions of pairs: finished, kept, and resumed."""

from helpers import BioPair, client_context


def finished_session(pair):
    """The client's session; with TLS 1.3 the ticket comes after data."""
    pair.server.write(b"x")
    pair.flush()
    assert pair.client.read(1) == b"x"
    return pair.client.session


def session_with(client, server, pair_type=BioPair, **options):
    with pair_type(client, server, **options) as pair:
        return finished_session(pair)


def caching_context(version, number=10):
    client = client_context(version)
    client.client_sessions = number
    return client


def reuses(pair_type, client, server, **options):
    """Whether a connection resumes a session; it gets the next one."""
    with pair_type(client, server, **options) as pair:
        finished_session(pair)
        assert pair.server.session_reused is pair.client.session_reused
        return pair.client.session_reused
