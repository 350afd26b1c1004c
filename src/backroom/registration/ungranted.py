"""Scopes that a shop does not grant, what they are needed for, and which of it the shop goes without.

Enters: what is granted. Leaves: words for people, and topics that are no error to lack. Reads only.

A shop may go without a resource for good: an app that was never granted its scope, and has never fetched
any of it, lacks nothing. What was fetched once is missed.
"""

from collections.abc import Iterable, Mapping

from backroom.cache.watermarks import read_watermark
from backroom.db.database import Transaction
from backroom.registration.plan import Line
from backroom.resources.descriptor import Resource
from backroom.shopify.access import missing_scopes
from backroom.vocabulary.ids import ShopId


def lacking(resources: Iterable[Resource], granted: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """{scope that is not granted: plurals of the resources that need it}"""
    has = tuple(granted)
    found: dict[str, tuple[str, ...]] = {}
    for resource in resources:
        for scope in missing_scopes(has, resource.scopes):
            found[scope] = (*found.get(scope, ()), resource.plural)
    return found


def in_words(lacked: Mapping[str, Iterable[str]]) -> str:
    """`read_locations (for locations), read_inventory (for inventory_items, inventory)`"""
    return ", ".join(f"{scope} (for {', '.join(plurals)})" for scope, plurals in lacked.items())


def gone_without(transaction: Transaction, shop_id: ShopId, lines: Iterable[Line]) -> dict[str, list[Line]]:
    """{plural: its lines, which wait for a scope}, of resources that were never fetched.

    Nothing where all resources wait for theirs: an app that may see nothing is not as it should be.
    """
    ours: dict[str, list[Line]] = {}
    for line in lines:
        if line.wanted is not None and line.wanted.resource is not None:
            ours.setdefault(line.wanted.resource, []).append(line)
    waiting = {plural: [each for each in of if each.state == "scope"] for plural, of in ours.items()}
    if all(len(waiting[plural]) == len(of) for plural, of in ours.items()):
        return {}
    return {
        plural: waits
        for plural, waits in waiting.items()
        if waits and read_watermark(transaction, shop_id, plural) is None
    }
