"""What is added to the address of a PostgreSQL, so that one that is gone without a word is noticed."""

import psycopg

from backroom.db.postgres import postgres_engine


def parameters(address: str) -> dict[str, str]:
    """What the server's connection was opened with."""
    engine = postgres_engine(address, "nowhere")
    connection = engine.raw_connection()
    try:
        driver = connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        return driver.info.get_parameters()
    finally:
        connection.close()
        engine.dispose()


def test_a_server_that_is_gone_without_a_word_is_noticed_in_seconds(postgres_url: str) -> None:
    said = parameters(postgres_url)
    assert (said["tcp_user_timeout"], said["connect_timeout"]) == ("10000", "5")
    assert (said["keepalives_idle"], said["keepalives_interval"], said["keepalives_count"]) == (
        "10",
        "5",
        "3",
    )


def test_what_the_address_says_itself_is_left_as_it_is(postgres_url: str) -> None:
    mark = "&" if "?" in postgres_url else "?"
    said = parameters(f"{postgres_url}{mark}tcp_user_timeout=77&connect_timeout=9")
    assert (said["tcp_user_timeout"], said["connect_timeout"], said["keepalives_idle"]) == ("77", "9", "10")
