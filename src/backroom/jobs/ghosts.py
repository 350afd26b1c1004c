"""The end of a reconcile's walk: rows that no key of Shopify leads to are found, and where it repairs, laid.

Enters: a run. Leaves: findings, and rows that are inactive. Nothing has to be asked of Shopify, and no
station has a part in it: no cache row stands for them. What never happens here: a row deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backroom.db.database import Transaction
from backroom.drift.ledger import ERP, GHOSTS, Found, Ledger, Standing
from backroom.drift.rules import Kind
from backroom.erp.drafts import Cause
from backroom.erp.ghosts import Ghost
from backroom.jobs.chunks import Chunk
from backroom.jobs.job import Services
from backroom.jobs.runs import RunView
from backroom.resources.descriptor import Resource
from backroom.vocabulary.ids import ResourceKey, RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class Ghosts:
    """One run's."""

    run: RunView
    services: Services
    resource: Resource

    def find(self, after: ResourceKey | None, rows: int) -> list[Ghost]:
        """The next ones behind a key."""
        ghosts = self.resource.ghosts
        if ghosts is None:
            return []
        with self.services.database.reading() as transaction:
            return ghosts.find(transaction, self.resource.cache, self.run.shop_id, after, rows)

    def keep(self, chunk: Chunk, ghosts: Sequence[Ghost]) -> None:
        """Findings and counts. What the second leg is to mend is none."""
        ledger = self._ledger(chunk.transaction)
        told = ledger.told_of([(each.entity, each.entity_id) for each in ghosts]) if ghosts else set()
        fresh = [each for each in ghosts if (each.entity, each.entity_id) not in told]
        drifted = ledger.keep([_found(each) for each in fresh])
        chunk.count(seen=len(fresh), drifted=len(drifted), unchanged=len(fresh) - len(drifted))

    def to_lay(self, after: str, since: datetime | None, rows: int) -> list[Standing]:
        """See `Ledger.to_repair`."""
        ids = self.run.options.get("findings")
        with self.services.database.reading() as transaction:
            return self._ledger(transaction).to_repair(after, rows, since=since, ids=ids, of=GHOSTS)

    def lay(self, chunk: Chunk, findings: Sequence[Standing]) -> None:
        """Under the shop's lock. They are looked at again: those that are none by now are repaired, too."""
        cause = Cause(delivery_id=None, topic=None, triggered_at=None, run_id=RunId(self.run.id))
        if self.resource.ghosts is not None:
            keys = {each.key for each in findings}
            self.resource.ghosts.lay(chunk.transaction, self.resource.cache, self.run.shop_id, keys, cause)
        self._ledger(chunk.transaction).repaired([each.id for each in findings])
        chunk.count(repaired=len(findings))

    def _ledger(self, transaction: Transaction) -> Ledger:
        return Ledger(transaction, self.run.shop_id, self.run.resource, self.run.id)


def _found(ghost: Ghost) -> Found:
    return Found(
        leg=ERP,
        kind=Kind.EXTRA,
        key=ghost.key,
        title=ghost.title,
        entity=ghost.entity,
        entity_id=ghost.entity_id,
    )
