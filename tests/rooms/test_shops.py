import json

import pytest
from sqlalchemy import select

from backroom.db.database import Database
from backroom.shops.secrets import add_secret, list_secrets, remove_secret, tally_uses, unreadable_secrets
from backroom.shops.shops import (
    add_shop,
    find_shop,
    list_shops,
    read_opening,
    remove_shop,
    set_setting,
    settings_of,
)
from backroom.shops.tables import shop, shop_credential
from backroom.shops.vault import Vault
from backroom.vocabulary.errors import Misuse, Unknown
from backroom.vocabulary.ids import ShopId

DOMAIN = "demo.myshopify.com"
VAULT = Vault(["k" * 32])


def opened(database: Database, domain: str = DOMAIN, vault: Vault = VAULT, **opening: object) -> ShopId:
    with database.writing() as transaction:
        return add_shop(transaction, vault, domain, read_opening(json.dumps(opening).encode()))


def sources(database: Database, shop_id: ShopId) -> list[str]:
    with database.reading() as transaction:
        return [secret.source for secret in list_secrets(transaction, shop_id)]


def test_a_shop_is_known_by_its_domain_in_small_letters(database: Database) -> None:
    shop_id = opened(database, "Demo.MyShopify.com", access_token="t")
    with database.reading() as transaction:
        assert find_shop(transaction, " DEMO.myshopify.com ") == shop_id
        assert [found.domain for found in list_shops(transaction)] == [DOMAIN]


@pytest.mark.parametrize(
    "domain",
    ["", "shop", "https://demo.myshopify.com", "demo.myshopify.com/", "a b.c", "ä.com", "-a.com", "a..b"],
)
def test_what_is_no_host_name_with_a_dot_is_no_domain(database: Database, domain: str) -> None:
    with pytest.raises(Misuse, match="shop domain"):
        opened(database, domain, access_token="t")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"access_token": "hush", "client_secret": "hush"}',
        b'{"webhook_secrets": ["hush"]}',
        b'{"access_token": 5}',
        b'{"access_token": "hush", "webhook_secret": "hush"}',
        b'{"access_token": "hush"',
        b'{"access_token": "\xff"}',
    ],
)
def test_an_opening_is_one_object_with_one_credential_and_errors_show_no_value(text: bytes) -> None:
    with pytest.raises(Misuse) as error:
        read_opening(text)
    assert "hush" not in str(error.value)


def test_an_unknown_key_of_the_opening_is_named() -> None:
    with pytest.raises(Misuse, match="webhook_secrett"):
        read_opening(b'{"access_token": "t", "webhook_secrett": "x"}')


def test_an_opening_shows_nothing_of_itself() -> None:
    assert "hush" not in repr(read_opening(b'{"access_token": "hush"}'))


def test_a_client_secret_signs_webhooks_too(database: Database) -> None:
    shop_id = opened(database, client_secret="c", webhook_secrets=["w"])
    assert sources(database, shop_id) == ["added", "client_secret"]


def test_opening_a_shop_again_replaces_the_credential_and_adds_the_secrets(database: Database) -> None:
    shop_id = opened(database, client_secret="c1", webhook_secrets=["w"])
    assert opened(database, client_secret="c2", webhook_secrets=["w", "w"]) == shop_id
    assert sources(database, shop_id) == ["added", "client_secret", "client_secret"]
    with database.reading() as transaction:
        credentials = transaction.execute(select(shop_credential)).all()
    assert [VAULT.decrypt(row.ciphertext) for row in credentials] == ["c2"]


def test_a_client_id_stays_until_another_is_given_or_the_shop_is_removed(database: Database) -> None:
    def opened_by(client_id: str | None) -> str | None:
        opening = read_opening(b'{"client_secret": "c"}')
        with database.writing() as transaction:
            add_shop(transaction, VAULT, DOMAIN, opening, client_id=client_id)
            return list_shops(transaction)[0].client_id

    assert [opened_by(each) for each in ("first", None, "second", None)] == [
        "first",
        "first",
        "second",
        "second",
    ]
    with database.writing() as transaction:
        remove_shop(transaction, DOMAIN)
    assert opened_by(None) is None


