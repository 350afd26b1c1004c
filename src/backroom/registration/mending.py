"""Makes one line of the plan so: the only place that changes subscriptions.

Enters: a line with an act. Leaves: the gid of what is right now. What never happens here: a subscription
touched that is not ours.
"""

from backroom.registration.plan import Line
from backroom.shopify.client import Client
from backroom.shopify.subscriptions import create_subscription, delete_subscription, update_subscription


def mend(client: Client, line: Line) -> str | None:
    """The gid; None where one was ended. Raises SubscriptionRefused, ScopeMissing, and as `Client.ask`."""
    if line.act == "end":
        delete_subscription(client, _held(line))
        return None
    assert line.wanted is not None
    uri, name = line.wanted.uri, line.wanted.name
    if line.act == "move":
        return update_subscription(client, _held(line), uri=uri, name=name).id
    if line.act == "make anew":
        # Not changed in place: how a filter is taken off is written nowhere. Its name is free only then.
        delete_subscription(client, _held(line))
    return create_subscription(client, line.topic, uri=uri, name=name).id


def _held(line: Line) -> str:
    assert line.subscription_id is not None
    return line.subscription_id
