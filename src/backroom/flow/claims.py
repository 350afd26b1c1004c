"""What a cached body has below it, where two resources may claim a part: a variant is of one product.

Enters: the id of a resource of one shop. Leaves: the ids of its parts, as its body says. What never happens
here: a guess. Of a body that is not whole, is not held, or can't be read nothing is known.
"""

from collections.abc import Collection

from backroom.cache.states import states_of
from backroom.db.database import Transaction
from backroom.erp.strangers import Claims
from backroom.resources.descriptor import Resource
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ShopId


def claims_of(transaction: Transaction, resource: Resource, shop_id: ShopId) -> Claims:
    """See `Claims`. One that the cache does not know has nothing. A deleted one has what it had."""

    def claimed(number: int) -> Collection[int] | None:
        held = states_of(transaction, resource.cache, shop_id, [(number,)]).get((number,))
        if held is None or not held.holds_something:
            return ()
        decode = resource.decode.get(held.row.shape)
        if held.row.raw_data is None or held.row.partial or decode is None:
            return None
        try:
            return resource.parts(decode(held.row.raw_data))
        except Terminal:
            return None

    return claimed
