"""What a resource is to the stations: one frozen object with data and plain functions.

Stations hold mechanism; a resource holds policy. Everything that lists resources (sorting, the CLI's
choices, the law tests) derives from `registry.RESOURCES`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Table

from backroom.erp.agreement import Agree
from backroom.erp.ghosts import FindGhosts, LayGhosts
from backroom.erp.standing import FindUnbacked
from backroom.erp.writer import Cause, ErpWriter
from backroom.vocabulary.ids import ResourceKey
from backroom.vocabulary.selection import Selection


class Action(StrEnum):
    """What a topic's delivery does."""

    UPSERT = "upsert"
    DELETE = "delete"
    REFETCH = "refetch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What sorting reads of a body. `updated_at` None: no version, so it only wants a refetch."""

    key: ResourceKey
    updated_at: datetime | None
    partial: bool
    lookups: dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A decoded snapshot on its way into the ERP tables, and what brought it."""

    key: ResourceKey
    snapshot: Any
    partial: bool
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A resource that Shopify says is gone."""

    key: ResourceKey
    cause: Cause


@dataclass(frozen=True, slots=True)
class Ghosts:
    """See `erp.ghosts`."""

    find: FindGhosts
    lay: LayGhosts


@dataclass(frozen=True, slots=True)
class Totals:
    """Where totals are told: a cache, and what reads them of its webhooks' bodies.

    {first id of the resource's keys: total}. Raises Terminal.
    """

    cache: Table
    read: Callable[[bytes], Mapping[int, int]]


def _as_it_is(snapshot: Any) -> Any:
    return snapshot


def _none(_snapshot: Any) -> Collection[int]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of thing that Shopify keeps.

    `selection`: what is asked of Shopify for it. `decode` has a function for each shape of its bodies: `rest`
    (webhooks) and `graphql` (pulls). `identify`, `identify_fetched`, `key_of` and each `decode` raise
    Terminal with a reason for people where a body, or a gid, can't be read. `gid_of`: what Shopify is asked
    by for one. `unbacked` finds active ERP rows that no cache row stands behind.
    `mapper_version` changes whenever decode or write would make other rows of the same body.

    The others have what most resources need:
    `along`: plurals of what `sync` fetches along with it, and before.
    `split`: what is pulled -> the resources in it, (key, body) each; a null key can't be read. It raises
    Terminal as the others do. None: what is pulled is one resource.
    `shared`: a snapshot without what only one of the two shapes carries. `pulls_more`: the pulled one.
    `parts`: the ids of what a snapshot has below it, each of which is of one such resource.
    `agree`: brings other rows of the cache in line with what a batch has written.
    `levels`: another resource's cache, whose rows' first id is of this one. They are asked for again where
    this one is back (`ErpWriter.returned_items`).
    `reconnects`: it comes and goes under one key, and its webhooks say when (law 4).
    `totals`: another resource's bodies that tell sums of this one, which they never write.
    `ghosts`: rows of its that lead to no resource at all, how they are found and laid.
    `deletion_subject`: what Shopify calls it where it tells what was deleted; null where it does not tell.
    """

    name: str
    plural: str
    scopes: tuple[str, ...]
    topics: Mapping[str, Action]
    cache: Table
    mapper_version: int
    identify: Callable[[str, bytes], Head]
    identify_fetched: Callable[[bytes], Head]
    selection: Selection
    gid_of: Callable[[ResourceKey], str]
    key_of: Callable[[str], ResourceKey]
    decode: Mapping[str, Callable[[bytes], Any]]
    write: Callable[[ErpWriter, Sequence[Arrival]], None]
    remove: Callable[[ErpWriter, Sequence[Departure]], None]
    unbacked: FindUnbacked
    along: tuple[str, ...] = ()
    split: Callable[[bytes], Sequence[tuple[ResourceKey | None, bytes]]] | None = None
    shared: Callable[[Any], Any] = _as_it_is
    pulls_more: bool = False
    parts: Callable[[Any], Collection[int]] = _none
    agree: Agree | None = None
    levels: Table | None = None
    reconnects: bool = False
    totals: Totals | None = None
    ghosts: Ghosts | None = None
    deletion_subject: str | None = None
