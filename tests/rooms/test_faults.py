import psycopg
import pytest

from backroom.db.faults import translated


@pytest.mark.parametrize(
    "said",
    [
        "failed to resolve host 'hush@localhost': [Errno -2] Name or service not known",
        'could not translate host name "hush@localhost" to address: Name or service not known',
        'invalid integer value "hush" for connection option "port"',
    ],
)
def test_what_was_taken_for_a_host_or_a_port_is_not_quoted(said: str) -> None:
    """It may be a part of the password, where the address was written wrongly."""
    told = str(translated(psycopg.OperationalError(said)))
    assert "hush" not in told
    assert told.startswith(said[:20])


def test_a_server_that_does_not_answer_is_named() -> None:
    said = 'connection to server at "127.0.0.1", port 1 failed: Connection refused'
    assert str(translated(psycopg.OperationalError(said))) == said
