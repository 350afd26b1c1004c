"""The error tree. A worker asks one thing of an error: retry the batch, wait, or park the row?

    BackroomError
    ├── Transient          try the same work again; blames nobody, counts no attempt
    │   ├── ShopBusy       another worker holds this shop's lock
    │   ├── StoreUnavailable   the database did not take it (locked, full, gone)
    │   ├── Throttled      Shopify asks to wait until an instant
    │   ├── Unreachable    Shopify did not answer, however often it was asked
    │   ├── BulkBusy       as many bulk operations run as Shopify lets run at once
    │   └── UrlExpired     a file's address is no longer good: ask for a fresh one
    ├── Terminal           this row, as it is, can not be applied: park it with the reason
    │   ├── ExportBroken   a bulk operation's file is cut off or unreadable
    │   ├── BulkForgotten  Shopify knows a bulk operation no longer
    │   └── MaxCostExceeded    one query asks for more than the shop allows: ask for less
    ├── Refused            Shopify says no, and a person has to act; the message says what to do
    │   ├── TokenRefused   401: the token (or what it is granted for) is not accepted
    │   ├── ShopFrozen     402: the shop has not been paid for
    │   ├── ScopeMissing   403, ACCESS_DENIED: the app may not see this
    │   ├── ShopNotFound   404: there is no shop at this address
    │   ├── ShopLocked     423: Shopify has locked the shop
    │   ├── ShopInactive   SHOP_INACTIVE: the shop is closed
    │   └── QueryRefused   anything else that Shopify objects to: a bug of ours, quoted
    └── Misuse             a person asked for something that does not exist or make sense
        ├── Unknown        nothing has this name or id
        ├── Forgotten      it was there, and was deleted because it is old
        └── Ambiguous      several have it: say which one is meant

An unknown error is never benign: whoever meets one treats it as Terminal for the one row that
provokes it, and logs it with its traceback. Commands end with 2 for a Misuse, with 1 for all others, what
is not there (Unknown) among them.
"""

from datetime import datetime


class BackroomError(Exception):
    """Something that Backroom understands went wrong; the message is for people."""


class Transient(BackroomError):
    """The same work may succeed later, unchanged."""


class ShopBusy(Transient):
    """Another worker is working on this shop."""


class StoreUnavailable(Transient):
    """The database could not take the write now."""


class Throttled(Transient):
    """Shopify asks us to wait."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"throttled until {until.isoformat()}")
        self.until = until


class Unreachable(Transient):
    """Shopify did not answer, however often it was asked. The message names the host and what happened."""


class BulkBusy(Transient):
    """As many bulk operations run as Shopify lets run at once."""


class UrlExpired(Transient):
    """The address of a file is no longer good. The operation that made the file knows a fresh one."""


class Terminal(BackroomError):
    """This row can not be applied as it is. The message is the reason that people read."""


class BulkForgotten(Terminal):
    """Shopify knows a bulk operation no longer."""


class ExportBroken(Terminal):
    """A bulk operation's file is cut off or unreadable: what it holds is not the whole."""


class MaxCostExceeded(Terminal):
    """One query asks for more than the shop allows: `cost` and `limit` in points, None where unknown."""

    def __init__(self, cost: float | None, limit: float | None) -> None:
        super().__init__(f"a query costs {cost or 'too many'} points, and {limit or 'fewer'} are allowed")
        self.cost = cost
        self.limit = limit


class Refused(BackroomError):
    """Shopify says no, and a person has to act. The message is one plain sentence that says how."""


class TokenRefused(Refused):
    """The token, or what it is granted for, is not accepted."""


class ShopFrozen(Refused):
    """The shop has not been paid for."""


class ScopeMissing(Refused):
    """The app may not see this."""


class ShopNotFound(Refused):
    """There is no shop at this address."""


class ShopLocked(Refused):
    """Shopify has locked the shop."""


class ShopInactive(Refused):
    """The shop is closed."""


class QueryRefused(Refused):
    """Shopify objects to what was asked. A bug of ours; the message quotes Shopify."""


class Misuse(BackroomError):
    """A request that names something unknown, or that contradicts itself."""


class Unknown(Misuse):
    """Nothing has this name or id."""


class Forgotten(Misuse):
    """It was there, and is deleted by now, because it is old."""


class Ambiguous(Misuse):
    """Several have this name or id, and the message names them."""
