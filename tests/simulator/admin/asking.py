"""A simulated shop whose Admin API is asked over real HTTP; its clocks stand still until they are moved."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from shopify_simulator.admin.faults import AdminFaults
from shopify_simulator.admin.writer import BulkWays
from shopify_simulator.control.api import control_app
from shopify_simulator.control.server import Server
from shopify_simulator.simulation import Simulation
from tests.simulator.shops import StandingClock
from tests.waiting import eventually

Json = dict[str, Any]
TOKEN = "shpat_fixed"
SECRET = "hush"
PATH = "/admin/api/2026-10/graphql.json"

PRODUCT = "id title handle status vendor productType tags updatedAt options { id name position values }"
VARIANT = (
    "id title sku barcode price compareAtPrice position"
    " selectedOptions { name value } inventoryItem { id } inventoryQuantity"
)
IMAGE = "id ... on MediaImage { image { url } }"
BULK = (
    f"{{ products {{ edges {{ node {{ {PRODUCT}"
    f" variants {{ edges {{ node {{ {VARIANT} }} }} }} media {{ edges {{ node {{ {IMAGE} }} }} }} }} }} }} }}"
)
PAGE = (
    "query ($first: Int!, $after: String, $query: String) {"
    " products(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {"
    f" pageInfo {{ hasNextPage endCursor }} nodes {{ {PRODUCT}"
    f" variants(first: 10) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {VARIANT} }} }}"
    f" media(first: 10) {{ nodes {{ {IMAGE} }} }} }} }} }}"
)
RUN = (
    "mutation ($text: String!) { bulkOperationRunQuery(query: $text)"
    " { bulkOperation { id status } userErrors { field message code } } }"
)
OPERATION = (
    "query ($id: ID!) { bulkOperation(id: $id) { id status errorCode createdAt completedAt objectCount"
    " rootObjectCount fileSize url partialDataUrl type query } }"
)


@dataclass
class Seconds:
    """Monotonic seconds that pass when told to."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Asking:
    """The shop, and a client that has its token."""

    simulation: Simulation
    client: httpx.Client
    clock: StandingClock
    seconds: Seconds
    headers: dict[str, str] = field(default_factory=lambda: {"X-Shopify-Access-Token": TOKEN})

    def post(self, query: str, /, **variables: Any) -> httpx.Response:
        return self.client.post(PATH, json={"query": query, "variables": variables}, headers=self.headers)

    def ask(self, query: str, /, **variables: Any) -> Json:
        """The whole answer."""
        response = self.post(query, **variables)
        assert response.status_code == 200, response.text
        return dict(response.json())

    def data(self, query: str, /, **variables: Any) -> Json:
        """The data of an answer without errors."""
        answer = self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return dict(answer["data"])

    def code(self, query: str, /, **variables: Any) -> str:
        """The code of the only error."""
        (error,) = self.ask(query, **variables)["errors"]
        return str(error["extensions"]["code"])

    def control(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        answer = self.client.request(method, f"/control{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def run_bulk(self, query: str = BULK) -> str:
        """The id of a bulk operation that was started."""
        answer = self.data(RUN, text=query)["bulkOperationRunQuery"]
        assert answer["userErrors"] == []
        return str(answer["bulkOperation"]["id"])

    def operation(self, identity: str) -> Json:
        return dict(self.data(OPERATION, id=identity)["bulkOperation"])

    def ended(self, identity: str) -> Json:
        """The operation, once it is over."""

        def over() -> Json | None:
            found = self.operation(identity)
            return None if found["status"] in ("CREATED", "RUNNING", "CANCELING") else found

        return eventually(over, "the bulk operation is over")

    def lines(self, address: str) -> list[Json]:
        """The objects of a bulk operation's file."""
        response = self.client.get(address)
        assert response.status_code == 200, response.text
        return [json.loads(line) for line in response.text.splitlines()]


@contextmanager
def asking(
    *,
    products: int = 5,
    locations: int = 3,
    faults: AdminFaults | None = None,
    bulk: BulkWays | None = None,
) -> Iterator[Asking]:
    clock, seconds = StandingClock(), Seconds()
    simulation = Simulation(
        secret=SECRET,
        products=products,
        locations=locations,
        clock=clock,
        access_token=TOKEN,
        admin_faults=faults,
        bulk=bulk,
        monotonic=seconds,
    )
    with (
        simulation,
        Server(control_app(simulation)) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client,
    ):
        yield Asking(simulation, client, clock, seconds)
