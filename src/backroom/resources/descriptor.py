"""What a resource is to the stations: one frozen object with data and plain functions.

Stations hold mechanism; a resource holds policy. Everything that lists resources (sorting, the CLI's
choices, the law tests) derives from `registry.RESOURCES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Table

from backroom.erp.writer import Cause, ErpWriter
from backroom.vocabulary.ids import ResourceKey


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of thing that Shopify keeps.

    `identify` and each `decode` raise Terminal with a reason for people where a body can't be read.
    `mapper_version` changes whenever decode or write would make other rows of the same body.
    """

    name: str
    plural: str
    scopes: tuple[str, ...]
    topics: Mapping[str, Action]
    cache: Table
    mapper_version: int
    identify: Callable[[str, bytes], Head]
    decode: Mapping[str, Callable[[bytes], Any]]
    write: Callable[[ErpWriter, Sequence[Arrival]], None]
    remove: Callable[[ErpWriter, Sequence[Departure]], None]
