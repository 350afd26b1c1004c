"""One event becomes a parcel for each subscription of its topic, and each parcel meets its fate.

Called with the shop's lock held, so parcels are numbered in the order of commits. What never happens here:
waiting, or HTTP.
"""

import itertools
import uuid

from shopify_simulator.shop.events import Event
from shopify_simulator.shop.subscription import Subscription
from shopify_simulator.shop.subscriptions import Subscriptions
from shopify_simulator.webhooks.carriage import Carriage
from shopify_simulator.webhooks.courier import Courier
from shopify_simulator.webhooks.deliveries import Deliveries
from shopify_simulator.webhooks.faults import Fate, Faults, Lot
from shopify_simulator.webhooks.headers import headers_of, triggered_at
from shopify_simulator.webhooks.parcel import Parcel
from shopify_simulator.webhooks.signing import Secrets, sign


class Mailroom:
    """See the module. `faults` may be exchanged at any time; it goes for the parcels made from then on."""

    def __init__(
        self,
        *,
        domain: str,
        faults: Faults,
        subscriptions: Subscriptions,
        secrets: Secrets,
        carriage: Carriage,
        deliveries: Deliveries,
        courier: Courier,
    ) -> None:
        self.faults = faults
        self._domain = domain
        self._subscriptions = subscriptions
        self._secrets = secrets
        self._carriage = carriage
        self._deliveries = deliveries
        self._courier = courier
        self._numbers = itertools.count(1)

    def post(self, event: Event) -> None:
        """Hands one parcel for each subscription to the courier, or drops it."""
        self._deliveries.fired()
        kind = event.topic.partition("/")[0]
        version = self._carriage.fired(kind, event.resource_id)
        for place, subscription in enumerate(self._subscriptions.of_topic(event.topic), 1):
            lot = Lot(kind, event.resource_id, version, place)
            fate = self.faults.fate(lot, has_short_form=event.body != event.id_only)
            parcel = self._wrap(event, subscription, next(self._numbers), version, fate)
            self._deliveries.began(parcel, fate)
            if not fate.dropped:
                self._courier.send(parcel, fate)

    def _wrap(
        self, event: Event, subscription: Subscription, number: int, version: int, fate: Fate
    ) -> Parcel:
        body = event.id_only if fate.id_only else event.body
        # Never from the seed: a receiver must not take a second run for repetitions of the first.
        webhook_id = str(uuid.uuid4())
        signature = sign(body, self._secrets.for_delivery(subscription.made_by, number))
        return Parcel(
            number=number,
            webhook_id=webhook_id,
            event_id=event.event_id,
            topic=event.topic,
            triggered_at=triggered_at(event),
            resource_id=event.resource_id,
            version=version,
            subscription_id=subscription.id,
            uri=subscription.uri,
            headers=headers_of(
                event, subscription, domain=self._domain, webhook_id=webhook_id, signature=signature
            ),
            body=body,
            whole=not (event.partial or fate.id_only),
        )
