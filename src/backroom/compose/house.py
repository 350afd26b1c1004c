"""What every part needs, opened and closed: settings, database, vault, and in time the door to Shopify.

Enters: the settings. Leaves: a `House`. What never happens here: a table that is changed unasked.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from backroom.db.database import Database, open_database
from backroom.observe.log import get_log, set_up_logging
from backroom.settings import Settings
from backroom.shops.vault import Vault
from backroom.vocabulary.errors import BackroomError
from backroom.vocabulary.ids import ShopId

if TYPE_CHECKING:
    from backroom.shopify.client import Client
    from backroom.shopify.door import Door

NO_TABLES: Final = "there are no tables yet"
_DOOR_MADE: Final = threading.Lock()
Tables = Literal["migrated", "current", "any"]
"""migrated: brought to this version first; current: else NotMigrated is raised; any: not looked at."""


class NotMigrated(BackroomError):
    """The database has not this version's tables."""


@dataclass(frozen=True, slots=True)
class House:
    """What every part needs: the settings, the database, and the vault that opens secrets.

    `doors` holds the door to Shopify, once somebody wanted it.
    """

    settings: Settings
    database: Database
    vault: Vault
    doors: "list[Door]" = field(default_factory=list, repr=False)


@contextmanager
def open_house(settings: Settings, *, tables: Tables = "current", stays: bool = False) -> Iterator[House]:
    """Opens the house and closes it again. `tables` says how the database's tables have to be.

    `stays`: a program whose log tells what it does. A command says that itself, and logs only warnings.
    """
    set_up_logging(settings.log, least=logging.INFO if stays else logging.WARNING)
    settings.make_home()
    vault = Vault(settings.secret_keys())
    database = open_database(settings.database_address, settings.database_schema)
    house = House(settings, database, vault)
    try:
        if tables == "migrated":
            migrate_database(database)
        elif tables == "current" and (reason := unmigrated(database)) is not None:
            raise NotMigrated(reason)
        yield house
    finally:
        for door in house.doors:
            door.close()
        database.dispose()


def migrate_database(database: Database) -> tuple[str | None, str]:
    """Brings the database to this version's tables: (before, after)."""
    from backroom.db.migrate import upgrade
    from backroom.erp.changes import restart_feed_after_restore

    before, after = upgrade(database)
    with database.writing() as transaction:
        if restart_feed_after_restore(transaction):
            get_log("db").warning("feed.restarted", reason="the database was restored from elsewhere")
    if before != after:
        get_log("db").info("database.migrated", before=before, after=after)
    return before, after


def unmigrated(database: Database) -> str | None:
    """Why the database is not at this version's tables, and what to do, or None. Raises as `missing`."""
    reason = missing(database)
    if reason is None:
        return None
    return f"{reason}: run `backroom db upgrade`{' or `backroom serve`' if reason == NO_TABLES else ''}"


def missing(database: Database) -> str | None:
    """What the database has not of this version's tables, or None.

    Raises StoreUnavailable where it is away, and NewerDatabase.
    """
    from backroom.db.migrate import current_revision, newest_revision, refuse_newer

    current, newest = current_revision(database), newest_revision()
    if current == newest:
        return None
    if current is None:
        return NO_TABLES
    refuse_newer(current)
    return f"the database is at {current}, this version needs {newest}"


def client_of(house: House, shop_id: ShopId, sleep: Callable[[float], object] = time.sleep) -> "Client":
    """The door to a shop's Shopify, one per process. Raises Unknown where there is no such shop.

    `sleep` is for the pauses that Shopify asks for, and may raise to end them; who is first decides.
    """
    # Only here: its HTTP client costs start-up time, and most commands never ask Shopify.
    from backroom.shopify.door import Door
    from backroom.shopify.patience import Timing

    with _DOOR_MADE:
        if not house.doors:
            timing = Timing(sleep=sleep)
            house.doors.append(Door(house.database, house.vault, house.settings.api_version, timing=timing))
    return house.doors[0].client(shop_id)
