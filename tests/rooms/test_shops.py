import json

import pytest
from sqlalchemy import select, update

from backroom.db.database import Database
from backroom.shops.secrets import (
    StillUsed,
    add_secret,
    list_secrets,
    refuse_if_used,
    remove_secret,
    tally_uses,
    unreadable_secrets,
)
from backroom.shops.shops import (
    add_shop,
    find_shop,
    list_shops,
    read_opening,
    remove_shop,
    set_setting,
    settings_of,
)
from backroom.shops.tables import shop, shop_credential, webhook_secret
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


def signed_by(database: Database, shop_id: ShopId, secret: str) -> int:
    """As `shop secret add` does."""
    with database.writing() as transaction:
        return add_secret(transaction, VAULT, shop_id, secret, "added")


def present(database: Database, shop_id: ShopId) -> list[str]:
    """The secrets that are marked to open the API, in the clear."""
    with database.reading() as transaction:
        marked = [secret.id for secret in list_secrets(transaction, shop_id) if secret.opens_api]
        c = webhook_secret.c
        found = transaction.execute(select(c.ciphertext).where(c.id.in_(marked))).scalars()
        return [VAULT.decrypt(ciphertext) for ciphertext in found]


def forget_which_is_present(database: Database) -> None:
    """As it was stored once: each time encrypted anew."""
    with database.writing() as transaction:
        rows = transaction.execute(select(webhook_secret)).all()
        for row in rows:
            again = VAULT.encrypt(VAULT.decrypt(row.ciphertext))
            changed = update(webhook_secret).where(webhook_secret.c.id == row.id)
            transaction.execute(changed.values(ciphertext=again))


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


def test_what_is_given_again_is_opened_by_the_new_key_of_the_vault_alone(database: Database) -> None:
    shop_id = opened(database, client_secret="c", webhook_secrets=["w"])
    opened(database, vault=Vault(["n" * 32, "k" * 32]), client_secret="c", webhook_secrets=["w"])
    with database.reading() as transaction:
        assert len(list_secrets(transaction, shop_id)) == 2
        assert unreadable_secrets(transaction, Vault(["n" * 32]), shop_id) == []


@pytest.mark.parametrize(
    "given",
    [
        "shop:third shop:newest shop:third",
        "secret:third shop:newest shop:third",
        "shop:newest secret:third shop:third secret:newest",
        "shop:third secret:third secret:newest",
        "secret:mistyped shop:mistyped shop:third shop:mistyped",
    ],
)
def test_the_present_client_secret_is_the_one_that_was_given_last_in_whatever_order(
    database: Database, given: str
) -> None:
    shop_id = opened(database, access_token="t", webhook_secrets=["first"])
    expected: list[str] = []
    for way, secret in (step.split(":") for step in given.split()):
        if way == "shop":
            opened(database, client_secret=secret)
            expected = [secret]
        else:
            signed_by(database, shop_id, secret)
        assert present(database, shop_id) == expected, f"after {way} {secret}"
    opened(database, access_token="t")
    assert present(database, shop_id) == [], "a fixed token opens it"


def test_a_mistyped_client_secret_may_go_once_the_right_one_is_given_and_that_one_may_not(
    database: Database,
) -> None:
    shop_id = opened(database, client_secret="right")
    opened(database, client_secret="mistyped")
    opened(database, client_secret="right")
    with database.writing() as transaction:
        right, mistyped = list_secrets(transaction, shop_id)
        refuse_if_used(transaction, shop_id, mistyped.id)
        with pytest.raises(StillUsed, match="present client secret"):
            refuse_if_used(transaction, shop_id, right.id)


def test_one_that_signed_lately_is_refused_with_when_to_the_minute_and_no_word_against_the_present_one(
    database: Database,
) -> None:
    shop_id = opened(database, client_secret="present")
    newest = signed_by(database, shop_id, "the store's own")
    with database.writing() as transaction:
        tally_uses(transaction, {newest: 1})
        used_at = list_secrets(transaction, shop_id)[1].last_used_at
        with pytest.raises(StillUsed) as refused:
            refuse_if_used(transaction, shop_id, newest)
    assert f"signed a delivery at {used_at:%Y-%m-%d %H:%M} UTC, less than a day ago" in str(refused.value)
    assert "Remove that one" not in str(refused.value)
    opened(database, access_token="t")
    with database.writing() as transaction, pytest.raises(StillUsed, match="Remove that one"):
        refuse_if_used(transaction, shop_id, newest)


def test_a_present_client_secret_that_was_removed_marks_no_other_one_and_comes_back_by_either_way(
    database: Database,
) -> None:
    shop_id = opened(database, client_secret="old")
    opened(database, client_secret="new")
    with database.writing() as transaction:
        remove_secret(transaction, shop_id, list_secrets(transaction, shop_id)[1].id)
    assert present(database, shop_id) == []
    signed_by(database, shop_id, "new")
    assert present(database, shop_id) == ["new"]


def test_where_it_was_not_kept_which_is_present_the_newest_client_secret_is(database: Database) -> None:
    shop_id = opened(database, client_secret="old")
    opened(database, client_secret="new", webhook_secrets=["w"])
    signed_by(database, shop_id, "later")
    forget_which_is_present(database)
    assert present(database, shop_id) == ["new"]
    signed_by(database, shop_id, "new")
    opened(database, client_secret="old")
    assert present(database, shop_id) == ["old"]


def test_a_secret_that_was_added_and_then_opens_the_api_counts_as_a_client_secret(database: Database) -> None:
    shop_id = opened(database, access_token="t", webhook_secrets=["w"])
    opened(database, client_secret="w")
    assert sources(database, shop_id) == ["client_secret"]
    signed_by(database, shop_id, "w")
    assert sources(database, shop_id) == ["client_secret"]


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
