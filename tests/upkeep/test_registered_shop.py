"""All of it with real processes: subscriptions come by themselves and are lost, the app goes and is back."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from backroom.jobs.runs import Run, RunFilter, read_runs
from backroom.jobs.schedules import WEBHOOKS, set_schedule
from backroom.shops.tables import shop as shop_table
from tests.conftest import drop_schemas
from tests.crash.served import Served
from tests.pull.pulled_shop import PulledShop, a_pulled_shop
from tests.pull.truth import assert_true, differences, truth_of
from tests.upkeep.registering import TOPICS
from tests.waiting import eventually


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def served(
    database_url: str, schema: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """A Backroom that knows where it is reached."""
    port = a_free_port()
    monkeypatch.setenv("BACKROOM_PUBLIC_URL", f"http://127.0.0.1:{port}")
    program = Served(database_url, schema, tmp_path / "home")
    program.start("--port", str(port))
    yield program
    program.kill()
    drop_schemas(program.database)
    program.database.dispose()


def subscribed(shop: PulledShop) -> bool:
    return len(shop.simulation.subscriptions.of_api()) == len(TOPICS)


def runs(shop: PulledShop) -> list[Run]:
    with shop.served.database.reading() as transaction:
        return read_runs(transaction, RunFilter(shop=shop.domain), None, 100).items


def filled(shop: PulledShop, after: int) -> Run | None:
    """The newest run that filled a gap, once it is over."""
    found = [run for run in runs(shop) if run.id > after and "reason" in run.options and run.is_over]
    return found[0] if found else None


def disconnected(shop: PulledShop) -> bool:
    with shop.served.database.reading() as transaction:
        query = select(shop_table.c.disconnected_at).where(shop_table.c.domain == shop.domain)
        return transaction.execute(query).scalar_one() is not None


def check_each_second(shop: PulledShop) -> None:
    with shop.served.database.writing() as transaction:
        set_schedule(transaction, shop.shop_id(), WEBHOOKS, every_seconds=1)


def newest(shop: PulledShop) -> int:
    return max(run.id for run in runs(shop))


def test_subscriptions_that_are_lost_and_an_app_that_goes_lose_nothing(served: Served) -> None:
    with a_pulled_shop(served, "registered", products=30, plan="plus") as shop:
        shop.sync(full=True)
        check_each_second(shop)
        eventually(lambda: subscribed(shop), "all is subscribed by itself", within=30)
        shop.live(60)
        shop.come_to_rest()
        assert_true(shop)

        before = newest(shop)
        assert len(shop.simulation.lose_subscriptions()) == len(TOPICS)
        shop.live(100, rate=1_000)
        assert differences(truth_of(shop), shop.held()) != [], "nobody told Backroom"
        eventually(lambda: subscribed(shop), "the schedule has mended it", within=30)
        run = eventually(lambda: filled(shop, before), "the gap is filled", within=60)
        assert run.state == "succeeded"
        assert run.mode == "incremental"
        shop.come_to_rest()
        assert_true(shop)

        before = newest(shop)
        shop.simulation.app.uninstall()
        eventually(lambda: disconnected(shop), "it heard of the uninstall", within=30)
        shop.live(100, rate=1_000)
        refused = served.tried("sync", "products", "--shop", shop.domain)
        assert refused.returncode == 1
        assert "the app was uninstalled from" in refused.stderr
        shop.simulation.app.reinstall()
        served.command("shop", "test", shop.domain)
        eventually(lambda: subscribed(shop), "subscribed once more", within=30)
        run = eventually(lambda: filled(shop, before), "the outage is fetched", within=60)
        assert run.state == "succeeded"
        shop.come_to_rest()
        assert_true(shop)
        assert not disconnected(shop)
        assert served.complaints() == []