def test_a_secret_is_not_doubled_even_under_a_new_key_of_the_vault(database: Database) -> None:
    shop_id = opened(database, access_token="t", webhook_secrets=["w"])
    opened(database, vault=Vault(["n" * 32, "k" * 32]), access_token="t", webhook_secrets=["w"])
    assert sources(database, shop_id) == ["added"]


@pytest.mark.parametrize("secret", ["", "two\nlines", "x" * 1025])
def test_a_secret_is_one_printable_line(database: Database, secret: str) -> None:
    shop_id = opened(database, access_token="t")
    with pytest.raises(Misuse, match="one line"), database.writing() as transaction:
        add_secret(transaction, VAULT, shop_id, secret, "added")


def test_a_removed_shop_is_forgotten_but_for_its_rows(database: Database) -> None:
    shop_id = opened(database, client_secret="c", webhook_secrets=["w"])
    with database.writing() as transaction:
        remove_shop(transaction, DOMAIN)
    with database.reading() as transaction:
        assert list_shops(transaction) == []
        assert transaction.execute(select(shop_credential)).all() == []
        assert transaction.execute(select(shop.c.id)).scalars().all() == [shop_id]
        with pytest.raises(Unknown, match="no such shop"):
            find_shop(transaction, DOMAIN)


def test_a_removed_shop_comes_back_with_what_is_given_then(database: Database) -> None:
    shop_id = opened(database, client_secret="c", webhook_secrets=["leaked"])
    with database.writing() as transaction:
        remove_shop(transaction, DOMAIN)
    assert opened(database, access_token="t", webhook_secrets=["new"]) == shop_id
    assert sources(database, shop_id) == ["added"]


def test_removing_a_secret_says_how_many_are_left(database: Database) -> None:
    shop_id = opened(database, access_token="t", webhook_secrets=["a", "b"])
    with database.writing() as transaction:
        first, second = [secret.id for secret in list_secrets(transaction, shop_id)]
        assert remove_secret(transaction, shop_id, first) == 1
        with pytest.raises(Unknown):
            remove_secret(transaction, shop_id, first)
        assert remove_secret(transaction, shop_id, second) == 0


def test_a_secret_of_another_shop_is_not_removed(database: Database) -> None:
    opened(database, "other.myshopify.com", access_token="t", webhook_secrets=["a"])
    shop_id = opened(database, access_token="t")
    with database.writing() as transaction, pytest.raises(Misuse):
        remove_secret(transaction, shop_id, 1)


def test_uses_add_up(database: Database) -> None:
    shop_id = opened(database, access_token="t", webhook_secrets=["a", "b"])
    with database.writing() as transaction:
        first, second = list_secrets(transaction, shop_id)
        tally_uses(transaction, {second.id: 2, first.id: 1})
        tally_uses(transaction, {second.id: 3})
        assert [secret.use_count for secret in list_secrets(transaction, shop_id)] == [1, 5]
        assert all(secret.last_used_at for secret in list_secrets(transaction, shop_id))


def test_secrets_that_no_key_opens_are_named(database: Database) -> None:
    shop_id = opened(database, access_token="t", webhook_secrets=["a"])
    with database.reading() as transaction:
        (secret,) = list_secrets(transaction, shop_id)
        assert unreadable_secrets(transaction, VAULT, shop_id) == []
        assert unreadable_secrets(transaction, Vault(["n" * 32]), shop_id) == [secret.id]


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("currency", "eur", "EUR"),
        ("currency", "", None),
        ("api_url", "http://localhost:9000/", "http://localhost:9000"),
        ("api_url", "", None),
    ],
)
def test_a_setting_is_checked_and_stored(
    database: Database, key: str, value: str, stored: str | None
) -> None:
    opened(database, access_token="t")
    with database.writing() as transaction:
        set_setting(transaction, DOMAIN, key, value)
        assert settings_of(transaction, DOMAIN)[key] == stored


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("currency", "euro"),
        ("currency", "E1R"),
        ("api_url", "localhost"),
        ("api_url", "http://user:pw@host"),
        ("domain", "x.y"),
        ("id", "7"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(database: Database, key: str, value: str) -> None:
    opened(database, access_token="t")
    with database.writing() as transaction, pytest.raises(Misuse):
        set_setting(transaction, DOMAIN, key, value)
