"""What a run asks before anything else: whether the shop answers, and lets us see what we are to fetch.

So a run without a token, a scope or a network fails at once, in one sentence, and not after an hour.
"""

from sqlalchemy import func, literal, update

from backroom.jobs.job import Services
from backroom.jobs.runs import RunView
from backroom.observe.log import get_log
from backroom.resources.descriptor import Resource
from backroom.shopify.access import ShopFacts, ask_shop, missing_scopes, version_warning
from backroom.shops.tables import shop
from backroom.vocabulary.errors import ScopeMissing


def greet(run: RunView, services: Services, resource: Resource) -> None:
    """`meet`, and the resource's scopes are granted. Raises ScopeMissing, and what `meet` raises."""
    facts = meet(run, services)
    missing = missing_scopes(facts.scopes, resource.scopes)
    if missing:
        domain = services.client_of(run.shop_id).shop.domain
        lacks = f"{domain} lacks the scope {' and '.join(missing)}"
        raise ScopeMissing(f"{lacks}: grant it to the app, and run the {run.kind} again")


def meet(run: RunView, services: Services) -> ShopFacts:
    """What the shop says of itself. Keeps its currency where none is known, and what it grants.

    Raises what `ask_shop` raises.
    """
    facts = ask_shop(services.client_of(run.shop_id))
    warning = version_warning(facts, services.clock.now().date())
    if warning is not None:
        get_log("jobs").warning("version.ending", run=run.id, shop=run.shop_id, reason=warning)
    c = shop.c
    with services.database.writing() as transaction:
        known = func.coalesce(c.currency, literal(facts.currency, c.currency.type))
        learnt = update(shop).where(c.id == run.shop_id)
        transaction.execute(learnt.values(currency=known, granted_scopes=list(facts.scopes)))
    return facts
