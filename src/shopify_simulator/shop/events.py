"""What the shop tells its listeners: a topic, whom it is about, and the body frozen at that moment."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    `triggered_at` is in UTC with microseconds, and strictly increasing per shop. `id_only` is the body as
    Shopify shortens it where it is too large. `partial`: the body does not cover the whole resource.
    """

    event_id: str
    topic: str
    resource_id: int
    body: bytes
    id_only: bytes
    triggered_at: datetime
    partial: bool
