"""Heads of bodies, as the resources of stock read them: what is the same for each of them."""

from datetime import datetime

from backroom.resources.descriptor import Action, Head
from backroom.vocabulary.ids import ResourceKey


def webhook_head(
    action: Action,
    key: ResourceKey,
    updated_at: datetime | None,
    *,
    lacks_some: bool,
    lookups: dict[str, str | None],
) -> Head:
    """`lacks_some`: a key that the snapshot reads is missing (law 5).

    A deletion, and a body without a version, carries nothing that could be partial.
    """
    partial = lacks_some and updated_at is not None and action is not Action.DELETE
    return Head(key=key, updated_at=updated_at, partial=partial, lookups=lookups)
