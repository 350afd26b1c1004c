"""One look at a shop's subscriptions: what Shopify holds against what is wanted, for the job and the CLI.

Enters: a client, and what the app is granted. Leaves: the plan, and when it was looked. What never happens
here: a change, in Shopify or in the database.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from backroom.db.database import Database
from backroom.registration.desired import Wanted
from backroom.registration.plan import Circumstances, Line, plan
from backroom.registration.record import read_recorded, seen_of_ours, unnamed_since
from backroom.shopify.client import Client
from backroom.shopify.subscriptions import list_subscriptions
from backroom.vocabulary.ids import ShopId

HEARD_LATELY: Final = timedelta(days=7)


def look(
    database: Database, client: Client, shop_id: ShopId, wanted: Sequence[Wanted], granted: Collection[str]
) -> tuple[datetime, list[Line]]:
    """The instant, by the database's clock, is before Shopify was asked. Raises what `Client.ask` raises."""
    with database.reading() as transaction:
        looked_at = transaction.now()
        recorded = read_recorded(transaction, shop_id)
        unnamed = unnamed_since(transaction, shop_id, looked_at - HEARD_LATELY)
    around = Circumstances(
        now=looked_at,
        api_version=client.shop.api_version,
        granted=granted,
        unnamed=unnamed,
        ours=seen_of_ours(recorded.values()),
    )
    return looked_at, plan(wanted, list_subscriptions(client), around)
