"""Stock by the control API: locations, inventory items and levels, in the truth's field names.

Forms enter, rows of the truth leave. What never happens here: a rule of Shopify's (`shop/` has them).
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from shopify_simulator.control.answers import NotThere, answer, read
from shopify_simulator.control.edits import Money, cents_of
from shopify_simulator.shop.items import Settings
from shopify_simulator.shop.level import Level
from shopify_simulator.shop.levels import Levels
from shopify_simulator.shop.location import Address, Location
from shopify_simulator.shop.shop import Shop
from shopify_simulator.shop.stock_truth import truth_of_item, truth_of_level, truth_of_location

Json = dict[str, Any]
Pieces = Annotated[int, msgspec.Meta(ge=1)]


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _AddressWanted(_Wanted):
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    zip: str | None = None
    province: str | None = None
    province_code: str | None = None
    country: str = "United States"
    country_code: str = "US"
    phone: str | None = None


class _LocationWanted(_Wanted):
    name: str | None = None
    address: _AddressWanted | None = None


class _ItemWanted(_Wanted):
    tracked: bool | UnsetType = UNSET
    requires_shipping: bool | UnsetType = UNSET
    cost: Money | None | UnsetType = UNSET
    country_code_of_origin: str | None | UnsetType = UNSET
    province_code_of_origin: str | None | UnsetType = UNSET
    harmonized_system_code: str | None | UnsetType = UNSET


class _LevelWanted(_Wanted):
    inventory_item_id: int
    location_id: int
    available: int | None = None
    pieces: Pieces = 1
    target: int = 0


def _transfer(levels: Levels, wanted: _LevelWanted) -> Level:
    levels.transfer(wanted.inventory_item_id, wanted.location_id, wanted.target, wanted.pieces)
    return levels.get(wanted.inventory_item_id, wanted.target)


DEEDS: Final[Mapping[str, Callable[[Levels, _LevelWanted], Level]]] = {
    "set": lambda levels, wanted: levels.set_available(
        wanted.inventory_item_id, wanted.location_id, wanted.available or 0
    ),
    "order": lambda levels, wanted: levels.order(wanted.inventory_item_id, wanted.location_id, wanted.pieces),
    "fulfil": lambda levels, wanted: levels.fulfil(
        wanted.inventory_item_id, wanted.location_id, wanted.pieces
    ),
    "restock": lambda levels, wanted: levels.restock(
        wanted.inventory_item_id, wanted.location_id, wanted.pieces
    ),
    "expect": lambda levels, wanted: levels.set_incoming(
        wanted.inventory_item_id, wanted.location_id, wanted.pieces
    ),
    "transfer": _transfer,
    "connect": lambda levels, wanted: levels.connect(
        wanted.inventory_item_id, wanted.location_id, wanted.available
    ),
    "disconnect": lambda levels, wanted: levels.disconnect(wanted.inventory_item_id, wanted.location_id),
    "reconnect": lambda levels, wanted: levels.reconnect(wanted.inventory_item_id, wanted.location_id),
}
"""What can be done with a level, by its word in the address."""


class StockControl:
    """The handlers. What may wait for the shop's lock runs in a thread."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def locations(self, request: Request) -> Response:
        return answer([truth_of_location(each) for each in self._shop.locations.all()])

    async def create(self, request: Request) -> Response:
        wanted = await read(request, _LocationWanted)
        made = await run_in_threadpool(
            self._shop.locations.create, wanted.name or "", _address(wanted.address)
        )
        return answer(truth_of_location(made), 201)

    async def edit(self, request: Request) -> Response:
        wanted = await read(request, _LocationWanted)

        def edit() -> Location:
            return self._shop.locations.change(
                request.path_params["id"], name=wanted.name, address=_address(wanted.address)
            )

        return answer(truth_of_location(await run_in_threadpool(edit)))

    async def activate(self, request: Request) -> Response:
        changed = await run_in_threadpool(self._shop.locations.activate, request.path_params["id"])
        return answer(truth_of_location(changed))

    async def deactivate(self, request: Request) -> Response:
        changed = await run_in_threadpool(self._shop.locations.deactivate, request.path_params["id"])
        return answer(truth_of_location(changed))

    async def delete(self, request: Request) -> Response:
        await run_in_threadpool(self._shop.locations.delete, request.path_params["id"])
        return answer({"deleted": request.path_params["id"]})

    async def item(self, request: Request) -> Response:
        return answer(await run_in_threadpool(self._row, request.path_params["id"]))

    async def edit_item(self, request: Request) -> Response:
        settings = _settings(await read(request, _ItemWanted))
        item_id: int = request.path_params["id"]
        await run_in_threadpool(lambda: self._shop.items.change(item_id, **settings))
        return await self.item(request)

    async def act(self, request: Request) -> Response:
        """Does with a level what the address says; answers its row, or the target's of a transfer."""
        deed = DEEDS.get(request.path_params["deed"])
        if deed is None:
            raise NotThere(f"what is done with a level is one of {', '.join(DEEDS)}")
        wanted = await read(request, _LevelWanted)

        def act() -> Json:
            with self._shop.lock:
                level = deed(self._shop.levels, wanted)
                tracked = self._shop.items.get(level.item_id).traits.tracked
                return truth_of_level(level, tracked=tracked)

        return answer(await run_in_threadpool(act))

    def _row(self, item_id: int) -> Json:
        """An item's row, with those of its levels."""
        with self._shop.lock:
            item = self._shop.items.get(item_id)
            levels = self._shop.levels.of(item_id)
        rows = [truth_of_level(each, tracked=item.traits.tracked) for each in levels]
        return {**truth_of_item(item), "levels": rows}

    def table(self) -> list[tuple[str, str, Callable[..., Any]]]:
        """Methods, addresses, handlers."""
        return [
            ("GET", "/control/locations", self.locations),
            ("POST", "/control/locations", self.create),
            ("PATCH", "/control/locations/{id:int}", self.edit),
            ("DELETE", "/control/locations/{id:int}", self.delete),
            ("POST", "/control/locations/{id:int}/activate", self.activate),
            ("POST", "/control/locations/{id:int}/deactivate", self.deactivate),
            ("GET", "/control/inventory_items/{id:int}", self.item),
            ("PATCH", "/control/inventory_items/{id:int}", self.edit_item),
            ("POST", "/control/inventory_levels/{deed}", self.act),
        ]


def _address(wanted: _AddressWanted | None) -> Address | None:
    return None if wanted is None else Address(**msgspec.structs.asdict(wanted))


def _settings(wanted: _ItemWanted) -> Settings:
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not UNSET}
    if "cost" in given:
        cost = given.pop("cost")
        given["cost_cents"] = None if cost is None else cents_of(cost)
    return msgspec.convert(given, Settings)
