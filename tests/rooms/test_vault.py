import pytest

from backroom.shops.vault import Unreadable, Vault
from backroom.vocabulary.ids import ShopId

OLD, NEW = "o" * 32, "n" * 32


def test_what_goes_in_comes_out_and_is_not_seen_in_between() -> None:
    vault = Vault([NEW])
    ciphertext = vault.encrypt("hush ☂")
    assert b"hush" not in ciphertext
    assert vault.decrypt(ciphertext) == "hush ☂"


def test_an_old_key_still_opens_while_the_new_one_encrypts() -> None:
    old = Vault([OLD]).encrypt("hush")
    both = Vault([NEW, OLD])
    assert both.decrypt(old) == "hush"
    assert Vault([NEW]).decrypt(both.encrypt("hush")) == "hush"


def test_without_the_key_it_stays_shut_and_the_error_says_nothing() -> None:
    ciphertext = Vault([OLD]).encrypt("hush")
    with pytest.raises(Unreadable) as error:
        Vault([NEW]).decrypt(ciphertext)
    assert error.value.__cause__ is None
    with pytest.raises(Unreadable):
        Vault([OLD]).decrypt(b"no token at all")


def test_a_fingerprint_tells_secrets_apart_and_shops_too() -> None:
    vault = Vault([NEW])
    prints = {
        vault.fingerprint(ShopId(1), "a"),
        vault.fingerprint(ShopId(1), "b"),
        vault.fingerprint(ShopId(2), "a"),
        Vault([OLD]).fingerprint(ShopId(1), "a"),
    }
    assert len(prints) == 4
    assert all(len(text) == 12 for text in prints)
    assert vault.fingerprint(ShopId(1), "a") in prints


def test_the_vault_shows_no_key() -> None:
    assert NEW not in repr(Vault([NEW])) + str(vars(Vault([NEW])))
