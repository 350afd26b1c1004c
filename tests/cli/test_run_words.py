"""Runs in words: each kind of run has a name of its own, everywhere the same."""

from dataclasses import replace

import pytest

from backroom.cli.run_words import WORDS, called, differences, drift_listing, open_findings, things, what
from backroom.jobs.registry import JOBS
from tests.cli.test_bars import RUN


def test_all_kinds_of_runs_have_words() -> None:
    assert WORDS.keys() == JOBS.keys()
    assert len(set(WORDS.values())) == len(WORDS), "no two are called alike"


@pytest.mark.parametrize(
    ("kind", "resource", "mode", "listed", "named"),
    [
        ("sync", "products", "full", "full sync products", "full sync of products of D"),
        ("sync", "products", "incremental", "sync products", "sync of products of D"),
        ("refetch", "inventory", "wanted", "refetch inventory", "refetch of inventory of D"),
        ("webhooks", "webhooks", "check", "check webhooks", "check of webhooks of D"),
        ("reconcile", "products", "compare", "reconcile products", "reconcile of products of D"),
        ("reconcile", "products", "repair", "repair products", "repair of products of D"),
        ("reconcile", "products", "findings", "mending products", "mending of products of D"),
        ("retention", "history", "sweep", "sweep history", "sweep of history of D"),
    ],
)
def test_a_run_is_named_by_what_it_does(kind: str, resource: str, mode: str, listed: str, named: str) -> None:
    run = replace(RUN, kind=kind, resource=resource, mode=mode, shop="D")
    assert (called(run), what(run)) == (listed, named)


@pytest.mark.parametrize(
    ("resource", "number", "said"),
    [
        ("products", 1, "1 product"),
        ("inventory_items", 3_200, "3,200 inventory items"),
        ("inventory", 1, "1 level"),
        ("inventory", 2, "2 levels"),
    ],
)
def test_so_many_of_a_resource_are_said_in_words(resource: str, number: int, said: str) -> None:
    assert things(resource, number) == said


def test_differences_say_what_they_are_of() -> None:
    assert differences(replace(RUN, resource="inventory", drifted=1, in_flight=2)) == (
        "1 level drifted, 2 in flight"
    )
    assert differences(RUN) is None


@pytest.mark.parametrize(
    ("drifted", "repaired", "number", "said"),
    [
        (1, 0, 2, "2 findings are open (of 1 product)"),
        (3, 2, 1, "1 finding is open (of 1 product)"),
        (2, 2, 2, "2 findings are open"),
        (3, 0, 2, "2 findings are open"),
    ],
)
def test_what_is_open_is_said_of_as_many_resources_as_drifted(
    drifted: int, repaired: int, number: int, said: str
) -> None:
    run = replace(RUN, kind="reconcile", mode="repair", drifted=drifted, repaired=repaired)
    assert open_findings(run, number) == said


@pytest.mark.parametrize(
    ("mode", "drifted", "repaired", "listing"),
    [
        ("compare", 0, 0, None),
        ("compare", 3, 0, "backroom drift list --shop D --resource products"),
        ("repair", 3, 3, "backroom drift list --shop D --resource products --state all"),
        ("findings", 0, 0, "backroom drift list --shop D --resource products"),
    ],
)
def test_a_reconcile_names_where_its_findings_are(
    mode: str, drifted: int, repaired: int, listing: str | None
) -> None:
    run = replace(RUN, kind="reconcile", mode=mode, shop="D", drifted=drifted, repaired=repaired)
    assert drift_listing(run) == listing
