"""What was deleted since an instant, by the shop's events: the change that no page by updated_at shows.

An event whose subject is there no more tells of it, whichever event it is: one of its creation as well. The
name of the action that deletes stands on no page, so none is looked at.

Source: the Admin GraphQL schema, 2026-10: events, which Shopify keeps for a year.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from backroom.shopify.answers import PageInfo, decoded
from backroom.shopify.client import Client
from backroom.shopify.documents import DELETIONS
from backroom.vocabulary.clock import format_instant
from backroom.vocabulary.errors import QueryRefused

PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletions:
    """What a page of events tells, the oldest first. `gids`: of what is gone; two pages may name the same."""

    gids: list[str]
    end_cursor: str | None
    has_next: bool


class _Event(msgspec.Struct, rename="camel"):
    """A comment has neither field. A subject that is not there is no subject that is null."""

    subject_id: str | None = None
    subject: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET


class _Connection(msgspec.Struct, rename="camel"):
    nodes: list[_Event]
    page_info: PageInfo


def read_deletions(client: Client, subject: str, *, since: datetime, after: str | None) -> Deletions:
    """`subject`: an EventSubjectType, as PRODUCT. Raises what `Client.ask` raises."""
    query = f"subject_type:{subject} created_at:>='{format_instant(since)}'"
    answer = client.ask(DELETIONS, {"first": PAGE, "after": after, "query": query})
    page = decoded(answer.data, dict[str, _Connection | None])["events"]
    if page is None:
        raise QueryRefused("Shopify answers nothing where it is asked for the shop's events")
    return Deletions(
        gids=list(dict.fromkeys(_gone(page.nodes))),
        end_cursor=page.page_info.end_cursor,
        has_next=page.page_info.has_next_page,
    )


def _gone(events: Sequence[_Event]) -> Iterator[str]:
    for event in events:
        if event.subject is None and event.subject_id is not None:
            yield event.subject_id
