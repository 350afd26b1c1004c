"""Topics that are about the app, not about a resource: what a delivery of each does, in the sorting batch.

Enters: one delivery, and the transaction that sorts it. Leaves: the shop's row, runs that stop, and a check
that is queued. What never happens here: a call to Shopify. A body that can not be read is Terminal: its
delivery is parked.

Source: shopify.dev/docs/api/webhooks (2026-10), app/uninstalled and app/scopes_update.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec
from sqlalchemy import select

from backroom.db.database import Transaction
from backroom.flow.sort import Notice, Pending
from backroom.jobs.connection import disconnect
from backroom.jobs.registration import KIND as WEBHOOKS
from backroom.jobs.registration import new_check
from backroom.jobs.requests import AlreadyRunning, Disconnected, queue_run
from backroom.jobs.tables import sync_run
from backroom.observe.log import get_log
from backroom.resources.registry import RESOURCES
from backroom.shopify.access import missing_scopes
from backroom.shops.connection import keep_scopes
from backroom.shops.tables import shop, shop_credential
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ShopId

T = TypeVar("T")


class _Scopes(msgspec.Struct):
    current: list[str]


def uninstalled(transaction: Transaction, shop_id: ShopId, delivery: Pending) -> None:
    """The shop is disconnected, unless this is a late word from before it was opened anew.

    Shopify's clock against ours, and no margin: seconds matter only to who uninstalls the app within seconds
    of installing it, and either mistake is shown, and mended by `shop test`.
    """
    _read(delivery.body, dict[str, msgspec.Raw], "app/uninstalled")
    c = shop_credential.c
    opened_at = transaction.execute(select(c.updated_at).where(c.shop_id == shop_id)).scalar_one_or_none()
    log = get_log("jobs").bind(shop=shop_id)
    if opened_at is not None and (delivery.triggered_at or delivery.received_at) < opened_at:
        log.info("app.uninstalled_before", reason="the shop was opened anew since")
    elif disconnect(transaction, shop_id):
        log.warning("app.uninstalled")


def scopes_updated(transaction: Transaction, shop_id: ShopId, delivery: Pending) -> None:
    """What the app may do now. A late word is put right by the next run, which asks."""
    granted = _read(delivery.body, _Scopes, "app/scopes_update").current
    wanted = {scope for resource in RESOURCES for scope in resource.scopes}
    lacked = missing_scopes(_granted_before(transaction, shop_id), wanted)
    keep_scopes(transaction, shop_id, granted)
    missing = missing_scopes(granted, wanted)
    log = get_log("jobs").bind(shop=shop_id)
    if missing:
        log.warning("app.scopes_missing", missing=", ".join(missing))
    if (gained := set(lacked) - set(missing)) and _was_checked(transaction, shop_id):
        # Or the topics of these would be subscribed at the next schedule only.
        with suppress(AlreadyRunning, Disconnected):
            queue_run(transaction, new_check(shop_id, "the shop, which granted scopes"))
            log.info("app.scopes_gained", gained=", ".join(sorted(gained)))


def _granted_before(transaction: Transaction, shop_id: ShopId) -> Collection[str]:
    known = select(shop.c.granted_scopes).where(shop.c.id == shop_id)
    scopes: list[str] | None = transaction.execute(known).scalar_one()
    return scopes or ()


def _was_checked(transaction: Transaction, shop_id: ShopId) -> bool:
    """A shop whose webhooks were never checked may have nobody who wants them to be."""
    c = sync_run.c
    check = select(c.id).where(c.shop_id == shop_id, c.kind == WEBHOOKS).limit(1)
    return transaction.execute(check).first() is not None


def _read(body: bytes, kind: type[T], topic: str) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Terminal(f"the body of {topic} can not be read: {error}") from error


NOTICES: Final[Mapping[str, Notice]] = MappingProxyType(
    {"app/uninstalled": uninstalled, "app/scopes_update": scopes_updated}
)
