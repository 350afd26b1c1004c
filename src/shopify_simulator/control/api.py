"""The control API: reads everything that the simulation holds, and changes it.

It is the hand of tests and demos, no part of Shopify's; it asks for no password, so it belongs on loopback
alone, and `door.py` keeps web pages out. What never happens here: a secret in an answer.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shopify_simulator.admin.endpoints import endpoints_of
from shopify_simulator.control.admin import AdminControl
from shopify_simulator.control.answers import ERRORS, NotThere, answer, read
from shopify_simulator.control.door import Door
from shopify_simulator.control.edits import NewProduct, ProductEdit
from shopify_simulator.control.installation import InstallationControl
from shopify_simulator.control.stock import StockControl
from shopify_simulator.control.subscriptions import SubscriptionControl
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.truth import truth_of_product
from shopify_simulator.simulation import Simulation
from shopify_simulator.webhooks.deliveries import STATES
from shopify_simulator.webhooks.faults import Faults
from shopify_simulator.webhooks.signing import ROTATION_SECONDS

ROWS: Final = 100
Rate = Annotated[float, msgspec.Meta(gt=0, le=10_000)]


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _AnnounceWanted(_Wanted):
    ids: list[int] | None = None


class _OpenWanted(_Wanted):
    rate: Rate | None = None


class _LifeWanted(_Wanted):
    rate: Annotated[float, msgspec.Meta(ge=0, le=10_000)]
    changes: Annotated[int, msgspec.Meta(ge=0)] | None = None
    stock: float = 0.0
    locations: list[int] | None = None
    kinds: list[str] | None = None


class _FaultsWanted(_Wanted):
    seed: int | UnsetType = UNSET
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    id_only: float = 0.0
    delay_seconds: float | UnsetType = UNSET
    reorder_window: int | UnsetType = UNSET
    reorder_seconds: float | UnsetType = UNSET


class _SecretWanted(_Wanted):
    secret: Annotated[str, msgspec.Meta(min_length=1)]
    seconds: Annotated[float, msgspec.Meta(ge=0)] = ROTATION_SECONDS


class Control:
    """The handlers, each over one simulation. What may wait for the shop's lock runs in a thread."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._shop = simulation.shop
        self.admin = AdminControl(simulation.admin, simulation.app)
        self.installation = InstallationControl(simulation.app)
        self.stock = StockControl(simulation.shop)
        self.subscriptions = SubscriptionControl(simulation)

    async def health(self, request: Request) -> Response:
        return answer({"domain": self._shop.domain})

    async def truth(self, request: Request) -> Response:
        """`stock=0`: without locations, items and levels."""
        stock = request.query_params.get("stock") != "0"
        return await run_in_threadpool(lambda: answer(self._simulation.truth(stock=stock)))

    async def status(self, request: Request) -> Response:
        return await run_in_threadpool(lambda: answer(self._simulation.status()))

    async def deliveries(self, request: Request) -> Response:
        """`limit` (100) of the newest, all or those in one `state`."""
        limit = int(request.query_params.get("limit", ROWS))
        wanted = request.query_params.get("state")
        state = next((state for state in STATES if state == wanted), None)
        if limit < 1 or (wanted is not None and state is None):
            raise ValueError(f"limit is a positive number, state is one of {', '.join(STATES)}")
        rows = self._simulation.deliveries.rows
        return await run_in_threadpool(lambda: answer(rows(limit=limit, state=state)))

    async def product(self, request: Request) -> Response:
        return answer(truth_of_product(self._shop.get(request.path_params["id"])))

    async def create(self, request: Request) -> Response:
        wanted = await read(request, NewProduct)

        def create() -> Product:
            # One lock around both, or another product takes the free handle in between.
            with self._shop.lock:
                return self._shop.create(wanted.make(self._shop))

        return answer(truth_of_product(await run_in_threadpool(create)), 201)

    async def edit(self, request: Request) -> Response:
        wanted = await read(request, ProductEdit)
        product_id: int = request.path_params["id"]
        changed = await run_in_threadpool(self._shop.change, product_id, wanted.change(self._shop))
        return answer(truth_of_product(changed))

    async def delete(self, request: Request) -> Response:
        product_id: int = request.path_params["id"]
        await run_in_threadpool(self._shop.delete, product_id)
        return answer({"deleted": product_id})

    async def announce(self, request: Request) -> Response:
        wanted = await read(request, _AnnounceWanted)
        return answer({"announced": await run_in_threadpool(self._shop.announce, wanted.ids)})

    async def open(self, request: Request) -> Response:
        wanted = await read(request, _OpenWanted)
        return answer({"products": await run_in_threadpool(self._simulation.open, wanted.rate)})

    async def live(self, request: Request) -> Response:
        wanted = await read(request, _LifeWanted)

        def live() -> None:
            self._simulation.live(
                wanted.rate,
                wanted.changes,
                stock=wanted.stock,
                locations=wanted.locations,
                kinds=wanted.kinds,
            )

        await run_in_threadpool(live)
        return answer({"rate": wanted.rate, "changes": wanted.changes})

    async def faults(self, request: Request) -> Response:
        return answer(asdict(self._simulation.faults))

    async def set_faults(self, request: Request) -> Response:
        """What is not named does not happen; the seed and the reach stay as they are unless named."""
        wanted = msgspec.to_builtins(await read(request, _FaultsWanted))
        held = asdict(self._simulation.faults)
        self._simulation.faults = Faults(**{**held, **wanted})
        return await self.faults(request)

    async def flush(self, request: Request) -> Response:
        self._simulation.courier.flush()
        return answer({})

    async def rotate(self, request: Request) -> Response:
        wanted = await read(request, _SecretWanted)
        self._simulation.secrets.rotate(wanted.secret, wanted.seconds)
        return answer({"rotating": self._simulation.secrets.rotating})

    async def revoke_old(self, request: Request) -> Response:
        if not self._simulation.secrets.revoke_old():
            raise NotThere("no old secret")
        return answer({"rotating": False})


def routes_of(control: Control) -> list[Route]:
    """The table of addresses."""
    table: list[tuple[str, str, Callable[..., Any]]] = [
        ("GET", "/control/health", control.health),
        ("GET", "/control/truth", control.truth),
        ("GET", "/control/status", control.status),
        ("GET", "/control/deliveries", control.deliveries),
        ("POST", "/control/products", control.create),
        ("GET", "/control/products/{id:int}", control.product),
        ("PATCH", "/control/products/{id:int}", control.edit),
        ("DELETE", "/control/products/{id:int}", control.delete),
        ("POST", "/control/announce", control.announce),
        ("POST", "/control/open", control.open),
        ("POST", "/control/life", control.live),
        ("GET", "/control/faults", control.faults),
        ("POST", "/control/faults", control.set_faults),
        ("POST", "/control/flush", control.flush),
        ("POST", "/control/secrets", control.rotate),
        ("DELETE", "/control/secrets/old", control.revoke_old),
        *control.stock.table(),
        *control.subscriptions.table(),
        *control.installation.table(),
        *control.admin.table(),
    ]
    return [Route(path, handler, methods=[method]) for method, path, handler in table]


def control_app(simulation: Simulation, *, any_host: bool = False) -> Starlette:
    """An ASGI app that serves this simulation's Admin API, and controls it.

    `any_host`: it answers under names other than loopback's.
    """
    return Starlette(
        routes=[*routes_of(Control(simulation)), *endpoints_of(simulation.admin)],
        middleware=[Middleware(Door, any_host=any_host)],
        exception_handlers=ERRORS,
    )
