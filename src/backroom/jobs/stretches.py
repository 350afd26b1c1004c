"""A reconcile's walk: the export's heads, the cache and the ERP's rows, side by side in the order of keys.

Enters: the last key that was compared. Leaves: what came of the next few hundred. Each look at them is one
snapshot of the database; where Shopify has to be asked first, or a delivery waits, it is looked again.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backroom.cache.states import following_states
from backroom.db.database import Transaction
from backroom.drift.asking import ask_by_ids, gone_since
from backroom.drift.comparing import Answers, Compared, Comparer, Part
from backroom.drift.rules import Horizon, Theirs
from backroom.erp.standing import KeyStretch
from backroom.jobs.heads import Heads
from backroom.jobs.job import Services
from backroom.resources.descriptor import Resource
from backroom.vocabulary.ids import ResourceKey, ShopId

LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What came of a stretch, and of how many resources. `until`: its last key; None: it was the last one."""

    compared: Compared
    resources: int
    until: ResourceKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretches:
    """See the module. `begins`: of the horizon. `rows`: of each of the three in one stretch.

    `together_bytes`: of answers that are in memory at a time.
    """

    services: Services
    shop_id: ShopId
    resource: Resource
    heads: Heads
    begins: datetime
    patience_seconds: float
    rows: int
    together_bytes: int

    def compare(self, after: ResourceKey | None) -> Stretch:
        """The stretch behind a key."""
        deadline = time.monotonic() + self.patience_seconds
        answers, limit = Answers(), None
        while True:
            with self.services.database.reading() as transaction:
                part, until = self._part(transaction, after, limit)
                horizon = Horizon(begins=self.begins, now=transaction.now())
                comparer = Comparer(resource=self.resource, shop_id=self.shop_id, horizon=horizon)
                compared = comparer.compare(transaction, part, answers)
            if compared.unsure:
                answers, limit = self._asked(answers, compared, limit)
            elif compared.waiting and time.monotonic() < deadline:
                self.services.sleep(LOOK_SECONDS)
            else:
                return Stretch(compared=compared, resources=part.resources, until=until)

    def _part(
        self, transaction: Transaction, after: ResourceKey | None, limit: ResourceKey | None
    ) -> tuple[Part, ResourceKey | None]:
        """As far as all three are known, and no farther than the limit. `until` None: to the end."""
        heads = self.heads.following(after, self.rows)
        table = self.resource.cache
        states, are_last = following_states(transaction, table, self.shop_id, after, self.rows)
        ends = [heads[-1].key] if len(heads) == self.rows else []
        ends += [] if are_last else [states[-1].row.key]
        ends += [] if limit is None else [limit]
        stretch = KeyStretch(after=after, until=min(ends, default=None))
        unbacked = self.resource.unbacked(transaction, table, self.shop_id, stretch, self.rows)
        ends += [unbacked[-1].key] if len(unbacked) == self.rows else []
        until = min(ends, default=None)
        part = Part(
            theirs={each.key: each for each in heads if until is None or each.key <= until},
            held={each.row.key: each for each in states if until is None or each.row.key <= until},
            unbacked=[each for each in unbacked if until is None or each.key <= until],
        )
        return part, until

    def _asked(
        self, answers: Answers, compared: Compared, limit: ResourceKey | None
    ) -> tuple[Answers, ResourceKey | None]:
        """Where the answers are too large to be in memory together, the stretch ends with the last one."""
        self.services.heed()
        client = self.services.client_of(self.shop_id)
        asked = ask_by_ids(client, self.resource, compared.unsure, self.together_bytes)
        theirs = asked.theirs(self.resource, with_snapshots=True)
        by_key: Mapping[ResourceKey, Theirs | None] = {**answers.by_key, **theirs}
        gone = gone_since(client, self.resource, self.begins) if asked.absent else frozenset()
        limit = limit if compared.unsure == theirs.keys() else max(theirs)
        return Answers(by_key=by_key, gone_lately=answers.gone_lately | gone), limit
