from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from backroom.db.database import Database
from backroom.shops.keyring import OLDEST_SECONDS, DatabaseKeyring, Ring
from backroom.shops.secrets import add_secret, list_secrets, remove_secret
from backroom.shops.shops import Opening, add_shop, find_shop, remove_shop
from backroom.shops.tables import webhook_secret
from backroom.shops.vault import Vault
from backroom.vocabulary.errors import StoreUnavailable
from tests.waiting import eventually

DOMAIN = "demo.myshopify.com"
VAULT = Vault(["k" * 32])


class Time:
    """A monotonic clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def keyring(database: Database, clock: Time) -> Iterator[DatabaseKeyring]:
    with database.writing() as transaction:
        add_shop(transaction, VAULT, DOMAIN, Opening(access_token="t", webhook_secrets=["a"]))
    opened = DatabaseKeyring(database, VAULT, clock)
    opened.start()
    yield opened
    opened.stop()


@contextmanager
def broken(database: Database) -> Iterator[None]:
    """The database is away: here, the table is not found."""
    rename(database, "webhook_secret", "elsewhere")
    yield
    rename(database, "elsewhere", "webhook_secret")


def rename(database: Database, old: str, new: str) -> None:
    with database.writing() as transaction:
        transaction.connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


def secrets_of(keyring: DatabaseKeyring, *, fresh: bool = False) -> list[bytes]:
    signers = keyring.signers(DOMAIN, fresh=fresh)
    return [secret for _, secret in signers.secrets] if signers else []


def test_a_shops_secrets_may_sign_for_it_and_nobody_elses(keyring: DatabaseKeyring) -> None:
    assert secrets_of(keyring) == [b"a"]
    assert keyring.signers("other.myshopify.com") is None


def test_a_fresh_look_finds_a_secret_just_added(
    keyring: DatabaseKeyring, database: Database, clock: Time
) -> None:
    with database.writing() as transaction:
        add_secret(transaction, VAULT, find_shop(transaction, DOMAIN), "b", "added")
    clock.now += 0.3
    # The look has 50 ms; a machine that is busy may need a second one.
    eventually(lambda: secrets_of(keyring, fresh=True) == [b"a", b"b"], "the secret just added")


def test_the_thread_finds_a_removed_secret_without_being_asked(
    keyring: DatabaseKeyring, database: Database
) -> None:
    with database.writing() as transaction:
        shop_id = find_shop(transaction, DOMAIN)
        remove_secret(transaction, shop_id, list_secrets(transaction, shop_id)[0].id)
    eventually(lambda: secrets_of(keyring) == [], "the removed secret gone")
    signers = keyring.signers(DOMAIN)
    assert signers is not None, "the shop is known; nobody may sign for it"


def test_a_removed_shop_is_unknown(keyring: DatabaseKeyring, database: Database) -> None:
    with database.writing() as transaction:
        remove_shop(transaction, DOMAIN)
    eventually(lambda: keyring.signers(DOMAIN) is None, "the removed shop gone")


def test_a_flood_of_fresh_questions_looks_five_times_a_second_at_most(
    database: Database, clock: Time
) -> None:
    looks = 0

    class Counting(DatabaseKeyring):
        def _look(self) -> None:
            nonlocal looks
            looks += 1
            super()._look()

    keyring = Counting(database, VAULT, clock)
    keyring.start()
    try:
        clock.now += 0.3
        before = looks
        for _ in range(500):
            keyring.signers("unknown.myshopify.com", fresh=True)
        # One by the flood, and the thread's own.
        assert looks - before <= 2
    finally:
        keyring.stop()


def test_the_last_ring_serves_for_a_while_when_the_database_is_away(
    keyring: DatabaseKeyring, database: Database, clock: Time
) -> None:
    with broken(database):
        clock.now += OLDEST_SECONDS - 1
        assert secrets_of(keyring, fresh=True) == [b"a"]
        clock.now += 2
        with pytest.raises(StoreUnavailable):
            keyring.signers(DOMAIN)
    eventually(lambda: _again(keyring) == [b"a"], "the ring read again")


def _again(keyring: DatabaseKeyring) -> list[bytes]:
    try:
        return secrets_of(keyring)
    except StoreUnavailable:
        return []


def test_a_secret_that_no_key_opens_is_skipped_and_the_others_serve(
    keyring: DatabaseKeyring, database: Database
) -> None:
    with database.writing() as transaction:
        shop_id = find_shop(transaction, DOMAIN)
        lost = add_secret(transaction, VAULT, shop_id, "lost", "added")
        transaction.execute(
            update(webhook_secret)
            .where(webhook_secret.c.id == lost)
            .values(ciphertext=Vault(["x" * 32]).encrypt("lost"))
        )
        add_secret(transaction, VAULT, shop_id, "c", "added")
    eventually(lambda: secrets_of(keyring) == [b"a", b"c"], "the others' secrets")


def test_a_secret_that_no_key_opened_serves_once_it_is_given_again_under_a_known_key(
    keyring: DatabaseKeyring, database: Database
) -> None:
    """As somebody else does who has the old key, too."""
    old = Vault(["x" * 32])
    with database.writing() as transaction:
        shop_id = find_shop(transaction, DOMAIN)
        lost = add_secret(transaction, old, shop_id, "lost", "added")
        add_secret(transaction, VAULT, shop_id, "c", "added")
    eventually(lambda: secrets_of(keyring) == [b"a", b"c"], "the one that no key opens skipped")
    with database.writing() as transaction:
        both = Vault(["k" * 32, "x" * 32])
        assert add_secret(transaction, both, shop_id, "lost", "added") == lost
    eventually(lambda: secrets_of(keyring) == [b"a", b"lost", b"c"], "all of them")


def test_an_error_that_nobody_foresaw_does_not_end_the_looking(database: Database) -> None:
    class Buggy(DatabaseKeyring):
        looks = 0

        def _read(self) -> Ring:
            self.looks += 1
            if self.looks in (2, 3):
                raise OSError("not one of ours")
            return super()._read()

    with database.writing() as transaction:
        add_shop(transaction, VAULT, DOMAIN, Opening(access_token="t", webhook_secrets=["a"]))
    with capture_logs() as lines:
        keyring = Buggy(database, VAULT)
        keyring.start()
        eventually(lambda: secrets_of(keyring, fresh=True) and keyring.looks >= 4, "a look after the error")
        assert keyring.is_running
        keyring.stop()
    eventually(lambda: not keyring.is_running, "its end")
    assert [line["event"] for line in lines] == ["keyring.changed", "keyring.kept"]
    assert isinstance(lines[1]["exc_info"], OSError)


def test_it_says_when_it_has_heard_of_another_secret(database: Database) -> None:
    with database.writing() as transaction:
        shop_id = add_shop(transaction, VAULT, DOMAIN, Opening(access_token="t", webhook_secrets=["a"]))
    with capture_logs() as lines:
        keyring = DatabaseKeyring(database, VAULT)
        keyring.start()
        with database.writing() as transaction:
            add_secret(transaction, VAULT, shop_id, "b", "added")
        eventually(lambda: len(secrets_of(keyring, fresh=True)) == 2, "the other secret")
        keyring.stop()
    told = [(line["shops"], line["secrets"]) for line in lines if line["event"] == "keyring.changed"]
    assert told == [(1, 1), (1, 2)]
