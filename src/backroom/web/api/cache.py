"""GET /cache/{resource}/{id}: what is held of a resource, and the deliveries that were about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from backroom.cache.reader import CachedResource, read_cached, read_key
from backroom.db.database import Database
from backroom.ingress.deliveries import DeliveryMention, history_of
from backroom.resources.descriptor import Resource
from backroom.vocabulary.errors import Unknown
from backroom.web.api.asked import NO_NUL, ShopDomain, answer, domain_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """The cache row, and the latest 50 deliveries about it, newest first."""

    cached: CachedResource
    history: list[DeliveryMention]


def router(database: Database, resources: Sequence[Resource]) -> APIRouter:
    """Routes over the raw cache."""
    routes = APIRouter(tags=["deliveries"])

    @routes.get("/cache/{resource}/{id}", response_model=CacheEntry)
    def show_cached(
        resource: Annotated[str, Path(pattern=NO_NUL, description="product, or products")],
        id: Annotated[str, Path(pattern=NO_NUL, description="Shopify's id; NUMBER:NUMBER for a level")],
        shop: ShopDomain = None,
    ) -> Response:
        """The raw body that is held, its version, how far it was processed, and its history."""
        known = _named(resources, resource)
        key = read_key(known.cache, id)
        with database.reading() as transaction:
            cached = read_cached(transaction, known.cache, key, domain_of(shop))
            history = history_of(transaction, cached.shop_id, known.name, cached.id)
        return answer(CacheEntry(cached=cached, history=history))

    return routes


def _named(resources: Sequence[Resource], name: str) -> Resource:
    for resource in resources:
        if name in (resource.name, resource.plural):
            return resource
    raise Unknown(f"no such resource: {name[:60]} (there are {', '.join(each.plural for each in resources)})")
