"""`webhooks`: the subscriptions that tell us of a shop: as they should be, as they are, and made so."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from backroom.cli.legible import printable
from backroom.cli.output import AsJson, say, show
from backroom.cli.paging import ShopOption
from backroom.cli.queueing import queue_all, say_whether_anybody_works
from backroom.cli.runs import OUR_SHOPS
from backroom.settings import read_settings
from backroom.vocabulary.errors import BackroomError, Misuse

if TYPE_CHECKING:
    from backroom.compose import House
    from backroom.db.database import Database, Transaction
    from backroom.jobs.requests import NewRun
    from backroom.registration.plan import Line
    from backroom.shops.shops import Shop

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A line of `webhooks plan`. `address`: where it leads now. `apply`: what `webhooks apply` would do."""

    shop: str
    topic: str
    state: str
    address: str | None
    apply: str | None
    note: str

    @classmethod
    def of(cls, shop: str, line: "Line") -> "Planned":
        return cls(
            shop=shop,
            topic=line.topic,
            state=line.state,
            address=line.uri,
            apply=line.act,
            note=line.note,
        )

    def shown(self, ours: str) -> "Planned":
        """For the table: of an address only that it is not `ours`."""
        note = self.note
        if self.address not in (None, ours):
            note = f"leads to {self.address}" if self.state == "address" else f"{note} ({self.address})"
        return replace(self, shop=self.shop.removesuffix(OUR_SHOPS), note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A line of `webhooks list`: a subscription that Shopify holds."""

    shop: str
    id: str
    topic: str
    address: str
    name: str | None
    api_version: str

    def shown(self, ours: str | None) -> "Held":
        """For the table: of what is ours only that it is."""
        from backroom.registration.desired import OURS

        return replace(
            self,
            shop=self.shop.removesuffix(OUR_SHOPS),
            address="ours" if self.address == ours else self.address,
            name="ours" if (self.name or "").startswith(OURS) else self.name,
        )


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="The webhook subscriptions of the shops.", no_args_is_help=True)
    group.command("plan")(plan_)
    group.command("apply")(apply_)
    group.command("list")(list_)
    app.add_typer(group, name="webhooks")


def plan_(shop: ShopOption = None, as_json: AsJson = False) -> None:
    """Show which subscriptions should be there, which are, and what `apply` would do. Asks Shopify.

    Nothing changes. The exit code is 1 where something is to be mended, here or by a person.
    """
    from backroom import compose
    from backroom.registration.desired import address_of

    settings = read_settings()
    ours = address_of(settings.public_url)
    with compose.open_house(settings) as house:
        found, failed = _of_each(house, shop, lambda each: _planned(house, each))
    rows = [Planned.of(domain, line) for domain, line in found]
    shown = rows if as_json else [row.shown(ours) for row in rows]
    without = {"address", *_alone(row.shop for row in rows)}
    show(shown, Planned, as_json=as_json, empty="nothing is planned", without=without)
    if failed or not all(line.is_right for _, line in found):
        raise typer.Exit(1)


def apply_(
    shop: ShopOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show how it goes, until it is over.")] = False,
) -> None:
    """Make the subscriptions as they should be, and have what was missed meanwhile fetched.

    Prints one line a run; the workers carry the runs. With --wait, and by `runs show`, it is said what was
    mended, and which run fetches what was missed.
    """
    from backroom import compose
    from backroom.cli.watching import watch
    from backroom.registration.desired import address_of

    with compose.open_house(read_settings()) as house:
        address_of(house.settings.public_url)
        with house.database.writing() as transaction:
            run_ids, refusals = queue_all(transaction, _checks(transaction, shop))
        succeeded = watch(house.database, run_ids) if wait else True
        if wait:
            _say_what_was_mended(house.database, run_ids)
        say_whether_anybody_works(house.database)
    if refusals or not succeeded:
        raise typer.Exit(1)


def list_(shop: ShopOption = None, as_json: AsJson = False) -> None:
    """List the app's subscriptions as Shopify holds them. Those of its own configuration are not told."""
    from backroom import compose
    from backroom.registration.desired import address_of

    settings = read_settings()
    ours = None if settings.public_url is None else address_of(settings.public_url)
    with compose.open_house(settings) as house:
        rows, failed = _of_each(house, shop, lambda each: _held(house, each))
    shown = rows if as_json else [row.shown(ours) for row in rows]
    empty = "Shopify holds no subscriptions of this app"
    show(shown, Held, as_json=as_json, empty=empty, without=_alone(row.shop for row in rows))
    if failed:
        raise typer.Exit(1)


def _alone(shops: Iterable[str]) -> set[str]:
    """The column of the shop, where all lines are of one."""
    return set() if len(set(shops)) > 1 else {"shop"}


def _say_what_was_mended(database: "Database", run_ids: list[int]) -> None:
    from backroom.jobs.runs import read_run

    with database.reading() as transaction:
        runs = [read_run(transaction, run_id) for run_id in run_ids]
    for run in runs:
        for sample in run.samples:
            say(f"{run.shop}: {printable(sample.id)}: {printable(sample.reason)}")


def _of_each(
    house: "House", domain: str | None, ask: "Callable[[Shop], Iterator[T]]"
) -> tuple[list[T], bool]:
    """What was found of each shop, and whether one of several could not be asked; says on stderr why."""
    from backroom.jobs.requests import Disconnected
    from backroom.jobs.syncs import shops_to_sync
    from backroom.shops.connection import disconnected

    found: list[T] = []
    failed = False
    with house.database.reading() as transaction:
        shops = shops_to_sync(transaction, domain)
        away = {each.id: disconnected(transaction, each.id) for each in shops}
    for each in shops:
        try:
            if (reason := away[each.id]) is not None:
                raise Disconnected(reason)
            found += ask(each)
        except Misuse:
            raise
        except BackroomError as error:
            if len(shops) == 1:
                raise
            failed = True
            typer.echo(f"backroom: {error}", err=True)
    return found, failed


def _planned(house: "House", shop: "Shop") -> "Iterator[tuple[str, Line]]":
    from backroom import compose
    from backroom.registration.desired import desired
    from backroom.registration.looking import look
    from backroom.resources.registry import RESOURCES
    from backroom.shopify.access import ask_shop

    wanted = desired(RESOURCES, house.settings.public_url)
    client = compose.client_of(house, shop.id)
    _, lines = look(house.database, client, shop.id, wanted, ask_shop(client).scopes)
    return ((shop.domain, line) for line in lines)


def _held(house: "House", shop: "Shop") -> Iterator[Held]:
    from backroom import compose
    from backroom.shopify.subscriptions import list_subscriptions

    for each in list_subscriptions(compose.client_of(house, shop.id)):
        yield Held(
            shop=shop.domain,
            id=each.id.rpartition("/")[2],
            topic=each.topic,
            address=each.uri,
            name=each.name,
            api_version=each.api_version,
        )


def _checks(transaction: "Transaction", shop: str | None) -> "Iterator[tuple[str, NewRun, str]]":
    from backroom.jobs.registration import new_check
    from backroom.jobs.syncs import shops_to_sync

    for each in shops_to_sync(transaction, shop):
        yield each.domain, new_check(each.id, "command line"), "check"
