"""The simulated shop: a process, its control API over HTTP, and its Admin API at the same address.

Enters: what should happen in the shop. Leaves: its counters, its truth, its deliveries. What never happens
here: an import of it; what can be asked of it stands in its own documentation.
"""

from collections.abc import Mapping
from typing import Any, Final

from backroom.demo.child import Child
from backroom.demo.door import Door
from backroom.demo.home import Home
from backroom.demo.patience import Patience
from backroom.vocabulary.errors import Misuse

NAME: Final = "the simulated shop"
START_SECONDS: Final = 30.0
CLIENT_ID: Final = "backroom-demo"
TIME_SCALE: Final = 3600
"""Shopify's retries take four hours; here they take four seconds."""
NEWEST: Final = 1_000
"""Deliveries that are looked at."""
EXPORT_SECONDS: Final = 1
"""What a bulk operation takes at least: the shop changes while its catalogue is written."""
TOPICS: Final = tuple(
    f"{kind}/{happening}"
    for kind, happenings in (
        ("products", ("create", "update", "delete")),
        ("locations", ("create", "update", "activate", "deactivate", "delete")),
        ("inventory_items", ("create", "update", "delete")),
        ("inventory_levels", ("connect", "update", "disconnect")),
        ("bulk_operations", ("finish",)),
    )
    for happening in happenings
)

Json = dict[str, Any]


class Simulator:
    """A shop that is open for control."""

    def __init__(self, child: Child, address: str, patience: Patience) -> None:
        self.address = address
        self._child = child
        self._door = Door(child, address, patience)

    def last_words(self) -> str:
        """What it said last, after its name."""
        return f"{self._child.name}{self._child.last_words()}"

    def status(self) -> Json:
        """Its counters."""
        return dict(self._door.expect("GET", "/control/status").json)

    def asked(self) -> int:
        """How many questions its Admin API was asked."""
        return int(self._door.expect("GET", "/control/admin").json["counts"]["asked"])

    def truth(self) -> Json:
        """All that it holds, and how far each product's newest version was carried; of one moment."""
        return dict(self._door.expect("GET", "/control/truth").json)

    def deliveries(self) -> list[Json]:
        """The newest ones first, with their attempts and faults."""
        return list(self._door.expect("GET", f"/control/deliveries?limit={NEWEST}").json)

    def deliver_to(self, address: str) -> None:
        """Its webhooks go there from now on."""
        for topic in TOPICS:
            self._door.expect("POST", "/control/subscriptions", {"topic": topic, "uri": address})

    def set_faults(self, faults: Mapping[str, float]) -> None:
        """Raises Misuse, in the simulator's words, for faults that it doesn't know."""
        answer = self._door.ask("POST", "/control/faults", faults)
        if answer.status == 400:
            raise Misuse(f"--faults: {answer.json['error']}")

    def faults(self) -> Json:
        """What goes wrong now, how far it reaches, and the seed: all that `set_faults` takes."""
        return dict(self._door.expect("GET", "/control/faults").json)

    def edit(self, product_id: int, fields: Mapping[str, Any]) -> None:
        """A merchant's edit, in the truth's words."""
        self._door.expect("PATCH", f"/control/products/{product_id}", fields)

    def delete(self, product_id: int) -> None:
        self._door.expect("DELETE", f"/control/products/{product_id}")

    def edit_item(self, item_id: int, **fields: Any) -> None:
        """A merchant's edit of an inventory item, in the truth's words."""
        self._door.expect("PATCH", f"/control/inventory_items/{item_id}", fields)

    def move(self, deed: str, item_id: int, location_id: int, **more: int) -> None:
        """Something happens to a level: `set`, `transfer`, `disconnect` ..., with what that needs."""
        level = {"inventory_item_id": item_id, "location_id": location_id}
        self._door.expect("POST", f"/control/inventory_levels/{deed}", {**level, **more})

    def rename_location(self, location_id: int, name: str) -> None:
        self._door.expect("PATCH", f"/control/locations/{location_id}", {"name": name})

    def close_location(self, location_id: int) -> None:
        """With all that lies there, until it is opened again."""
        self._door.expect("POST", f"/control/locations/{location_id}/deactivate", {})

    def live(self, rate: float, *, stock: float = 0.0) -> None:
        """So many changes a second from now on, a share of them of stock; 0 stops."""
        self._door.expect("POST", "/control/life", {"rate": rate, "stock": stock})

    def flush(self) -> None:
        """Sends at once what faults hold back."""
        self._door.expect("POST", "/control/flush", {})


def start_simulator(
    patience: Patience, home: Home, *, domain: str, products: int, seed: int, secret: str
) -> Child:
    """Starts it; `patience` watches it from now on. The secret of `CLIENT_ID` signs, and gets tokens."""
    options = {
        "domain": domain,
        "products": products,
        "seed": seed,
        "time-scale": TIME_SCALE,
        "client-id": CLIENT_ID,
        "bulk-seconds": EXPORT_SECONDS,
        "port": 0,
    }
    child = Child(
        NAME,
        ["shopify_simulator", "--secret-stdin", *(f"--{name}={value}" for name, value in options.items())],
        environment=home.environment(),
        log=home.folder / "simulator.log",
        stdin=secret.encode(),
    )
    patience.watched.append(child.check)
    return child


def reach_simulator(patience: Patience, child: Child) -> Simulator:
    """Waits until it says where it is."""
    address = patience.until(lambda: _address(child), f"{NAME} says where it is", START_SECONDS)
    return Simulator(child, address, patience)


def _address(child: Child) -> str | None:
    for line in child.lines():
        if line.startswith("simulating ") and " on http://" in line:
            return line.rpartition(" on ")[2].strip()
    return None
